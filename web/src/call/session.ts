// A call from the pages' point of view: one object, one snapshot of facts. It wires signalling, the secure call (keys,
// Rosters), media and devices, and decides the phase; the rules themselves are in those files.
//
// What survives what:
//   lost socket, changed address   same worker, endpoint, epoch; resumed by the signalling
//   lost worker, left out (no_ack) `rejoin_`: a new presence with a new endpoint, renewing the old one
//   `call.new`                     the worker is reset: new endpoint, new keys; the media connection stays
//   a failed check                 `stop_`: nothing is sent any more, and the state says why
//
// Thread: the page's.

import { messageForm, roleNumber, type DeclinedReason, type DeclineReason, type Farewell, type Person, type ServerPush, type Signed, type WaitingEntry, type WelcomeFields } from '../protocol';
import { Refused, type CallApi, type CallConfig } from './api';
import { checkPolicy, type Failure } from './chain';
import { uuid16 } from './bytes';
import type { CryptoWorker } from './crypto_worker';
import { Observable, type Listener } from './events';
import { keyLifeMs, makeSigKey, sigKeyName, type KeyStore, type SigKey } from './keys';
import { MediaLink } from './media_link';
import { readSignedAs, type Message } from './messages';
import { browserParts, type CallParts } from './parts';
import { sessionOf } from './peer';
import { fingerprintWords } from './roots';
import type { Receipt } from './receipt';
import { SecureCall } from './secure_call';
import { Signalling } from './signalling';
import type { CallState, EndView, ProblemCode } from './state';
import { emptyFacts, hasLeft, isPresent, notePeople, noteRoster, noteShare, type SessionFacts } from './facts';
import { viewOf } from './view';
import type { WorkerEvent } from './worker/protocol';

const maxRejoins = 3;
/** The steward signs every 10 s; what it said while we were away comes with the replay. */
const silenceAfterBackMs = 15_000;

interface WaitingPerson {
  entry: WaitingEntry;
  hello: Message<'Hello'> | null;
}

export class CallSession implements CallApi {
  private readonly facts_: SessionFacts;
  private readonly store_: Observable<CallState>;
  private readonly parts_: CallParts;
  private signalling_: Signalling | null = null;
  private worker_: CryptoWorker | null = null;
  private call_: SecureCall | null = null;
  private media_: MediaLink;
  private keys_: KeyStore | null = null;
  private sig_: SigKey | null = null;
  private waiting_: WaitingPerson[] = [];
  private inbox_: Promise<void> = Promise.resolve();
  private rejoins_ = 0;
  private backs_ = 0;
  private refresh_ = false;
  private connectedSent_ = '';
  private keyMissingAtMs_ = 0;
  private over_ = false;
  /** The call for which the organisation key has been remembered. */
  private keptRoot_: SecureCall | null = null;

  constructor(
    private readonly config_: CallConfig,
    parts: Partial<CallParts> = {},
  ) {
    this.parts_ = { ...browserParts, ...parts };
    this.media_ = this.makeMedia_();
    this.facts_ = emptyFacts(config_.as === 'staff' ? 'agent' : 'customer');
    this.store_ = new Observable(this.view_());
  }

  get state(): CallState {
    return this.store_.value;
  }

  subscribe(listener: Listener<CallState>): () => void {
    return this.store_.subscribe(listener);
  }

  async start(): Promise<void> {
    if (this.signalling_ || this.over_) throw new Refused('started', '');
    this.keys_ = await this.parts_.openKeys();
    await this.keys_.removeOlder(this.parts_.now() - keyLifeMs).catch(() => undefined);
    this.worker_ = this.startWorker_();
    this.config_.media && (this.config_.media.onChange = (kind, lost) => this.deviceChanged_(kind, lost));
    await this.enter_();
  }

  async admit(ep: string, helloHash: string): Promise<void> {
    const person = this.waiting_.find((w) => w.hello?.body.ep === ep);
    if (!person?.hello || !this.call_?.isSteward) throw new Refused('not_steward', '');
    if (person.hello.hash !== helloHash) throw new Refused('hello.changed', '');
    await this.call_.admit(person.hello, 'admit', this.endpointsOf_(person.entry.participant)).catch(asRefused);
  }

