// Who has whose keys, per epoch (e2ee.md 4.2). Pure bookkeeping over verified messages: commits that were sent, commits that
// were acknowledged, switches that were announced.

import { recorderIdx, type Activated, type KeyAck, type KeyKind, type SenderKey } from '../protocol';
import type { Chain } from './chain';

export type Connected = (idx: number) => boolean;

interface EpochState {
  /** By sender. */
  commits: Map<number, SenderKey['commits']>;
  /** recipient → "sender/kind" → commit. */
  acks: Map<number, Map<string, string>>;
  activated: Map<number, Activated>;
}

export class Exchange {
  private readonly epochs_ = new Map<number, EpochState>();

  constructor(private readonly chain_: Chain) {}

  private state_(epoch: number): EpochState {
    let state = this.epochs_.get(epoch);
    if (!state) this.epochs_.set(epoch, (state = { commits: new Map(), acks: new Map(), activated: new Map() }));
    return state;
  }

  /** False when this sender has sent other keys for this epoch before. */
  noteSenderKey(key: SenderKey): boolean {
    const commits = this.state_(key.epoch).commits;
    const before = commits.get(key.from);
    if (before) return before.a === key.commits.a && before.v === key.commits.v;
    commits.set(key.from, key.commits);
    return true;
  }

  hasSenderKey(epoch: number, from: number): boolean {
    return this.epochs_.get(epoch)?.commits.has(from) ?? false;
  }

  noteAck(ack: KeyAck): void {
    const acks = this.state_(ack.epoch).acks;
    const map = acks.get(ack.from) ?? new Map<string, string>();
    for (const have of ack.have) map.set(`${have.idx}/${have.k}`, have.commit);
    acks.set(ack.from, map);
  }

  noteActivated(message: Activated): void {
    this.state_(message.epoch).activated.set(message.from, message);
  }

  activated(epoch: number, idx: number): Activated | null {
    return this.epochs_.get(epoch)?.activated.get(idx) ?? null;
  }

  /** The recipient has acknowledged every kind of this sender's keys that it must have. */
  acknowledged(epoch: number, sender: number, recipient: number): boolean {
    const state = this.epochs_.get(epoch);
    const roster = this.chain_.rosterOf(epoch)?.roster;
    const commits = state?.commits.get(sender);
    if (!state || !roster || !commits) return false;
    const kinds: KeyKind[] = recipient === recorderIdx ? this.chain_.recorderKinds(roster) : [1, 2];
    const have = state.acks.get(recipient);
    return kinds.every((k) => have?.get(`${sender}/${k}`) === (k === 1 ? commits.a : commits.v));
  }

  /** Recipients whose acknowledgement this sender still needs: connected members, and the recorder where the Roster has it. */
  missingFor(epoch: number, sender: number, connected: Connected): number[] {
    const roster = this.chain_.rosterOf(epoch)?.roster;
    if (!roster) return [];
    const recipients = roster.members.map((m) => m.idx).filter((idx) => idx !== sender && connected(idx));
    if (roster.rec) recipients.push(recorderIdx);
    return recipients.filter((idx) => !this.acknowledged(epoch, sender, idx));
  }

  /** Recipients from whom any connected sender still misses an acknowledgement, and senders without a SenderKey. */
  missing(epoch: number, connected: Connected): number[] {
    const roster = this.chain_.rosterOf(epoch)?.roster;
    if (!roster) return [];
    const out = new Set<number>();
    for (const { idx } of roster.members) {
      if (!connected(idx)) continue;
      if (!this.hasSenderKey(epoch, idx)) out.add(idx);
      else for (const recipient of this.missingFor(epoch, idx, connected)) out.add(recipient);
    }
    return [...out];
  }

  /** Members who are connected and have not switched to this epoch yet. */
  notSwitched(epoch: number, connected: Connected): number[] {
    const roster = this.chain_.rosterOf(epoch)?.roster;
    if (!roster) return [];
    return roster.members.map((m) => m.idx).filter((idx) => connected(idx) && !this.activated(epoch, idx));
  }

  /** For `no_ack`: connected members who have sent no keys, or have not acknowledged those that were sent by connected members. */
  silent(epoch: number, connected: Connected): number[] {
    const roster = this.chain_.rosterOf(epoch)?.roster;
    if (!roster) return [];
    const senders = roster.members.map((m) => m.idx).filter((idx) => this.hasSenderKey(epoch, idx));
    return roster.members
      .map((m) => m.idx)
      .filter(
        (idx) =>
          connected(idx) &&
          (!this.hasSenderKey(epoch, idx) || senders.some((s) => s !== idx && !this.acknowledged(epoch, s, idx))),
      );
  }

  /** The recorder has acknowledged the keys of all members of this epoch. */
  recorderHasAll(epoch: number): boolean {
    const roster = this.chain_.rosterOf(epoch)?.roster;
    return !!roster?.rec && roster.members.every((m) => this.acknowledged(epoch, m.idx, recorderIdx));
  }
}
