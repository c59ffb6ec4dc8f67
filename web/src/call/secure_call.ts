// One call as this endpoint lives it: chain of Rosters, keys of each epoch, switching, progress, and the conditions under
// which this browser stops by itself (e2ee.md 3, 4). No media objects, no socket: signed messages in and out.
//
//   Roster(e) ─► own SenderKey ─► others' SenderKeys → KeyAck ─► all KeyAcks for ours? ─► worker switches ─► Activated
//        ▲                                                                                                    │
//     StewardTurn (in the steward's browser) ◄───── one epoch pending at a time ◄──────── all have switched ──┘
//
// Messages are taken one after another (`receive` queues). Thread: the page's.

import { recorderIdx, roleNumber, type Hello, type Roster, type Signed, type Slot } from '../protocol';
import { base64url, fromBase64urlOf, random } from './bytes';
import { Chain, type Failure, type PolicyFacts, type RosterEntry } from './chain';
import type { CryptoWorker } from './crypto_worker';
import { Exchange } from './exchange';
import type { SigKey } from './keys';
import { readSigned, sign, type AnyMessage, type Message } from './messages';
import { securityCode } from './code';
import type { ProblemCode } from './state';
import { Steward, type ChangeReason } from './steward';
import { ackWithinMs, StewardTurn } from './steward_turn';
import { StewardWatch } from './steward_watch';
import { expectsProof, linkProofWithinMs, LinkTrust, type HeldSecret } from './link_trust';
import { customerProof, stewardProof } from './link_secret';
import { kidOf } from './worker/kid';
import type { Recipient, WorkerEvent } from './worker/protocol';

export const rosterWithinMs = 5000;
export const progressEveryMs = 10_000;
const lastWordsMs = 1000;

export interface SecureCallPorts {
  /** Resolves when the server has taken the message; rejects with `Refused`. */
  send(message: Signed): Promise<unknown>;
  /** This browser has to stop sending for good. */
  stop(code: ProblemCode, failure: Failure, idx: number | null): void;
  /** Something to show that doesn't stop us; null: it has passed. */
  problem(code: ProblemCode, detail: string, idx: number | null): void;
  /** The steward was silent for 30 s (true), or is heard again. Sending pauses. */
  stewardSilent(silent: boolean): void;
  /** Keys of a (new) epoch are active: tracks may be carried. */
  active(epoch: number): void;
  /** A Roster has left us out. */
  removed(reason: string): void;
  rosterChanged(entry: RosterEntry, before: RosterEntry | null): void;
  changed(): void;
  /** Uplinks that have a track to send. */
  slots(): Slot[];
  now(): number;
}

type SwitchState = { epoch: number } | null;

export class SecureCall {
  readonly chain: Chain;
  readonly exchange: Exchange;
  readonly steward: Steward;
  readonly link: LinkTrust;
  /** Six groups for the newest Roster that lists us. */
  code: string[] | null = null;
  /** The epoch in which we send; 0 before the first. */
  sendEpoch = 0;
  private readonly heard_ = new Set<string>();
  private readonly lastSlots_ = new Map<string, readonly Slot[]>();
  private readonly hellosOfSelf_ = new Set<string>();
  private readonly receipt_ = { senderKeys: new Map<string, Signed>(), activated: new Map<string, Signed>() };
  private readonly have_ = new Map<number, { idx: number; k: 1 | 2; commit: string }[]>();
  private readonly senderKeyHashes_ = new Map<string, string>();
  private later_: AnyMessage[] = [];
  private inbox_: Promise<void> = Promise.resolve();
  private switching_: SwitchState = null;
  private readonly timers_ = new Set<ReturnType<typeof setTimeout>>();
  private progressTimer_: ReturnType<typeof setInterval> | null = null;
  private watchTimer_: ReturnType<typeof setInterval> | null = null;
  private laterEpochTimer_ = false;
  /** While the steward's proof of the link's secret is missing: what came meanwhile, in order. */
  private held_: AnyMessage[] = [];
  private proofTimer_ = false;
  private readonly proofsSent_ = new Set<string>();
  private readonly turn_: StewardTurn;
  private readonly stewardWatch_: StewardWatch;
  private missingSince_ = new Map<number, number>();
  private wasMember_ = false;
  private ended_ = false;
  private connected_: (ep: string) => boolean = () => true;
  private serverSaysSteward_ = false;

