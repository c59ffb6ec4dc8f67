// What this browser believes about a call: Policy → Hellos → Rosters → SenderKeys, each checked before it counts
// (e2ee.md 3 and 4). One failed check: the session stops sending and says which.
//
// Pure but for WebCrypto: no clock, no network. `check` names are stable: they are shown, reported and tested.

import {
  maxEpoch,
  recorderIdx,
  roleNumber,
  type KeyKind,
  type Policy,
  type PolicyType,
  type Roster,
  type RosterMember,
  type Signed,
} from '../protocol';
import { base64url, concat, fromBase64urlOf, sha256, u8, uint, utf8, type Bytes } from './bytes';
import { readSignedAs, verifySigned, type AnyMessage, type Message } from './messages';
import { fingerprintWords, type Pin, type RootStore } from './roots';

export interface Failure {
  check: string;
  detail: string;
}

function failure(check: string, detail = ''): Failure {
  return { check, detail };
}

export interface TypeFacts {
  type_id: string;
  type_version: number;
  record: string;
  kinds: readonly string[];
}

export interface PolicyFacts {
  message: Message<'Policy'>;
  policy: Policy;
  type: PolicyType;
  /** The organisation key's point, and base64url of its SHA-256. */
  root: Bytes;
  rootFingerprint: string;
}

/**
 * The organisation key that this browser knows, signature, roll-back, and that the meeting's type is listed as the server says it
 * is. `former`: Policies of earlier organisation keys that name the one after them, oldest first.
 */
export async function checkPolicy(signed: Signed, rootKey: string, shown: TypeFacts, roots: RootStore, former: readonly Signed[] = []): Promise<PolicyFacts | Failure> {
  const root = fromBase64urlOf(rootKey, 65);
  const message = await readSignedAs('Policy', signed);
  if (!root || !message || message.signer !== 'root') return failure('policy.malformed');
  if (!(await verifySigned(message, rootKey))) return failure('policy.signature');
  const rootFingerprint = base64url(await sha256(root));
  const policy = message.body;
  const known = await checkRoot(rootKey, roots, former);
  if ('check' in known) return known;
  if (policy.ver < known.ver) return failure('policy.rollback', `${policy.ver} after ${known.ver}`);
  const type = policy.types.find((t) => t.type_id === shown.type_id && t.version === shown.type_version);
  if (!type) return failure('policy.type');
  // What the page is about to tell people must be what the organisation signed.
  if (type.record !== shown.record || type.kinds.join() !== [...shown.kinds].join()) return failure('policy.type', 'differs from what is shown');
  const remembered = roots.read() !== null;
  roots.hold({ root: rootKey, ver: policy.ver });
  // What was known leads to it. A key that is seen here for the first time is remembered by the session, once it may be.
  if (remembered) roots.keep();
  return { message, policy, type, root, rootFingerprint };
}

/**
 * The organisation key is the one that this browser remembers for this address, or one to which that one leads by Policies that it
 * and its followers signed. Inside a page's life it never changes, whoever signed for it. The newest version of which we know.
 */
async function checkRoot(rootKey: string, roots: RootStore, former: readonly Signed[]): Promise<Pin | Failure> {
  const shown = await fingerprintWords(rootKey);
  const held = roots.page();
  if (held !== null && held.root !== rootKey) return failure('policy.root_changed', `${shown}, not ${await fingerprintWords(held.root)}`);
  const pinned = roots.read();
  let at: Pin = pinned ?? { root: rootKey, ver: 0 };
  for (const signed of former) {
    if (at.root === rootKey) break;
    const message = await readSignedAs('Policy', signed);
    if (!message || message.signer !== 'root' || message.body.next_root === null || message.body.ver < at.ver) continue;
    if (await verifySigned(message, at.root)) at = { root: message.body.next_root, ver: message.body.ver };
  }
  if (at.root !== rootKey) return failure('policy.root', `${shown}, not ${await fingerprintWords(pinned!.root)}`);
  return { root: at.root, ver: Math.max(at.ver, held?.ver ?? 0) };
}

/** Our own endpoint, so that a Roster can't change it behind our back. */
export interface SelfFacts {
  ep: string;
  sig: string;
  kem: string;
  /** Hashes of all Hellos that we signed with this endpoint. */
  hellos: ReadonlySet<string>;
}

export interface RosterEntry {
  roster: Roster;
  hash: string;
  message: Message<'Roster'>;
}

export class Chain {
  private readonly hellos_ = new Map<string, Message<'Hello'>>();
  private readonly rosters_ = new Map<number, RosterEntry>();
  /** Every idx that was ever used in this call. */
  private readonly usedIdx_ = new Set<number>();
  private last_: RosterEntry | null = null;
  private paused_: { t: number; arrivedMs: number } | null = null;

