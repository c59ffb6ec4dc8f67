// Replay window of one key: remembers which of the newest 1,024 counters were seen (as RFC 3711 3.3.2 does for packets).
// `fresh` asks, `mark` records: mark only after the frame has proved authentic, or a forger could move the window.

export const replayWindow = 1024;

export class ReplayWindow {
  private newest_ = -1;
  private readonly seen_ = new Uint8Array(replayWindow);

  fresh(ctr: number): boolean {
    if (ctr > this.newest_) return true;
    if (this.newest_ - ctr >= replayWindow) return false;
    return this.seen_[ctr % replayWindow] === 0;
  }

  mark(ctr: number): void {
    if (ctr > this.newest_) {
      const from = Math.max(this.newest_ + 1, ctr - replayWindow + 1);
      for (let i = from; i <= ctr; i++) this.seen_[i % replayWindow] = 0;
      this.newest_ = ctr;
    }
    this.seen_[ctr % replayWindow] = 1;
  }
}