  private constructor(
    readonly call: string,
    meeting: string,
    readonly hello: Message<'Hello'>,
    private readonly kem_: string,
    policy: PolicyFacts,
    private readonly sig_: SigKey,
    private readonly worker_: CryptoWorker,
    private readonly ports_: SecureCallPorts,
    link: { secret: HeldSecret; accepted: boolean },
  ) {
    this.link = new LinkTrust(link.secret, hello.body.role, link.accepted);
    this.hellosOfSelf_.add(hello.hash);
    this.chain = new Chain(call, meeting, policy, () => ({
      ep: hello.body.ep,
      sig: sig_.point,
      kem: this.kem_,
      hellos: this.hellosOfSelf_,
    }));
    this.exchange = new Exchange(this.chain);
    this.steward = new Steward(this.chain, hello);
    this.turn_ = new StewardTurn(this.chain, this.exchange, this.steward, {
      mayAct: () => !this.ended_ && this.isSteward,
      publish: (roster) => this.publish_(roster),
      exhausted: () => ports_.stop('exhausted', { check: 'exhausted', detail: 'epoch' }, null),
      connected: this.connectedIdx,
      decides: (idx) => this.decides_(idx),
      after: (ms, task) => this.after_(ms, task),
      changed: () => ports_.changed(),
      now: () => ports_.now(),
    });
    this.stewardWatch_ = new StewardWatch((silent) => ports_.stewardSilent(silent));
  }

  /** Makes endpoint, KEM key and Hello. The Hello isn't sent yet. */
  static async open(
    input: {
      call: string;
      meeting: string;
      role: 'agent' | 'customer' | 'guest';
      name: string;
      policy: PolicyFacts;
      sig: SigKey;
      worker: CryptoWorker;
      /** The secret of the link by which the customer came; `accepted`: in this call he has gone on without the steward's proof. */
      link: { secret: HeldSecret; accepted: boolean };
    },
    ports: SecureCallPorts,
  ): Promise<SecureCall> {
    const { kem } = await input.worker.request({ type: 'init' });
    const body: Hello = {
      call: input.call,
      ep: base64url(random(16)),
      role: roleNumber[input.role],
      name: input.name,
      sig: input.sig.point,
      kem,
      nonce: base64url(random(16)),
      iat: ports.now(),
      caps: [],
      renews: input.sig.call === input.call ? input.sig.ep : null,
      cred: { kind: 'server', proof: '' },
    };
    if (input.role !== 'agent' && input.link.secret !== null && input.link.secret !== 'lost') body.cred = { kind: 'link', proof: await customerProof(input.link.secret, body) };
    const hello = await sign('Hello', body.ep, body, input.sig.privateKey);
    const call = new SecureCall(input.call, input.meeting, hello, kem, input.policy, input.sig, input.worker, ports, input.link);
    await call.chain.addHello(hello);
    return call;
  }

  get ep(): string {
    return this.hello.body.ep;
  }

  get newest(): RosterEntry | null {
    return this.chain.last;
  }

  /** Our idx in the newest Roster; null when it doesn't list us. */
  get selfIdx(): number | null {
    return this.idxIn_(this.chain.last);
  }

  get isSteward(): boolean {
    return this.steward.mayAct(this.serverSaysSteward_);
  }

  get switching(): boolean {
    const newest = this.chain.last?.roster.epoch ?? 0;
    return this.selfIdx !== null && newest > this.sendEpoch;
  }

  setServerSaysSteward(value: boolean): void {
    this.serverSaysSteward_ = value;
    void this.turn_.advance();
  }

  /** By endpoint: is its socket there? Those in their 30 s of reconnecting are not waited for. */
  setPresence(connected: (ep: string) => boolean): void {
    this.connected_ = connected;
    this.tryActivate_();
    void this.turn_.advance();
  }

  /** Signed messages in the order of the server. */
  receive(signed: Signed): Promise<void> {
    return this.enqueue_(async () => {
      const message = await readSigned(signed);
      if (message) await this.take_(message);
    });
  }