  async decline(participant: string, reason: DeclineReason): Promise<void> {
    await this.ask_({ type: 'decline', participant, reason });
  }

  async allowSecond(participant: string): Promise<void> {
    await this.ask_({ type: 'second.allow', participant });
  }

  async refuseSecond(participant: string): Promise<void> {
    await this.ask_({ type: 'second.refuse', participant });
  }

  setMicrophone(on: boolean): Promise<void> {
    return this.setDevice_('microphone', on);
  }

  setCamera(on: boolean): Promise<void> {
    return this.setDevice_('camera', on);
  }

  async switchCamera(): Promise<void> {
    await this.config_.media?.switchCamera();
    await this.media_.localChanged();
    this.changed_();
  }

  async useDevice(kind: 'microphone' | 'camera', deviceId: string): Promise<void> {
    await this.config_.media?.acquire(kind, deviceId);
    await this.media_.localChanged();
    this.changed_();
  }

  async startShare(): Promise<boolean> {
    const local = this.config_.media;
    if (!local) return false;
    if (this.facts_.sharing !== null && this.facts_.sharing !== this.facts_.participant) throw new Refused('share.busy', '');
    // The browser's dialogue first: some browsers open it only in the click itself. Nothing is sent before the server's ok.
    try {
      if (!(await local.openScreen())) return false;
      await this.ask_({ type: 'share.start' });
    } catch (error) {
      local.closeScreen();
      throw error;
    }
    await this.media_.setScreenGranted(true);
    this.changed_();
    return true;
  }

  async stopShare(): Promise<void> {
    this.config_.media?.closeScreen();
    await this.media_.setScreenGranted(false);
    this.signalling_?.tell({ type: 'share.stop' });
    this.changed_();
  }

  goOnUnproven(): void {
    const call = this.call_;
    if (!call) return;
    this.parts_.accepted.note(call.call);
    const unsaid = call.link.state === 'lost';
    call.goOnUnproven();
    // Left out while the question stood; listed again meanwhile is in, with the endpoint that it has.
    if (call.leftOut) void this.rejoin_();
    else if (unsaid) this.sendHello_();
    this.changed_();
  }

  async leave(): Promise<void> {
    await this.bowOut_('left');
  }

  async end(): Promise<void> {
    await this.finish_('staff', () => this.signalling_?.request({ type: 'end' }));
  }

  abandon(): void {
    if (this.over_) return;
    this.over_ = true;
    const signalling = this.signalling_;
    // The others go back to the faces at once, without waiting until this page is missed.
    if (this.config_.media?.screen) signalling?.tell({ type: 'share.stop' });
    signalling?.lastWords();
    void Promise.resolve(this.call_?.finish()).finally(() => {
      signalling?.close();
      this.worker_?.end();
    });
    this.config_.media?.close();
    this.media_.close();
  }

  receipt(): Receipt | null {
    const call = this.call_;
    if (!call?.newest) return null;
    const { policy } = call.chain;
    return { version: 1, root: this.facts_.root, fingerprint: this.facts_.rootFingerprint, policy: policy.message.signed, ...call.receipt() };
  }

  // ---- entering, rejoining, ending ----

  private async enter_(): Promise<void> {
    const { as, csrf, meeting, takeOver, socketUrl } = this.config_;
    const url = socketUrl ?? `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/api/v1/call`;
    const signalling = new Signalling(
      { type: 'enter', form: messageForm, as, csrf, ...(meeting === null ? {} : { meeting }), ...(takeOver ? { take_over: true } : {}) },
      () => this.parts_.openSocket(url),
      {
        push: (message) => this.push_(signalling, message),
        link: (state) => {
          this.linkChanged_(state);
          if (state === 'online') this.media_.networkChanged();
          this.changed_();
        },
        // After what has been pushed: `ended` may be among it, and says more.
        gone: (reason, refusal) => {
          this.inbox_ = this.inbox_.then(() => this.ended_({ reason: reason === 'replaced' ? 'replaced' : 'server', text: refusal?.text ?? null }));
        },
      },
    );
    this.signalling_ = signalling;
    await signalling.start();
  }

