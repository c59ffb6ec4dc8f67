// What the steward's browser decides: the next Roster. Changes queue here while an epoch is pending; one Roster takes all of
// them (e2ee.md 4.3). Pure: time is passed in, signing and sending are the caller's.

import { maxEpoch, maxIdx, roleNumber, type Hello, type Roster, type RosterMember } from '../protocol';
import type { Chain } from './chain';
import type { Message } from './messages';

export type ChangeReason = 'open' | 'admit' | 'leave' | 'no_ack' | 'renew';

interface Addition {
  hello: Message<'Hello'>;
  reason: ChangeReason;
  /** Answered when a Roster with this member is in the chain, or was refused. */
  done: { resolve: () => void; reject: (error: Error) => void } | null;
}

export class Steward {
  private readonly additions_ = new Map<string, Addition>();
  private readonly removals_ = new Map<string, ChangeReason>();

  constructor(
    private readonly chain_: Chain,
    /** Our own Hello: the steward is a member of each Roster that it signs. */
    private readonly self_: Message<'Hello'>,
  ) {}

  /** Is it for us to sign the next Roster? Before the first one the server's word decides who opens the meeting. */
  mayAct(serverSaysSteward: boolean): boolean {
    const last = this.chain_.last?.roster;
    if (!last) return serverSaysSteward && this.self_.body.role === roleNumber.agent;
    const steward = last.members.find((m) => m.idx === last.steward);
    return steward?.sig === this.self_.body.sig;
  }

  admit(hello: Message<'Hello'>, reason: ChangeReason): Promise<void> {
    return new Promise((resolve, reject) => {
      this.additions_.get(hello.body.ep)?.done?.reject(new Error('replaced'));
      this.additions_.set(hello.body.ep, { hello, reason, done: { resolve, reject } });
      if (hello.body.renews) this.remove(hello.body.renews, 'renew');
    });
  }

  remove(ep: string, reason: ChangeReason): void {
    if (ep !== this.self_.body.ep) this.removals_.set(ep, reason);
    const addition = this.additions_.get(ep);
    if (addition) {
      this.additions_.delete(ep);
      addition.done?.reject(new Error('gone'));
    }
  }

  /** Somebody with the kept signing key of a member comes with a new endpoint: goes in without a click. */
  isRenewal(hello: Hello): boolean {
    if (!hello.renews || hello.renews === hello.ep) return false;
    const rosters = this.chain_.rosters();
    // An endpoint that was in and was left out comes in by a click or by the next endpoint: not again and again by itself.
    if (rosters.some((r) => r.roster.members.some((m) => m.ep === hello.ep))) return false;
    const last = rosters.at(-1)?.roster;
    const fits = (m: RosterMember): boolean => m.ep === hello.renews && m.sig === hello.sig && m.role === hello.role;
    if (last?.members.some(fits)) return true;
    // Left out because its browser was slow, and comes back by itself: the person was never sent away.
    const dropped = rosters.findLastIndex((r) => r.roster.members.some(fits));
    return dropped >= 0 && rosters[dropped + 1]?.roster.reason === 'no_ack';
  }

  isLeaving(ep: string): boolean {
    return this.removals_.has(ep);
  }

  isQueued(ep: string): boolean {
    return this.additions_.has(ep);
  }

  get idle(): boolean {
    return this.additions_.size === 0 && this.removals_.size === 0;
  }

  /** The next Roster, or null when nothing has to change. `settle` tells how it ended. */
  async next(nowMs: number): Promise<{ roster: Roster; settle: (error: Error | null) => void } | 'exhausted' | null> {
    const last = this.chain_.last?.roster ?? null;
    const renewing = last !== null && !last.members.some((m) => m.ep === this.self_.body.ep);
    const before = last?.members ?? [];
    const own = last?.members.find((m) => m.idx === last.steward) ?? null;
    const gone = (m: RosterMember): boolean => this.removals_.has(m.ep) || (renewing && m.ep === own?.ep);
    const stay = before.filter((m) => !gone(m));
    const additions = [...this.additions_.values()].filter((a) => !before.some((m) => m.ep === a.hello.body.ep));
    if (last && !renewing && stay.length === before.length && additions.length === 0) {
      this.finish_(this.additions_, null);
      this.removals_.clear();
      return null;
    }
    if (!last && additions.length === 0) return null;

    let idx = this.chain_.nextIdx();
    const members = [...stay];
    const add = (hello: Message<'Hello'>): void => {
      const { ep, role, sig, kem } = hello.body;
      members.push({ idx: idx++, ep, role, sig, kem, hello: hello.hash, kinds: ['a', 'v'] });
    };
    if (!last || renewing) add(this.self_);
    for (const { hello } of additions) add(hello);
    const epoch = (last?.epoch ?? 0) + 1;
    if (idx - 1 > maxIdx || epoch > maxEpoch) return 'exhausted';
    const steward = members.find((m) => m.ep === this.self_.body.ep)!.idx;

    const { policy, type, message } = this.chain_.policy;
    const mode = type.record === 'required' ? 'recorded' : (last?.mode ?? 'off');
    const rec = mode === 'recorded' ? { idx: 255, kem: policy.rec.kem, sig: policy.rec.sig } : null;
    const reason = this.reasonOf_(last === null, renewing, additions, before.filter(gone));
    const roster: Roster = {
      call: this.chain_.call,
      meeting: this.chain_.meeting,
      epoch,
      prev: this.chain_.last?.hash ?? (await this.chain_.startHash()),
      type_id: type.type_id,
      type_version: type.version,
      policy: message.hash,
      steward,
      members,
      mode,
      rec,
      reason,
      t: Math.max(nowMs, last?.t ?? 0),
    };
    const taken = new Map(additions.map((a) => [a.hello.body.ep, a]));
    const left = before.filter(gone).map((m) => m.ep);
    return {
      roster,
      settle: (error) => {
        // `epoch_pending`: too early by the server's clock; the same changes are tried again.
        if (error && /pending/.test(error.message)) return;
        this.finish_(taken, error);
        if (!error) for (const ep of left) this.removals_.delete(ep);
      },
    };
  }

  private finish_(taken: Map<string, Addition>, error: Error | null): void {
    for (const [ep, addition] of [...taken]) {
      if (this.additions_.get(ep) === addition) this.additions_.delete(ep);
      if (error) addition.done?.reject(error);
      else addition.done?.resolve();
    }
  }

  private reasonOf_(first: boolean, renewing: boolean, additions: Addition[], removed: RosterMember[]): ChangeReason {
    if (first) return 'open';
    const addition = additions[0];
    if (addition) return addition.reason;
    if (renewing) return 'renew';
    return this.removals_.get(removed[0]?.ep ?? '') ?? 'leave';
  }
}