  /** Steward: signs the hash of exactly this Hello. */
  /** `insteadOf`: endpoints of the same person, which the same Roster leaves out. */
  async admit(hello: Message<'Hello'>, reason: ChangeReason = 'admit', insteadOf: readonly string[] = []): Promise<void> {
    await this.enqueue_(async () => {
      const failure = await this.chain.addHello(hello);
      if (failure) throw new Error(failure.check);
    });
    // A proof by another secret: another link, or a server that has put itself between. Refused without comparing codes.
    if ((await this.link.judge(hello)) === 'wrong') throw new Error('link.proof_wrong');
    const done = this.steward.admit(hello, reason);
    for (const ep of insteadOf) if (ep !== hello.body.ep) this.steward.remove(ep, 'admit');
    void this.turn_.advance();
    return done;
  }

  /** Customer: goes on although the steward has not proven that it holds the link's secret. */
  goOnUnproven(): void {
    this.link.accept();
    void this.enqueue_(() => this.release_());
  }

  /** Steward: a member has left. */
  remove(ep: string, reason: ChangeReason): void {
    if (!this.isSteward || !this.chain.last?.roster.members.some((m) => m.ep === ep)) return;
    this.steward.remove(ep, reason);
    void this.turn_.advance();
  }

  onWorkerEvent(event: WorkerEvent): void {
    switch (event.type) {
      case 'heard': {
        const member = this.chain.member(event.epoch, event.idx);
        if (member) this.heard_.add(member.ep);
        this.missingSince_.delete(event.idx);
        this.ports_.changed();
        return;
      }
      case 'unknown_epoch':
        this.noteLaterEpoch_(event.epoch);
        return;
      case 'missing': {
        const now = this.ports_.now();
        const since = this.missingSince_.get(event.idx) ?? now;
        this.missingSince_.set(event.idx, since);
        // The worker tells after 2 s of holding and again while it lasts: together less than 5 s.
        if (now - since >= 2000) this.ports_.problem('key_missing', `epoch ${event.epoch}`, event.idx);
        return;
      }
      case 'exhausted':
        this.ports_.stop('exhausted', { check: 'exhausted', detail: 'counter' }, null);
        return;
      default:
        return;
    }
  }

  /** One frame of this member was opened since it came. */
  heard(ep: string): boolean {
    return this.heard_.has(ep);
  }

  /** Slots of the member's newest Activated; null: it has sent none yet. */
  slotsOf(ep: string): readonly Slot[] | null {
    return this.lastSlots_.get(ep) ?? null;
  }

  connectedIdx = (idx: number): boolean => {
    if (idx === this.selfIdx) return true;
    const ep = this.chain.last?.roster.members.find((m) => m.idx === idx)?.ep;
    return ep === undefined ? false : this.connected_(ep);
  };

  /** The fact of e2ee.md 4.6, for the epoch in which we send. */
  facts(): { acked: boolean; waitingForKeysOf: number[]; waitingForMediaOf: number[] } {
    const roster = this.chain.rosterOf(this.sendEpoch)?.roster;
    const shown = this.chain.last?.roster.epoch ?? 0;
    if (!roster) return { acked: false, waitingForKeysOf: this.exchange.missing(shown, this.connectedIdx), waitingForMediaOf: [] };
    // Members of the sending epoch that are members still: who has left is waited for by nobody.
    const current = this.chain.last?.roster.members ?? [];
    const others = roster.members.filter((m) => m.ep !== this.ep && current.some((c) => c.ep === m.ep) && this.connected_(m.ep));
    const keys = this.exchange.missing(this.sendEpoch, (idx) => this.connectedIdx(idx));
    const media = others.filter((m) => {
      const slots = this.slotsOf(m.ep);
      return slots === null || (slots.length > 0 && !this.heard(m.ep));
    });
    return { acked: keys.length === 0, waitingForKeysOf: keys, waitingForMediaOf: media.map((m) => m.idx) };
  }

  /** The recorder has acknowledged all keys of the epoch in which we send. */
  recorderHasKeys(): boolean {
    return this.exchange.recorderHasAll(this.sendEpoch);
  }

  receipt(): { hellos: Signed[]; rosters: Signed[]; senderKeys: Signed[]; activated: Signed[] } {
    return {
      hellos: this.chain.hellos().map((h) => h.signed),
      rosters: this.chain.rosters().map((r) => r.message.signed),
      senderKeys: [...this.receipt_.senderKeys.values()],
      activated: [...this.receipt_.activated.values()],
    };
  }