  /** A new presence with a new endpoint, as after a reload of the page. Keys, counters and connection of the old one are gone. */
  private async rejoin_(): Promise<void> {
    if (this.over_) return;
    if (++this.rejoins_ > maxRejoins) {
      await this.bowOut_('removed');
      return;
    }
    this.call_?.close();
    this.call_ = null;
    // Nothing that was true of the endpoint before is of the next one; the server tells anew what holds.
    this.facts_.wasConnected = false;
    this.facts_.heldUntil = null;
    this.forgetSilence_();
    this.media_.close();
    this.media_ = this.makeMedia_();
    this.worker_?.end();
    this.worker_ = this.startWorker_();
    this.signalling_?.close();
    this.changed_();
    await this.enter_().catch((error: unknown) => {
      this.ended_({ reason: 'server', text: error instanceof Refused ? error.text : null });
    });
  }

  /** Leaves, whatever the reason is: the answer says what stays of the conversation. */
  private bowOut_(reason: EndView['reason']): Promise<void> {
    return this.finish_(reason, () => this.signalling_?.request({ type: 'leave' }));
  }

  private async finish_(reason: EndView['reason'], tell: () => Promise<Farewell> | undefined): Promise<void> {
    if (this.over_) return;
    const limit = new Promise<undefined>((resolve) => setTimeout(resolve, 1500));
    await Promise.race([this.call_?.finish(), limit]);
    const told = await Promise.race([Promise.resolve(tell()).catch(() => undefined), limit]);
    this.ended_({ reason, text: null, told });
  }

  /** `told`: the server's word on the recording. Nothing told is nothing known: the page invents nothing. */
  private ended_(end: { reason: EndView['reason']; text: string | null; declined?: DeclinedReason; told?: Farewell | undefined }): void {
    if (this.over_) return;
    this.over_ = true;
    this.facts_.ended = {
      reason: end.reason,
      declined: end.declined ?? null,
      recorded: end.told?.recorded ?? null,
      conversation: end.told?.conversation ?? (this.facts_.wasConnected ? true : null),
      noPath: end.told?.no_path ?? null,
      keptUntilMs: end.told?.kept_until ?? null,
      text: end.text,
      atMs: this.parts_.now(),
    };
    this.call_?.close();
    this.worker_?.end();
    this.media_.close();
    this.config_.media?.close();
    this.signalling_?.close();
    if (this.sig_ && end.reason !== 'replaced') void this.keys_?.remove(this.sig_.name).catch(() => undefined);
    this.changed_();
  }

  /** e2ee.md 3, 4.7: this browser sends nothing more, and says which check failed. The socket stays, so that leaving works. */
  private stop_(code: ProblemCode, failure: Failure, idx: number | null): void {
    if (this.facts_.stopped || this.over_) return;
    this.facts_.stopped = true;
    this.facts_.problem = { code, detail: failure.detail ? `${failure.check}: ${failure.detail}` : failure.check, idx, fatal: true };
    this.worker_?.order({ type: 'halt' });
    this.media_.close();
    this.call_?.close();
    this.signalling_?.tell({ type: 'failed', check: failure.check, detail: failure.detail });
    if (code === 'exhausted') void this.bowOut_('exhausted');
    this.changed_();
  }

  private startWorker_(): CryptoWorker {
    const worker = this.parts_.startWorker();
    worker.onEvent = (event) => this.workerEvent_(event);
    worker.onLost = () => {
      this.facts_.problem = { code: 'worker_lost', detail: 'worker', idx: null, fatal: false };
      void this.rejoin_();
    };
    return worker;
  }