  constructor(
    readonly call: string,
    /** base64url of the meeting's 16 bytes: a Roster of another meeting is refused. */
    readonly meeting: string,
    readonly policy: PolicyFacts,
    private readonly self_: () => SelfFacts,
  ) {}

  get last(): RosterEntry | null {
    return this.last_;
  }

  rosterOf(epoch: number): RosterEntry | null {
    return this.rosters_.get(epoch) ?? null;
  }

  rosters(): RosterEntry[] {
    return [...this.rosters_.values()];
  }

  hello(hash: string): Message<'Hello'> | null {
    return this.hellos_.get(hash) ?? null;
  }

  hellos(): Message<'Hello'>[] {
    return [...this.hellos_.values()];
  }

  nextIdx(): number {
    return Math.max(-1, ...this.usedIdx_) + 1;
  }

  member(epoch: number, idx: number): RosterMember | null {
    return this.rosters_.get(epoch)?.roster.members.find((m) => m.idx === idx) ?? null;
  }

  /** Kinds of keys that a Roster's recorder gets; none where there is no recorder. */
  recorderKinds(roster: Roster): KeyKind[] {
    if (!roster.rec) return [];
    return this.policy.type.kinds.map((kind) => (kind === 'a' ? 1 : 2));
  }

  /** `prev` of Roster 1. */
  async startHash(): Promise<string> {
    const { message, type } = this.policy;
    const call = fromBase64urlOf(this.call, 16)!;
    const policyHash = fromBase64urlOf(message.hash, 32)!;
    return base64url(
      await sha256(concat(utf8('Parlour/1 start'), u8(0), call, policyHash, utf8(type.type_id), uint(type.version, 4))),
    );
  }

  /** A Hello proves itself: it is signed by the key that it carries. */
  async addHello(message: Message<'Hello'>): Promise<Failure | null> {
    const hello = message.body;
    if (hello.call !== this.call) return failure('hello.call');
    if (message.signer !== hello.ep) return failure('hello.signer');
    if (!(await verifySigned(message, hello.sig))) return failure('hello.signature');
    this.hellos_.set(message.hash, message);
    return null;
  }

  /** `'known'`: seen before, nothing changes. */
  async addRoster(message: Message<'Roster'>, nowMs: number): Promise<Failure | 'known' | null> {
    const roster = message.body;
    if (roster.call !== this.call) return failure('roster.call');
    if (roster.meeting !== this.meeting) return failure('roster.meeting');
    const same = this.rosters_.get(roster.epoch);
    if (same) return same.hash === message.hash ? 'known' : this.fork_(message);
    const before = this.last_?.roster ?? null;
    if (roster.epoch !== (before?.epoch ?? 0) + 1 || roster.epoch > maxEpoch) return failure('roster.epoch', String(roster.epoch));
    if (roster.prev !== (this.last_?.hash ?? (await this.startHash()))) return failure('roster.prev');

    const { type, message: policyMessage, policy } = this.policy;
    if (roster.policy !== policyMessage.hash) return failure('roster.policy');
    if (roster.type_id !== type.type_id || roster.type_version !== type.version) return failure('roster.type');

    const steward = roster.members.find((m) => m.idx === roster.steward);
    if (!steward || steward.role !== roleNumber.agent) return failure('roster.steward');
    const signer = this.signerOf_(message, before, steward);
    if (!signer || !(await verifySigned(message, signer))) return failure('roster.signature');

    const members = this.checkMembers_(roster);
    if (members) return members;

    const rec = roster.rec;
    if ((roster.mode === 'recorded') !== (rec !== null)) return failure('roster.mode', 'recorder');
    if (type.record === 'never' && roster.mode !== 'off') return failure('roster.mode', 'never');
    if (type.record === 'required' && roster.mode === 'off') return failure('roster.mode', 'required');
    if (rec) {
      if (rec.kem !== policy.rec.kem || rec.sig !== policy.rec.sig) return failure('roster.rec', 'key');
      const second = Math.floor(roster.t / 1000);
      if (second < policy.rec.nbf || second > policy.rec.exp) return failure('roster.rec', 'validity');
    }
    if (roster.mode === 'paused') {
      // A pause interrupts a recording; a call can't begin with one.
      if (!before || before.mode === 'off' || type.pause_max_s === 0) return failure('roster.mode', 'pause');
      const { paused_: paused } = this;
      const maxMs = type.pause_max_s * 1000;
      // By the steward's clock and by ours: neither alone decides how long.
      if (paused && (roster.t - paused.t > maxMs || nowMs - paused.arrivedMs > maxMs)) return failure('roster.pause');
    }
    if (before && roster.t < before.t) return failure('roster.time');

    this.paused_ = roster.mode === 'paused' ? (this.paused_ ?? { t: roster.t, arrivedMs: nowMs }) : null;
    for (const m of roster.members) this.usedIdx_.add(m.idx);
    this.last_ = { roster, hash: message.hash, message };
    this.rosters_.set(roster.epoch, this.last_);
    return null;
  }