  /** Final Progress, best effort. */
  async finish(): Promise<void> {
    if (this.ended_) return;
    const limit = new Promise((resolve) => setTimeout(resolve, lastWordsMs));
    if (this.sendEpoch > 0) await Promise.race([this.progress_(true).catch(() => undefined), limit]);
    this.close();
  }

  close(): void {
    this.ended_ = true;
    for (const timer of this.timers_) clearTimeout(timer);
    if (this.progressTimer_) clearInterval(this.progressTimer_);
    if (this.watchTimer_) clearInterval(this.watchTimer_);
    this.progressTimer_ = this.watchTimer_ = null;
  }

  // ---- messages in ----

  private enqueue_<T>(task: () => Promise<T>): Promise<T> {
    const result = this.inbox_.then(task);
    this.inbox_ = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  private async take_(message: AnyMessage): Promise<void> {
    if (this.ended_) return;
    // In order behind our own keys, which wait for the steward's proof.
    if (this.held_.length > 0 || (this.link.holds && this.wasMember_)) {
      if (message.t !== 'LinkProof' && message.t !== 'Hello' && message.t !== 'Roster') {
        if (this.held_.length < 256) this.held_.push(message);
        return;
      }
    }
    switch (message.t) {
      case 'Policy':
        return;
      case 'LinkProof':
        return this.takeLinkProof_(message);
      case 'Hello': {
        // A Hello that doesn't prove itself is nobody's; a Roster that names it will be refused.
        await this.chain.addHello(message);
        return;
      }
      case 'Roster':
        return this.takeRoster_(message);
      default:
        return this.takeOfEpoch_(message);
    }
  }

  private async takeRoster_(message: Message<'Roster'>): Promise<void> {
    const before = this.chain.last;
    if (message.body.call === this.call && message.body.epoch > (before?.roster.epoch ?? 0) + 1) {
      this.later_.push(message);
      this.noteLaterEpoch_(message.body.epoch);
      return;
    }
    const failure = await this.chain.addRoster(message, this.ports_.now());
    if (failure === 'known') return;
    if (failure) {
      this.ports_.stop(failure.check === 'roster.fork' ? 'roster_fork' : 'roster_refused', failure, null);
      return;
    }
    const entry = this.chain.last!;
    for (const gone of before?.roster.members ?? []) {
      if (entry.roster.members.some((m) => m.ep === gone.ep)) continue;
      this.worker_.order({ type: 'forget', idx: gone.idx });
    }
    this.ports_.rosterChanged(entry, before);
    const self = this.idxIn_(entry);
    if (self === null) {
      if (this.wasMember_) this.ports_.removed(entry.roster.reason);
      return;
    }
    this.wasMember_ = true;
    this.noteStewardSign_(message, entry.roster.steward);
    this.turn_.begin(entry.roster.epoch);
    if (entry.roster.mode === 'paused') this.watchPause_(entry);
    void this.updateCode_(entry);
    if (this.link.holds) {
      this.awaitProof_();
      this.ports_.changed();
      return;
    }
    if (entry.roster.steward === self) await this.sendLinkProofs_(entry);
    await this.sendOwnKeys_(entry, self);
    const later = this.later_;
    this.later_ = [];
    for (const waiting of later) await this.take_(waiting);
    this.ports_.changed();
  }

  // ---- the link's secret ----

  private awaitProof_(): void {
    if (this.proofTimer_) return;
    this.proofTimer_ = true;
    this.after_(linkProofWithinMs, () => {
      if (this.link.overdue()) this.ports_.changed();
    });
  }

  /** To us, of a Roster that lists us, signed by its steward: then the secret decides. Anything else is nobody's word. */
  private async takeLinkProof_(message: Message<'LinkProof'>): Promise<void> {
    const { call, roster, to, mac } = message.body;
    const entry = this.chain.rosters().find((known) => known.hash === roster);
    if (call !== this.call || !entry || to !== this.idxIn_(entry)) return;
    if (!(await this.chain.verifyFrom(message, entry.roster.epoch, entry.roster.steward))) return;
    await this.link.takeProof(mac, entry);
    if (!this.link.holds) await this.release_();
  }

  /** The newest Roster's keys, and what has waited for them. */
  private async release_(): Promise<void> {
    const entry = this.chain.last;
    const self = this.idxIn_(entry);
    const held = this.held_;
    this.held_ = [];
    if (!this.ended_ && !this.link.holds && entry && self !== null && !this.exchange.hasSenderKey(entry.roster.epoch, self)) await this.sendOwnKeys_(entry, self);
    for (const waiting of held) await this.take_(waiting);
    this.ports_.changed();
  }

  /** Steward: to each customer whose Hello has shown that he holds the secret, once he is listed. */
  private async sendLinkProofs_(entry: RosterEntry): Promise<void> {
    const { secret } = this.link;
    if (!secret) return;
    for (const member of entry.roster.members) {
      const hello = this.chain.hello(member.hello);
      if (!hello || this.proofsSent_.has(member.ep) || member.role === roleNumber.agent || (await this.link.judge(hello)) !== 'proven') continue;
      this.proofsSent_.add(member.ep);
      const body = { call: this.call, roster: entry.hash, to: member.idx, mac: await stewardProof(secret, entry.hash) };
      this.send_((await sign('LinkProof', this.ep, body, this.sig_.privateKey)).signed, 'LinkProof', entry.roster.epoch);
    }
  }

  /** Came by a link whose secret we don't have: that browser asks its person, which takes longer than any acknowledgement. */
  private decides_(idx: number): boolean {
    const member = this.chain.last?.roster.members.find((m) => m.idx === idx);
    return member !== undefined && !this.proofsSent_.has(member.ep) && expectsProof(this.chain.hello(member.hello)?.body);
  }

  /** Steward: is being asked at this moment. */
  deciding(idx: number): boolean {
    return this.isSteward && this.decides_(idx) && !this.exchange.hasSenderKey(this.chain.last?.roster.epoch ?? 0, idx);
  }

  /** Steward: was left out because the question was not answered in time. */
  leftUndecided(hello: Message<'Hello'>): boolean {
    const { ep } = hello.body;
    const rosters = this.chain.rosters();
    const listed = rosters.findLastIndex(({ roster }) => roster.members.some((m) => m.ep === ep));
    return this.isSteward && expectsProof(hello.body) && !this.proofsSent_.has(ep) && rosters[listed + 1]?.roster.reason === 'no_ack';
  }

  /** A Roster has listed us, and the newest one does not. */
  get leftOut(): boolean {
    return this.wasMember_ && this.selfIdx === null;
  }

  private async sendOwnKeys_(entry: RosterEntry, self: number): Promise<void> {
    const { roster, hash } = entry;
    const recipients: Recipient[] = roster.members.filter((m) => m.idx !== self).map((m) => ({ idx: m.idx, kem: m.kem, kinds: [1, 2] }));
    if (roster.rec) recipients.push({ idx: recorderIdx, kem: roster.rec.kem, kinds: this.chain.recorderKinds(roster) });
    let own;
    try {
      own = await this.worker_.request({ type: 'announce', call: this.call, epoch: roster.epoch, roster: hash, self, recipients });
    } catch (error) {
      // A lost worker is its owner's matter; a member's point that is not on the curve makes the Roster unusable.
      if (!(error instanceof Error) || error.message === 'worker.lost') return;
      this.ports_.stop('roster_refused', { check: 'roster.members', detail: error.message }, null);
      return;
    }
    const body = { call: this.call, epoch: roster.epoch, roster: hash, from: self, commits: own.commits, wraps: own.wraps };
    const message = await sign('SenderKey', this.ep, body, this.sig_.privateKey);
    this.exchange.noteSenderKey(message.body);
    this.receipt_.senderKeys.set(message.hash, message.signed);
    this.send_(message.signed, 'SenderKey', roster.epoch);
    // Alone in the Roster, without a recorder, there is nobody to wait for.
    this.tryActivate_();
  }

  private async takeOfEpoch_(message: Message<'SenderKey'> | Message<'KeyAck'> | Message<'Activated'> | Message<'Progress'>): Promise<void> {
    const { call, epoch, roster, from } = message.body;
    if (call !== this.call) return;
    const entry = this.chain.rosterOf(epoch);
    if (!entry) {
      if (epoch > (this.chain.last?.roster.epoch ?? 0)) {
        if (this.later_.length < 256) this.later_.push(message);
        this.noteLaterEpoch_(epoch);
      }
      return;
    }
    if (roster !== entry.hash) {
      this.ports_.stop('roster_fork', { check: 'roster.fork', detail: `${message.t} names another Roster of epoch ${epoch}` }, from);
      return;
    }
    if (message.t === 'SenderKey') return this.takeSenderKey_(message, entry);
    // Not verified: it is nobody's word. It counts as not sent.
    if (!(await this.chain.verifyFrom(message, epoch, from))) return;
    this.noteStewardSign_(message, entry.roster.steward);
    if (message.t === 'KeyAck') {
      this.exchange.noteAck(message.body);
      this.tryActivate_();
    } else if (message.t === 'Activated') {
      this.noteActivated_(message);
    }
    void this.turn_.advance();
    this.ports_.changed();
  }

  private async takeSenderKey_(message: Message<'SenderKey'>, entry: RosterEntry): Promise<void> {
    const key = message.body;
    const name = `${key.epoch}/${key.from}`;
    const before = this.senderKeyHashes_.get(name);
    if (before === message.hash) return;
    const failure = await this.chain.checkSenderKey(message);
    if (failure) return this.ports_.stop('sender_key_refused', failure, key.from);
    if (before || !this.exchange.noteSenderKey(key)) {
      return this.ports_.stop('sender_key_refused', { check: 'sender_key.fork', detail: `two for epoch ${key.epoch}` }, key.from);
    }
    this.senderKeyHashes_.set(name, message.hash);
    this.receipt_.senderKeys.set(message.hash, message.signed);
    const self = this.idxIn_(entry);
    if (self === null || key.from === self || key.epoch !== this.chain.last?.roster.epoch) return;
    const accepted = await this.worker_.request({ type: 'accept', senderKey: key }).catch(() => null);
    if (!accepted) return;
    if (accepted.refused) {
      // No acknowledgement: the sender doesn't switch, and the steward leaves it out.
      this.ports_.problem('sender_key_refused', accepted.refused, key.from);
      return;
    }
    const have = [...(this.have_.get(key.epoch) ?? []), ...accepted.have].sort((a, b) => a.idx - b.idx || a.k - b.k);
    this.have_.set(key.epoch, have);
    const ack = await sign('KeyAck', this.ep, { call: this.call, epoch: key.epoch, roster: entry.hash, from: self, have }, this.sig_.privateKey);
    this.exchange.noteAck(ack.body);
    this.send_(ack.signed, 'KeyAck', key.epoch);
    this.tryActivate_();
    this.ports_.changed();
  }

  private noteActivated_(message: Message<'Activated'>): void {
    const { epoch, from, slots } = message.body;
    const member = this.chain.member(epoch, from);
    if (!member) return;
    this.exchange.noteActivated(message.body);
    this.receipt_.activated.set(message.hash, message.signed);
    this.lastSlots_.set(member.ep, slots.map((kid) => (kid & 15) as Slot));
    if (member.ep !== this.ep) this.worker_.order({ type: 'retire', idx: from, epoch });
  }

  // ---- switching ----

  private tryActivate_(): void {
    const entry = this.chain.last;
    const self = this.idxIn_(entry);
    if (!entry || self === null || this.ended_ || this.switching_) return;
    const epoch = entry.roster.epoch;
    if (epoch <= this.sendEpoch || !this.exchange.hasSenderKey(epoch, self)) return;
    if (this.exchange.missingFor(epoch, self, this.connectedIdx).length > 0) return;
    this.switching_ = { epoch };
    void this.activate_(entry, self).finally(() => {
      this.switching_ = null;
      this.tryActivate_();
      void this.turn_.advance();
    });
  }

  private async activate_(entry: RosterEntry, self: number): Promise<void> {
    const epoch = entry.roster.epoch;
    try {
      const { last } = await this.worker_.request({ type: 'activate', epoch });
      if (this.ended_) return;
      this.sendEpoch = epoch;
      const slots = this.ports_.slots().map((slot) => kidOf(epoch, self, slot)).sort((a, b) => a - b);
      const body = { call: this.call, epoch, roster: entry.hash, from: self, slots, last };
      const message = await sign('Activated', this.ep, body, this.sig_.privateKey);
      this.noteActivated_(message);
      this.send_(message.signed, 'Activated', epoch);
      this.ports_.active(epoch);
      this.progressTimer_ ??= setInterval(() => void this.progress_(false).catch(() => undefined), progressEveryMs);
      this.watchTimer_ ??= setInterval(() => this.watchSteward_(), 2000);
      this.ports_.changed();
    } catch {
      // The worker is gone or halted: its owner knows.
    }
  }

  private async progress_(final: boolean): Promise<void> {
    const entry = this.chain.rosterOf(this.sendEpoch);
    const self = this.idxIn_(entry);
    if (!entry || self === null || this.ended_) return;
    const { last } = await this.worker_.request({ type: 'counters', epoch: this.sendEpoch, final });
    const body = { call: this.call, epoch: entry.roster.epoch, roster: entry.hash, from: self, last, final };
    const message = await sign('Progress', this.ep, body, this.sig_.privateKey);
    await this.ports_.send(message.signed).catch(() => undefined);
  }

  private async publish_(roster: Roster): Promise<void> {
    const message = await sign('Roster', this.ep, roster, this.sig_.privateKey);
    await this.ports_.send(message.signed);
    await this.enqueue_(() => this.takeRoster_(message));
  }

  // ---- conditions for stopping ----

  private noteLaterEpoch_(epoch: number): void {
    if (this.laterEpochTimer_ || epoch <= (this.chain.last?.roster.epoch ?? 0)) return;
    this.laterEpochTimer_ = true;
    this.after_(rosterWithinMs, () => {
      this.laterEpochTimer_ = false;
      if (epoch > (this.chain.last?.roster.epoch ?? 0)) {
        this.ports_.stop('roster_missing', { check: 'roster.missing', detail: `epoch ${epoch}` }, null);
      }
    });
  }

  /** The next Roster alone can't end a pause that lasts too long: nothing is sent unrecorded beyond it. */
  private watchPause_(entry: RosterEntry): void {
    this.after_(this.chain.policy.type.pause_max_s * 1000 + ackWithinMs, () => {
      if (this.chain.last?.roster.mode !== 'paused' || this.chain.last.roster.epoch < entry.roster.epoch) return;
      this.ports_.stop('roster_refused', { check: 'roster.pause', detail: 'by our clock' }, null);
    });
  }

  private noteStewardSign_(message: AnyMessage, steward: number): void {
    const roster = this.chain.last?.roster;
    const member = roster?.members.find((m) => m.idx === steward);
    if (roster?.steward === steward && member?.ep === message.signer) this.stewardWatch_.signed(message.signed.s, this.ports_.now());
  }

  private watchSteward_(): void {
    const self = this.selfIdx;
    if (self !== null && self !== this.chain.last?.roster.steward) this.stewardWatch_.check(this.ports_.now());
  }

  // ---- small things ----

  private idxIn_(entry: RosterEntry | null): number | null {
    return entry?.roster.members.find((m) => m.ep === this.ep)?.idx ?? null;
  }

  private async updateCode_(entry: RosterEntry): Promise<void> {
    const { policy } = this.chain;
    const code = await securityCode({
      call: fromBase64urlOf(this.call, 16)!,
      root: policy.root,
      policy: fromBase64urlOf(policy.message.hash, 32)!,
      typeId: entry.roster.type_id,
      typeVersion: entry.roster.type_version,
      members: entry.roster.members,
    });
    if (this.chain.last !== entry || this.ended_) return;
    this.code = code;
    this.ports_.changed();
  }

  private send_(signed: Signed, what: string, epoch: number): void {
    this.ports_.send(signed).catch((error: unknown) => {
      const code = error instanceof Error ? error.message : 'refused';
      // `disconnected` only when we are leaving: signed messages are sent again after a resume. And a message that a newer
      // Roster has overtaken on its way is no trouble.
      if (code !== 'disconnected' && (this.chain.last?.roster.epoch ?? 0) === epoch) this.ports_.problem('refused', `${what}: ${code}`, null);
    });
  }

  private after_(ms: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.timers_.delete(timer);
      if (!this.ended_) task();
    }, ms);
    this.timers_.add(timer);
  }
}