  private makeMedia_(): MediaLink {
    const { media, microphoneMuted, cameraOff } = this.config_;
    const muted = this.media_?.muted ?? { microphone: microphoneMuted ?? false, camera: cameraOff ?? false };
    const link = new MediaLink(media, muted, {
      makePeer: (events) => this.parts_.makePeer(this.worker_!, events),
      sessionOf,
      answer: (gen, sdp) => this.signalling_?.tell({ type: 'answer', gen, sdp }),
      restart: () => this.signalling_?.tellNow({ type: 'ice.restart' }) ?? false,
      refused: (check) => this.stop_('offer_refused', { check, detail: '' }, null),
      failed: (detail) => this.problem_('media_failed', detail, null),
      mended: () => {
        if (this.facts_.problem?.code === 'media_failed') this.facts_.problem = null;
        this.changed_();
      },
      changed: () => this.changed_(),
    });
    link.setAllowed(this.facts_?.media.allowed ?? false);
    return link;
  }

  // ---- from the server ----

  private push_(from: Signalling, message: ServerPush): void {
    if (from !== this.signalling_ || this.over_) return;
    // In order, and one after the other: opening a call takes time, its messages follow at once.
    this.inbox_ = this.inbox_.then(() => this.take_(from, message)).catch((error: unknown) => {
      this.problem_('refused', error instanceof Error ? error.message : 'push', null);
    });
  }

  private async take_(from: Signalling, message: ServerPush): Promise<void> {
    if (from !== this.signalling_ || this.over_) return;
    const facts = this.facts_;
    switch (message.type) {
      case 'welcome':
      case 'resync':
        await this.welcome_(message);
        if (message.type === 'resync') this.tellSelf_();
        break;
      case 'call.new':
        await this.newCall_(message.call);
        break;
      case 'e2ee':
        if (message.m?.t === 'Hello') await this.maybeRenewal_(message.m);
        await this.call_?.receive(message.m);
        break;
      case 'waiting':
        await this.waitingList_(message.list);
        break;
      case 'queue':
        facts.queuePlace = message.place;
        facts.placeKeptMin = message.kept_min;
        facts.waitingSinceMs = this.parts_.now() - message.waited_s * 1000;
        facts.adviser = message.adviser;
        break;
      case 'admitted':
        facts.queuePlace = null;
        break;
      case 'declined':
        this.ended_({ reason: 'declined', text: null, declined: message.reason, told: message });
        break;
      case 'offer':
        this.media_.offer(message.gen, message.sdp, message.map);
        break;
      case 'people':
        this.people_(message.list);
        break;
      case 'share':
        this.share_(message.participant);
        break;
      case 'recording':
        facts.recorder = { state: message.state, since: message.since, reason: message.reason ?? null };
        break;
      case 'media':
        facts.media = { allowed: message.allowed, reason: message.reason, endsAtMs: message.ends_at ?? null };
        this.media_.setAllowed(message.allowed);
        break;
      case 'held':
        facts.heldUntil = message.until;
        facts.heldCause = message.cause ?? null;
        await this.media_.setCarrying(false);
        break;
      case 'quality':
        facts.quality = { lossUp: message.loss_up, lossDown: message.loss_down, rttMs: message.rtt_ms };
        break;
      case 'guard':
        this.stop_('plaintext_guard', { check: 'plaintext_guard', detail: `slot ${message.slot}: ${message.reason}` }, null);
        break;
      case 'ended':
        await Promise.race([this.call_?.finish(), new Promise((resolve) => setTimeout(resolve, 500))]);
        this.ended_({ reason: message.reason, text: null, told: message });
        break;
      default:
        break; // A newer server may say more.
    }
    this.changed_();
  }

  private async welcome_(message: WelcomeFields): Promise<void> {
    const facts = this.facts_;
    // Another organisation than this page has talked to since it was loaded: nothing that it says is taken.
    if (facts.root !== '' && message.root !== facts.root) {
      const detail = `${await fingerprintWords(message.root)}, not ${await fingerprintWords(facts.root)}`;
      this.stop_('root_refused', { check: 'policy.root_changed', detail }, null);
      return;
    }
    facts.you = message.you;
    facts.meeting = message.meeting;
    facts.organisation = message.org.name;
    facts.root = message.root;
    facts.welcome = message;
    facts.participant = message.you.participant;
    if (facts.stopped) return;
    // The server has forgotten this presence and its endpoint while we were away: come in again, as after a reload.
    if (this.call_?.call === message.call && this.call_.selfIdx !== null && message.state === 'waiting') {
      void this.rejoin_();
      return;
    }
    // The same call as before (a resync): the chain goes on, what is known already changes nothing.
    // Another one: it began while we were away, and the worker's keys were those of the one before.
    if (this.call_?.call !== message.call) await this.openCall_(message.call, this.call_ !== null);
    else this.sendHello_();
    for (const signed of message.chain) await this.call_?.receive(signed);
    this.call_?.setServerSaysSteward(message.steward);
  }

