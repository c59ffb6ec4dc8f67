// All keys and all counters of this page. There is one instance, in the page's one worker; if the worker dies, keys and
// endpoint die with it.
//
// Base keys live for the moment in which they are made or opened: the frame keys of the three slots are derived at once (and
// cannot be read back), then the base key is overwritten.
//
//   announced epoch ─► own keys, wraps        senders: (epoch, idx) ─► frame keys of slots 0, 1, 2 + replay windows
//                                             counters: KID ─► next CTR, kept for the page's life: they belong to keys,
//                                                       not to connections
//
// Thread: the worker. Time comes in through `Clock`.

import type { CounterLast, KeyHave, KeyWrap, Slot } from '../../protocol';
import { base64url, equal, fromBase64urlOf, random, type Bytes } from '../bytes';
import { generateKem, open, seal } from './hpke';
import { kidOf, kindOf, slots } from './kid';
import type { EpochAnnouncement, OwnSenderKey, WorkerAnswers, WorkerRequest } from './protocol';
import { ReplayWindow } from './replay';
import { commitOf, wrapInfo, type KeyContext } from './senderkey';
import { deriveFrameKey, type FrameKey } from './sframe';

export interface Clock {
  now(): number;
  later(ms: number, task: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  later: (ms, task) => void setTimeout(task, ms),
};

export const oldKeysMs = 2000;
const counterLimit = 2 ** 32;

type SlotKeys = Record<Slot, FrameKey>;

export interface ReceivingKey {
  frameKey: FrameKey;
  replay: ReplayWindow;
}

interface Epoch {
  context: KeyContext;
  self: number;
  members: Set<number>;
  /** Null once we have switched to a newer epoch; the members' older keys live until they have switched too. */
  own: SlotKeys | null;
}

async function deriveSlots(epoch: number, idx: number, audio: Bytes, pictures: Bytes): Promise<SlotKeys> {
  const [a, c, s] = await Promise.all(
    slots.map((slot) => deriveFrameKey(kindOf(slot) === 1 ? audio : pictures, BigInt(kidOf(epoch, idx, slot)))),
  );
  return { 0: a!, 1: c!, 2: s! };
}

export class Keyring {
  private kem_: { secretKey: CryptoKey; point: Bytes } | null = null;
  private readonly epochs_ = new Map<number, Epoch>();
  private readonly senders_ = new Map<string, Record<Slot, ReceivingKey>>();
  private readonly counters_ = new Map<number, number>();
  private waiters_: { key: string; resolve: () => void }[] = [];
  private halted_ = false;

  constructor(private readonly clock_: Clock) {}

  /** The endpoint's KEM point; made once. */
  async init(): Promise<string> {
    this.kem_ ??= await generateKem();
    return base64url(this.kem_.point);
  }

  get halted(): boolean {
    return this.halted_;
  }

  halt(): void {
    this.halted_ = true;
    this.epochs_.clear();
    this.senders_.clear();
    this.kem_ = null;
  }

  /** A new call: its keys are fresh, so its counters start anew. */
  reset(): void {
    this.epochs_.clear();
    this.senders_.clear();
    this.counters_.clear();
    this.kem_ = null;
  }

  newestEpoch(): number {
    return Math.max(0, ...this.epochs_.keys());
  }

  announced(epoch: number, idx: number): boolean {
    return this.epochs_.get(epoch)?.members.has(idx) ?? false;
  }

  selfIdx(epoch: number): number | null {
    return this.epochs_.get(epoch)?.self ?? null;
  }

  async announce(message: EpochAnnouncement): Promise<OwnSenderKey> {
    if (this.halted_ || this.epochs_.has(message.epoch)) throw new Error('epoch.known');
    const call = fromBase64urlOf(message.call, 16);
    const roster = fromBase64urlOf(message.roster, 32);
    if (!call || !roster) throw new Error('epoch.malformed');
    const context: KeyContext = { call, epoch: message.epoch, roster };
    const keys = { 1: random(32), 2: random(32) };
    const commits = {
      1: await commitOf(context, message.self, 1, keys[1]),
      2: await commitOf(context, message.self, 2, keys[2]),
    };
    const wraps: KeyWrap[] = [];
    for (const recipient of [...message.recipients].sort((a, b) => a.idx - b.idx)) {
      const point = fromBase64urlOf(recipient.kem, 65);
      for (const k of [...recipient.kinds].sort()) {
        const sealed = point && (await seal(point, wrapInfo(context, message.self, recipient.idx, k), commits[k], keys[k]));
        if (!sealed) throw new Error('recipient.point');
        wraps.push({ to: recipient.idx, k, enc: base64url(sealed.enc), ct: base64url(sealed.ct) });
      }
    }
    const own = await deriveSlots(message.epoch, message.self, keys[1], keys[2]);
    keys[1].fill(0);
    keys[2].fill(0);
    // A worker that was halted meanwhile must not come back to life.
    if (this.halted_) throw new Error('halted');
    this.epochs_.set(message.epoch, { context, self: message.self, members: new Set(message.recipients.map((r) => r.idx)), own });
    return { commits: { a: base64url(commits[1]), v: base64url(commits[2]), d: null }, wraps };
  }

