// When the steward's browser signs the next Roster (e2ee.md 4.3): one epoch at a time, the next when all who stay have switched
// or the time for their acknowledgements is over. What goes into it is decided in steward.ts. In every other browser it only
// keeps the time of the pending epoch. Thread: the page's.

import type { Roster } from '../protocol';
import type { Chain } from './chain';
import type { Exchange } from './exchange';
import type { Steward } from './steward';

export const ackWithinMs = 5000;
/** Who is asked something gets this much longer. */
const decideWithinMs = 60_000;
const retryMs = 1000;

export interface StewardTurnPorts {
  /** Is it for us to act, and is the call going on? */
  mayAct(): boolean;
  /** Signs, sends, and takes the Roster into our own chain; rejects when the server refuses it. */
  publish(roster: Roster): Promise<void>;
  /** Epochs or indices are used up. */
  exhausted(): void;
  connected(idx: number): boolean;
  /** Its person is asked whether to go on: longer than an acknowledgement may take. */
  decides(idx: number): boolean;
  after(ms: number, task: () => void): void;
  changed(): void;
  now(): number;
}

export class StewardTurn {
  private pendingEpoch_: number | null = null;
  private building_ = false;
  private changedMeanwhile_ = false;

  constructor(
    private readonly chain_: Chain,
    private readonly exchange_: Exchange,
    private readonly steward_: Steward,
    private readonly ports_: StewardTurnPorts,
  ) {}

  /** A Roster that lists us is in the chain: its epoch is pending until all have switched, or their time is over. */
  begin(epoch: number): void {
    this.pendingEpoch_ = epoch;
    this.ports_.after(ackWithinMs, () => this.timeOver_(epoch));
  }

  /** The next Roster, if it is our turn, something changed, and no epoch is pending. */
  async advance(): Promise<void> {
    if (this.building_) {
      // Something changed while a Roster was being made: look again afterwards.
      this.changedMeanwhile_ = true;
      return;
    }
    if (!this.ports_.mayAct() || this.pending_()) return;
    this.building_ = true;
    this.changedMeanwhile_ = false;
    let again = false;
    try {
      again = await this.next_();
    } finally {
      this.building_ = false;
    }
    if (again || this.changedMeanwhile_) void this.advance();
  }

  /** True when a Roster was taken. */
  private async next_(): Promise<boolean> {
    const next = await this.steward_.next(this.ports_.now());
    if (next === 'exhausted') this.ports_.exhausted();
    if (next === null || next === 'exhausted') return false;
    // It counts only once the server has taken it: a refused Roster never was.
    const refused = await this.ports_.publish(next.roster).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error : new Error('refused')),
    );
    next.settle(refused);
    // What has to change still has to: a leaver must go even where an admission was refused.
    if (refused && !this.steward_.idle) this.ports_.after(retryMs, () => void this.advance());
    return refused === null;
  }

  private pending_(): boolean {
    const epoch = this.pendingEpoch_;
    if (epoch === null) return false;
    // The server counts everybody who stays, connected or not; who is about to be left out isn't waited for.
    const stays = (idx: number): boolean => !this.steward_.isLeaving(this.chain_.member(epoch, idx)?.ep ?? '');
    if (this.exchange_.notSwitched(epoch, stays).length === 0) this.pendingEpoch_ = null;
    return this.pendingEpoch_ !== null;
  }

  /** Has still not switched in the newest epoch: left out, as anybody who does not answer. */
  private stillSilent_(ep: string): void {
    const newest = this.chain_.last?.roster;
    const member = newest?.members.find((m) => m.ep === ep);
    if (!newest || !member || !this.ports_.mayAct() || this.exchange_.hasSenderKey(newest.epoch, member.idx)) return;
    this.steward_.remove(ep, 'no_ack');
    void this.advance();
  }

  private timeOver_(epoch: number): void {
    if (this.pendingEpoch_ !== epoch) return;
    if (this.ports_.mayAct()) {
      // The steward itself can't be removed: `remove` knows.
      for (const idx of this.exchange_.silent(epoch, (i) => this.ports_.connected(i))) {
        const ep = this.chain_.member(epoch, idx)?.ep;
        if (!ep) continue;
        if (this.ports_.decides(idx)) this.ports_.after(decideWithinMs, () => this.stillSilent_(ep));
        else this.steward_.remove(ep, 'no_ack');
      }
    }
    // Settled or not: changes that came meanwhile may go on.
    this.pendingEpoch_ = null;
    void this.advance();
    this.ports_.changed();
  }
}
