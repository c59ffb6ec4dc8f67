// One clock for all participants of a recording. Each track is a file of its own that starts `offsetMs` after the recording; the
// clock says where the recording is, and the files follow it: a small drift by a slightly other speed, a large one by a jump.
// When one file has to load, the clock and the others wait for it, so that nobody answers before being asked.
//
// `tick` is called about ten times a second while playing. Time is an argument.

/** What the clock needs of a <video>. */
export interface Media {
  currentTime: number;
  playbackRate: number;
  readonly paused: boolean;
  /** Enough data to go on from here, and not on the way to another place. */
  readonly ready: boolean;
  play(): void;
  pause(): void;
}

export interface ClockTrack {
  readonly media: Media;
  readonly offsetMs: number;
  readonly durationMs: number;
}

export type ClockState = 'paused' | 'playing' | 'buffering';

/** Below this nobody sees or hears it (60 ms is the promise). */
const driftKeptMs = 20;
/** Above this a jump is kinder than minutes of another speed. */
const driftJumpMs = 250;
const fastest = 0.08;
/** A file's last frames may be shorter than its length says. */
const endSlackMs = 80;

export class MasterClock {
  state: ClockState = 'paused';
  readonly #tracks: readonly ClockTrack[];
  readonly #durationMs: number;
  #baseMs = 0;
  #startedAt = 0;

  constructor(tracks: readonly ClockTrack[], durationMs: number) {
    this.#tracks = tracks;
    this.#durationMs = durationMs;
  }

  position(now: number): number {
    const at = this.state === 'playing' ? this.#baseMs + (now - this.#startedAt) : this.#baseMs;
    return Math.min(this.#durationMs, Math.max(0, at));
  }

  play(now: number): void {
    if (this.state !== 'paused') return;
    if (this.#baseMs >= this.#durationMs) this.#baseMs = 0;
    this.#place();
    this.state = 'buffering';
    this.tick(now);
  }

  pause(now: number): void {
    this.#baseMs = this.position(now);
    this.state = 'paused';
    for (const { media } of this.#tracks) if (!media.paused) media.pause();
    this.#place();
  }

  seek(toMs: number, now: number): void {
    const went = this.state !== 'paused';
    this.#baseMs = Math.min(this.#durationMs, Math.max(0, toMs));
    this.state = went ? 'buffering' : 'paused';
    this.#startedAt = now;
    for (const { media } of this.#tracks) if (!media.paused) media.pause();
    this.#place();
  }

  tick(now: number): void {
    if (this.state === 'paused') return;
    const at = this.position(now);
    const active = this.#tracks.filter((track) => inside(track, at));
    const ready = active.every((track) => track.media.ready);
    if (this.state === 'buffering') {
      if (!ready) return;
      this.state = 'playing';
      this.#startedAt = now;
    } else if (!ready) {
      this.#baseMs = at;
      this.state = 'buffering';
      for (const { media } of this.#tracks) if (!media.paused) media.pause();
      return;
    }
    if (at >= this.#durationMs) {
      this.pause(now);
      return;
    }
    for (const track of this.#tracks) this.#follow(track, at);
  }

  #follow(track: ClockTrack, at: number): void {
    const { media } = track;
    if (!inside(track, at)) {
      if (!media.paused) media.pause();
      return;
    }
    const wanted = at - track.offsetMs;
    const drift = media.currentTime * 1000 - wanted;
    if (Math.abs(drift) > driftJumpMs) {
      media.currentTime = wanted / 1000;
      media.playbackRate = 1;
    } else {
      const rate = Math.abs(drift) <= driftKeptMs ? 1 : 1 - Math.max(-fastest, Math.min(fastest, drift / 500));
      if (media.playbackRate !== rate) media.playbackRate = rate;
    }
    if (media.paused) media.play();
  }

  /** Puts every file where the clock is, before it plays. */
  #place(): void {
    for (const { media, offsetMs, durationMs } of this.#tracks) {
      const wanted = Math.min(Math.max(0, this.#baseMs - offsetMs), Math.max(0, durationMs - 1)) / 1000;
      media.playbackRate = 1;
      if (Math.abs(media.currentTime - wanted) > 0.001) media.currentTime = wanted;
    }
  }
}

export function inside(track: { readonly offsetMs: number; readonly durationMs: number }, at: number): boolean {
  return at >= track.offsetMs && at < track.offsetMs + track.durationMs - endSlackMs;
}