  /** Opens the wraps for us and checks them against their commits. Both kinds or nothing. */
  async accept(message: (WorkerRequest & { type: 'accept' })['senderKey']): Promise<WorkerAnswers['accept']> {
    const refuse = (refused: string): WorkerAnswers['accept'] => ({ have: [], refused });
    const epoch = this.epochs_.get(message.epoch);
    if (!epoch || !this.kem_) return refuse('epoch');
    if (message.roster !== base64url(epoch.context.roster)) return refuse('roster');
    if (!epoch.members.has(message.from) || message.from === epoch.self) return refuse('from');
    const keys: Bytes[] = [];
    const have: KeyHave[] = [];
    for (const k of [1, 2] as const) {
      const commitText = k === 1 ? message.commits.a : message.commits.v;
      const wrap = message.wraps.find((w) => w.to === epoch.self && w.k === k);
      const commit = fromBase64urlOf(commitText, 32);
      const enc = fromBase64urlOf(wrap?.enc, 65);
      const ct = fromBase64urlOf(wrap?.ct, 48);
      if (!commit || !enc || !ct) return refuse('wrap');
      const key = await open(this.kem_, enc, wrapInfo(epoch.context, message.from, epoch.self, k), commit, ct);
      if (!key || key.length !== 32) return refuse('wrap');
      if (!equal(await commitOf(epoch.context, message.from, k, key), commit)) return refuse('commit');
      keys.push(key);
      have.push({ idx: message.from, k, commit: commitText });
    }
    const derived = await deriveSlots(message.epoch, message.from, keys[0]!, keys[1]!);
    for (const key of keys) key.fill(0);
    if (this.halted_) return refuse('halted');
    const key = senderName(message.epoch, message.from);
    // A second SenderKey for the same epoch would reset the replay windows.
    if (!this.senders_.has(key)) {
      const receiving = (slot: Slot): ReceivingKey => ({ frameKey: derived[slot], replay: new ReplayWindow() });
      this.senders_.set(key, { 0: receiving(0), 1: receiving(1), 2: receiving(2) });
    }
    this.waiters_ = this.waiters_.filter((waiter) => {
      if (waiter.key !== key) return true;
      waiter.resolve();
      return false;
    });
    return { have, refused: null };
  }

  receivingKey(epoch: number, idx: number, slot: Slot): ReceivingKey | null {
    return this.senders_.get(senderName(epoch, idx))?.[slot] ?? null;
  }

  /** Resolves when the sender's key comes, or after `ms`. */
  waitFor(epoch: number, idx: number, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waiter = { key: senderName(epoch, idx), resolve };
      this.waiters_.push(waiter);
      this.clock_.later(ms, () => {
        this.waiters_ = this.waiters_.filter((w) => w !== waiter);
        resolve();
      });
    });
  }

  ownKey(epoch: number, slot: Slot): FrameKey | null {
    return this.epochs_.get(epoch)?.own?.[slot] ?? null;
  }

  /** The next counter of a KID, used once; null when they are used up. */
  takeCounter(kid: number): number | null {
    const next = this.counters_.get(kid) ?? 0;
    if (next >= counterLimit) return null;
    this.counters_.set(kid, next + 1);
    return next;
  }

  /** Newest used counters of an epoch, by rising KID; slots that never sent are left out. */
  lastCounters(epoch: number): CounterLast[] {
    return [...this.counters_]
      .filter(([kid]) => kid >> 12 === epoch)
      .sort(([a], [b]) => a - b)
      .map(([kid, next]) => ({ kid, ctr: next - 1 }));
  }

  /** We have switched to `epoch`: our own older keys have no use any more. */
  dropOwnBefore(epoch: number): void {
    this.clock_.later(oldKeysMs, () => {
      for (const [number, old] of this.epochs_) if (number < epoch) old.own = null;
    });
  }

  retire(idx: number, epoch: number): void {
    this.clock_.later(oldKeysMs, () => this.dropSenders_((e, i) => i === idx && e < epoch));
  }

  forget(idx: number): void {
    this.clock_.later(oldKeysMs, () => this.dropSenders_((_, i) => i === idx));
  }

  private dropSenders_(which: (epoch: number, idx: number) => boolean): void {
    for (const name of [...this.senders_.keys()]) {
      const [epoch, idx] = name.split('/').map(Number) as [number, number];
      if (which(epoch, idx)) this.senders_.delete(name);
    }
  }
}

function senderName(epoch: number, idx: number): string {
  return `${epoch}/${idx}`;
}