  private async newCall_(call: string): Promise<void> {
    if (this.facts_.stopped || this.call_?.call === call) return;
    await this.media_.setCarrying(false);
    await this.openCall_(call, true);
    this.facts_.heldUntil = null;
    this.facts_.stewardSilent = false;
    if (this.facts_.problem?.code === 'steward_silent') this.facts_.problem = null;
    this.call_?.setServerSaysSteward(this.facts_.welcome?.steward ?? false);
  }

  private async openCall_(callId: string, reset: boolean): Promise<void> {
    const facts = this.facts_;
    const { welcome } = facts;
    const worker = this.worker_;
    if (!welcome || !worker) return;
    this.call_?.close();
    this.call_ = null;
    this.forgetSilence_();
    const policy = await checkPolicy(welcome.policy, welcome.root, welcome.meeting, this.parts_.roots, welcome.former ?? []);
    if ('check' in policy) return this.stop_(policy.check.startsWith('policy.root') ? 'root_refused' : 'policy_refused', policy, null);
    facts.rootFingerprint = await fingerprintWords(welcome.root);
    const meeting = uuid16(welcome.meeting.id);
    if (!meeting) return this.stop_('roster_refused', { check: 'roster.meeting', detail: welcome.meeting.id }, null);
    if (reset) await worker.request({ type: 'reset' });
    const name = sigKeyName(welcome.meeting.id, welcome.you.participant);
    this.sig_ = (await this.keys_?.load(name).catch(() => null)) ?? (await makeSigKey(name, this.parts_.now()));
    const role = welcome.you.role === 'staff' ? 'agent' : 'customer';
    const call = await SecureCall.open(
      {
        call: callId,
        meeting,
        role,
        name: welcome.you.name,
        policy,
        sig: this.sig_,
        worker,
        link: { secret: this.config_.linkSecret ?? null, accepted: this.parts_.accepted.holds(callId) },
      },
      {
        send: (signed: Signed) => this.signalling_?.request({ type: 'e2ee', m: signed }) ?? Promise.reject(new Refused('disconnected', '')),
        stop: (code, failure, idx) => this.stop_(code, failure, idx),
        problem: (code, detail, idx) => this.problem_(code, detail, idx),
        stewardSilent: (silent) => this.stewardSilent_(silent),
        active: () => {
          this.facts_.heldUntil = null;
          void this.media_.setCarrying(!this.facts_.stewardSilent);
          this.tellSelf_();
        },
        removed: (reason) => {
          // Who is being asked answers in the waiting room.
          if (reason === 'no_ack' && call.link.holds) this.changed_();
          else if (reason === 'no_ack' || reason === 'renew') void this.rejoin_();
          else void this.bowOut_('removed');
        },
        rosterChanged: (entry, before) => noteRoster(this.facts_, call, entry.roster.members, before?.roster.members ?? null, this.parts_.now(), entry.roster.reason === 'no_ack' ? 'dropped' : 'left'),
        changed: () => this.changed_(),
        slots: () => this.media_.slots(),
        now: () => this.parts_.now(),
      },
    );
    this.call_ = call;
    this.presence_(call);
    this.sig_ = { ...this.sig_, ep: call.ep, call: callId };
    await this.keys_?.save(this.sig_).catch(() => undefined);
    this.sendHello_();
  }

  /** Not before a person has answered who is asked at once: a Hello can be let in, and would be left out again. */
  private sendHello_(): void {
    const call = this.call_;
    if (!call || call.link.state === 'lost') return;
    this.signalling_?.request({ type: 'e2ee', m: call.hello.signed }).catch((error: unknown) => {
      const code = error instanceof Refused ? error.code : 'refused';
      if (code !== 'disconnected') this.problem_('refused', `Hello: ${code}`, null);
    });
  }