  /** The key that must have signed `message`, or null for a signer that is no member. */
  async verifyFrom(message: AnyMessage, epoch: number, from: number): Promise<boolean> {
    const entry = this.rosters_.get(epoch);
    if (!entry) return false;
    if (from === recorderIdx) return message.signer === 'rec' && entry.roster.rec !== null && verifySigned(message, entry.roster.rec.sig);
    const member = this.member(epoch, from);
    return member !== null && message.signer === member.ep && verifySigned(message, member.sig);
  }

  /** Signature, Roster, and that the wraps go to exactly the Roster: all kinds to members, the type's kinds to the recorder. */
  async checkSenderKey(message: Message<'SenderKey'>): Promise<Failure | null> {
    const key = message.body;
    const entry = this.rosters_.get(key.epoch);
    if (key.call !== this.call || !entry || entry.hash !== key.roster) return failure('sender_key.roster');
    if (!(await this.verifyFrom(message, key.epoch, key.from))) return failure('sender_key.signature');
    const want = new Set<string>();
    for (const m of entry.roster.members) if (m.idx !== key.from) for (const k of [1, 2]) want.add(`${m.idx}/${k}`);
    for (const k of this.recorderKinds(entry.roster)) want.add(`${recorderIdx}/${k}`);
    const got = new Set(key.wraps.map((w) => `${w.to}/${w.k}`));
    for (const wrap of got) if (!want.has(wrap)) return failure('sender_key.wraps', `not to ${wrap}`);
    for (const wrap of want) if (!got.has(wrap)) return failure('sender_key.wraps', `missing ${wrap}`);
    return null;
  }

  private fork_(message: Message<'Roster'>): Failure {
    return failure('roster.fork', `two for epoch ${message.body.epoch}`);
  }

  /**
   * Roster 1 is signed by the steward whom it names; a later one by the steward whom the one before names. A steward who
   * reloaded has a new endpoint and the old signing key: it signs as the endpoint that the new Roster gives it.
   */
  private signerOf_(message: Message<'Roster'>, before: Roster | null, steward: RosterMember): string | null {
    if (!before) return message.signer === steward.ep ? steward.sig : null;
    const old = before.members.find((m) => m.idx === before.steward);
    if (!old) return null;
    if (message.signer === old.ep) return old.sig;
    return message.signer === steward.ep && steward.sig === old.sig ? old.sig : null;
  }

  private checkMembers_(roster: Roster): Failure | null {
    const self = this.self_();
    const before = this.last_?.roster ?? null;
    const eps = new Set<string>();
    const idxs = new Set<number>();
    for (const m of roster.members) {
      if (eps.has(m.ep) || idxs.has(m.idx)) return failure('roster.members', 'twice');
      // Everybody's keys of both kinds: fewer is a word for features that are not there.
      if (m.kinds.join() !== 'a,v') return failure('roster.members', 'kinds');
      eps.add(m.ep);
      idxs.add(m.idx);
      // Who stays keeps its idx; whoever comes (or comes back) gets one that was never used in this call.
      const old = before?.members.find((o) => o.ep === m.ep);
      if (old ? old.idx !== m.idx : this.usedIdx_.has(m.idx)) return failure('roster.idx', String(m.idx));
      if (old && (m.sig !== old.sig || m.kem !== old.kem || m.role !== old.role || m.kinds.join() !== old.kinds.join() || m.hello !== old.hello)) return failure('roster.members', 'changed');
      const hello = this.hellos_.get(m.hello)?.body;
      if (!hello) return failure('roster.hello', `unknown, idx ${m.idx}`);
      if (hello.ep !== m.ep || hello.sig !== m.sig || hello.kem !== m.kem || hello.role !== m.role) {
        return failure('roster.hello', `differs, idx ${m.idx}`);
      }
      const isSelf = m.ep === self.ep;
      if (isSelf && (m.sig !== self.sig || m.kem !== self.kem || !self.hellos.has(m.hello))) return failure('roster.self');
    }
    return null;
  }
}