  // ---- people ----

  private async waitingList_(list: readonly WaitingEntry[]): Promise<void> {
    const mine = list.filter((w) => w.meeting === this.facts_.meeting?.id);
    const people: WaitingPerson[] = [];
    for (const entry of mine) {
      const hello = entry.hello ? await readSignedAs('Hello', entry.hello) : null;
      // A Hello of another call or of staff in the customers' queue is nobody that we could admit.
      const fits = hello !== null && hello.body.call === this.call_?.call && hello.body.role !== roleNumber.agent;
      people.push({ entry, hello: fits ? hello : null });
      if (fits) await this.call_?.link.judge(hello);
      if (fits && entry.hello) await this.maybeRenewal_(entry.hello);
    }
    this.waiting_ = people;
  }

  /** Somebody who reloaded the page comes in again without a click; everybody else waits for one. */
  private async maybeRenewal_(signed: Signed): Promise<void> {
    const call = this.call_;
    if (!call?.isSteward) return;
    const hello = await readSignedAs('Hello', signed);
    if (!hello || hello.body.ep === call.ep || !call.steward.isRenewal(hello.body) || call.steward.isQueued(hello.body.ep)) return;
    if (call.newest?.roster.members.some((m) => m.ep === hello.body.ep)) return;
    // Not without a click when the proof in its link is not ours.
    if ((await call.link.judge(hello)) === 'wrong') return;
    call.admit(hello, 'renew').catch(() => undefined);
  }

  private people_(list: readonly Person[]): void {
    notePeople(this.facts_, list, this.parts_.now());
    const call = this.call_;
    if (!call) return;
    this.presence_(call);
    for (const member of call.newest?.roster.members ?? []) {
      if (member.ep !== call.ep && hasLeft(this.facts_, member.ep)) call.remove(member.ep, 'leave');
    }
  }

  private presence_(call: SecureCall): void {
    call.setPresence((ep) => isPresent(this.facts_, ep));
  }

  private share_(participant: string | null): void {
    const oursIsOver = noteShare(this.facts_, participant, this.parts_.now());
    this.media_.screensChanged(participant !== null);
    // Somebody ended our share from outside.
    if (oursIsOver && this.config_.media?.screen) {
      this.config_.media.closeScreen();
      void this.media_.setScreenGranted(false);
    }
  }

  /** Endpoints of this person in the newest Roster. */
  private endpointsOf_(participant: string): string[] {
    const members = this.call_?.newest?.roster.members ?? [];
    return members.map((m) => m.ep).filter((ep) => this.facts_.ownerOf.get(ep) === participant);
  }

  /** Whoever has no link hears nobody: that is no silence of the adviser, nor is it yet one right after the link is back. */
  private linkChanged_(state: SessionFacts['link']): void {
    const facts = this.facts_;
    if (state !== 'online') facts.silenceIsOurs = true;
    else if (facts.silenceIsOurs) {
      const back = (this.backs_ += 1);
      setTimeout(() => {
        if (back !== this.backs_ || facts.link !== 'online') return;
        facts.silenceIsOurs = false;
        if (facts.stewardSilent) this.stewardSilent_(true);
      }, silenceAfterBackMs);
    }
    facts.link = state;
  }

  private forgetSilence_(): void {
    this.facts_.stewardSilent = false;
    if (this.facts_.problem?.code === 'steward_silent') this.facts_.problem = null;
  }

  private stewardSilent_(silent: boolean): void {
    this.facts_.stewardSilent = silent;
    if (silent && this.facts_.silenceIsOurs) {
      // What stops is the same; only the words, and what the log is told, would not be true.
      void this.media_.setCarrying(false);
      this.changed_();
      return;
    }
    if (silent) this.facts_.problem = { code: 'steward_silent', detail: 'steward.silent', idx: null, fatal: false };
    else if (this.facts_.problem?.code === 'steward_silent') this.facts_.problem = null;
    if (silent) this.signalling_?.tell({ type: 'failed', check: 'steward.silent', detail: '' });
    void this.media_.setCarrying(!silent && (this.call_?.sendEpoch ?? 0) > 0);
    this.changed_();
  }

  // ---- devices ----

  private async setDevice_(kind: 'microphone' | 'camera', on: boolean): Promise<void> {
    const local = this.config_.media;
    if (on && local && !local[kind]) await local.acquire(kind);
    this.media_.setMuted(kind, !on);
    await this.media_.localChanged();
    this.tellSelf_();
    this.changed_();
  }

  private deviceChanged_(kind: 'microphone' | 'camera' | 'screen', lost: boolean): void {
    if (lost && kind === 'screen') void this.stopShare();
    else if (lost) {
      this.facts_.happen('device_lost', kind, this.parts_.now());
      this.tellSelf_();
    }
    void this.media_.localChanged();
    this.changed_();
  }

  private tellSelf_(): void {
    const local = this.config_.media;
    const { muted } = this.media_;
    this.signalling_?.tell({ type: 'self', mic: !!local?.microphone && !muted.microphone, camera: !!local?.camera && !muted.camera });
  }

  // ---- small things ----

  private workerEvent_(event: WorkerEvent): void {
    if (event.type === 'counts') this.facts_.counts = event.counts;
    this.call_?.onWorkerEvent(event);
    this.media_.onWorkerEvent(event);
    this.changed_();
  }

  private problem_(code: ProblemCode, detail: string, idx: number | null): void {
    if (this.facts_.problem?.fatal) return;
    if (code === 'key_missing') this.keyMissingAtMs_ = this.parts_.now();
    this.facts_.problem = { code, detail, idx, fatal: false };
    this.changed_();
  }

  private async ask_(message: Parameters<Signalling['request']>[0]): Promise<void> {
    if (!this.signalling_) throw new Refused('disconnected', '');
    await this.signalling_.request(message);
  }

  private view_(): CallState {
    return viewOf(this.facts_, this.call_, this.media_, this.config_.media, this.waitingViews_());
  }

  private waitingViews_() {
    return this.waiting_.map(({ entry, hello }) => ({
      entry,
      hello,
      renews: !!hello && !!this.call_?.steward.isRenewal(hello.body),
    }));
  }

  /** Many changes in one turn make one new snapshot. */
  private changed_(): void {
    if (this.refresh_) return;
    this.refresh_ = true;
    queueMicrotask(() => {
      this.refresh_ = false;
      this.noteRoot_();
      this.noteConnected_();
      this.store_.set(this.view_());
    });
  }

  /** The organisation key is remembered once the link's secret has proven it, or the person goes on, or there is no secret. */
  private noteRoot_(): void {
    if (!this.call_ || this.call_.link.holds || this.facts_.stopped) return;
    if (this.keptRoot_ === this.call_) return;
    this.keptRoot_ = this.call_;
    this.parts_.roots.keep();
  }

  private noteConnected_(): void {
    const call = this.call_;
    const facts = call?.facts();
    if (!call || !facts || call.sendEpoch === 0 || !facts.acked || facts.waitingForMediaOf.length > 0) return;
    if (!this.facts_.wasConnected && this.media_.path !== 'up') return;
    this.facts_.connectedAt ??= this.parts_.now();
    this.facts_.wasConnected = true;
    const { problem } = this.facts_;
    // The worker tells of a missing key every second while it is missing.
    if (problem?.code === 'key_missing' && this.parts_.now() - this.keyMissingAtMs_ > 3000) this.facts_.problem = null;
    const name = `${call.call}/${call.sendEpoch}`;
    if (this.connectedSent_ === name) return;
    this.connectedSent_ = name;
    this.rejoins_ = 0;
    // What went wrong on the way here has been overcome.
    if (problem && !problem.fatal && problem.code !== 'steward_silent') this.facts_.problem = null;
    this.signalling_?.tell({ type: 'connected', call: call.call, epoch: call.sendEpoch });
  }
}

function asRefused(error: unknown): never {
  if (error instanceof Refused) throw error;
  throw new Refused(error instanceof Error ? error.message : 'refused', '');
}
