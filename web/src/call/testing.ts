// For tests only: a server of one meeting in memory that follows docs/features/signalling.md as far as sessions can see, an
// organisation with its signed Policy, a recorder that opens and acknowledges keys, and workers and peers without a browser.
// The server can be told to misbehave: `tamper` sees every message before it is delivered.

import { randomUUID } from 'node:crypto';
import type { Farewell, Person, Policy, Roster, SenderKey, ServerPush, Signed } from '../protocol';
import { recorderIdx } from '../protocol';
import { acceptedIn, type AcceptedCall } from './accepted';
import type { CallConfig } from './api';
import { base64url, fromBase64url, random, type Bytes } from './bytes';
import { CryptoWorker, type WorkerPort } from './crypto_worker';
import type { LocalMedia } from './devices';
import { MemoryKeyStore } from './keys';
import type { HeldSecret } from './link_trust';
import type { PeerLike } from './media_link';
import { readSigned, readSignedAs, sign } from './messages';
import { rootsIn, type RootStore } from './roots';
import type { CallParts } from './parts';
import { CallSession } from './session';
import type { Socket } from './signalling';
import type { CallState } from './state';
import { WorkerCore, type EncodedFrame } from './worker/core';
import { generateKem, open } from './worker/hpke';
import type { PageMessage, TransformOptions, WorkerMessage } from './worker/protocol';
import { commitOf, wrapInfo } from './worker/senderkey';

export async function signingKey(): Promise<{ key: CryptoKey; point: string }> {
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])) as CryptoKeyPair;
  return { key: pair.privateKey, point: base64url(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))) };
}

export async function until(what: string, fact: () => boolean, ms = 8000): Promise<void> {
  const end = Date.now() + ms;
  while (!fact()) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Organisation {
  root: { key: CryptoKey; point: string };
  rec: { key: CryptoKey; point: string };
  kem: { secretKey: CryptoKey; point: Bytes };
  body: Policy;
  policy: Signed;
}

export const typeIds = { required: randomUUID(), never: randomUUID() };

export async function makeOrganisation(ver = 1, change: (policy: Policy) => void = () => undefined): Promise<Organisation> {
  const [root, rec, kem] = [await signingKey(), await signingKey(), await generateKem()];
  const now = Math.floor(Date.now() / 1000);
  const body: Policy = {
    org: 'Example Bank',
    ver,
    types: [
      { type_id: typeIds.required, version: 3, record: 'required', kinds: ['a', 'v'], pause_max_s: 60 },
      { type_id: typeIds.never, version: 1, record: 'never', kinds: [], pause_max_s: 0 },
    ],
    rec: { id: 'rec-1', kem: base64url(kem.point), sig: rec.point, nbf: now - 60, exp: now + 3600 },
    staff: [],
    next_root: null,
  };
  change(body);
  return { root, rec, kem, body, policy: (await sign('Policy', 'root', body, root.key)).signed };
}

/** One browser's memory of the organisation key. */
export class MemoryStorage {
  private readonly kept_ = new Map<string, string>();
  getItem = (name: string): string | null => this.kept_.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.kept_.set(name, value);
}
/** A page of a browser; without one, of a new browser. */
export const pageRoots = (storage = new MemoryStorage()): RootStore => rootsIn(() => storage);
/** A tab. */
export const newTab = (): AcceptedCall => {
  const storage = new MemoryStorage();
  return acceptedIn(() => storage);
};

type Fields = { type: string; id?: number; [name: string]: unknown };

class TestSocket implements Socket {
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onmessage: ((event: MessageEvent<string>) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  constructor(private readonly toServer_: (socket: TestSocket, message: Fields) => void) {
    setTimeout(() => {
      this.readyState = 1;
      this.onopen?.(new Event('open'));
    });
  }
  send(text: string): void {
    setTimeout(() => this.toServer_(this, JSON.parse(text) as Fields));
  }
  close(): void {
    this.drop(1000);
  }
  drop(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    setTimeout(() => this.onclose?.({ code } as CloseEvent));
  }
  deliver(message: object): void {
    const text = JSON.stringify(message);
    setTimeout(() => this.readyState === 1 && this.onmessage?.({ data: text } as MessageEvent<string>));
  }
}

interface Presence {
  participant: string;
  name: string;
  staff: boolean;
  token: string;
  socket: TestSocket | null;
  n: number;
  log: ServerPush[];
  hello: Signed | null;
  ep: string | null;
  state: Person['state'];
  silent: boolean;
}

export class TestServer {
  call = base64url(random(16));
  readonly meeting = randomUUID();
  readonly presences: Presence[] = [];
  readonly chain: Signed[] = [];
  readonly received: { participant: string; message: Fields }[] = [];
  /** Everything that was said, for the check against the contract. */
  readonly frames: ['ClientMessage' | 'ServerMessage', string][] = [];
  /** Sees every signed message to a participant; may change it, drop it (null), or add to it. */
  tamper: (m: Signed, to: string, from: string) => Signed[] | Promise<Signed[]> = (m) => [m];
  recorder: 'honest' | 'silent' = 'honest';
  mediaAllowed = true;
  /** Hears nothing any more. */
  deaf = false;
  /** What it says to whoever goes. */
  farewell: Farewell = {};
  private rosterMembers_ = new Set<string>();
  private roster_: Roster | null = null;
  private everMembers_ = new Set<string>();
  private recorderHave_: { epoch: number; idx: number; k: 1 | 2; commit: string }[] = [];
  private work_: Promise<void> = Promise.resolve();

  constructor(
    readonly org: Organisation,
    readonly type: 'required' | 'never',
  ) {}

  socketFor(who: { participant: string; name: string; staff: boolean }): Socket {
    return new TestSocket((socket, message) => {
      this.work_ = this.work_.then(() => this.handle_(who, socket, message)).catch((error) => console.error(error));
    });
  }

  presence(participant: string): Presence {
    return this.presences.find((p) => p.participant === participant)!;
  }

  push(presence: Presence, message: object): void {
    const push = { ...message, n: ++presence.n } as ServerPush;
    this.frames.push(['ServerMessage', JSON.stringify(push)]);
    presence.log.push(push);
    presence.socket?.deliver(push);
  }

  pushAll(message: object): void {
    for (const presence of this.presences) this.push(presence, message);
  }

  people(): void {
    const list: Person[] = this.presences.map((p) => ({
      participant: p.participant,
      role: p.staff ? 'staff' : 'customer',
      name: p.name,
      ep: p.ep ?? '',
      state: p.state,
      mic: true,
      camera: false,
      path: 'up',
      sharing: false,
      silent: p.silent,
    }));
    this.pushAll({ type: 'people', list });
  }

  waiting(): void {
    const list = this.presences
      .filter((p) => !p.staff && p.hello && !this.rosterMembers_.has(p.ep!) && p.state !== 'left')
      .map((p) => ({
        meeting: this.meeting,
        participant: p.participant,
        name: p.name,
        type_title: { en: 'Type', nl: 'Type' },
        since: Date.now(),
        notice: 'acknowledged',
        device: { camera: 'ok', microphone: 'ok', speaker: 'ok', network: 'good' },
        ready: p.hello !== null,
        hello: p.hello,
        second_device: false,
        away_since: null,
        path: 'up',
      }));
    for (const p of this.presences) if (p.staff) this.push(p, { type: 'waiting', list });
  }

  cut(participant: string): void {
    const p = this.presence(participant);
    p.socket?.drop(1006);
    p.socket = null;
  }

  setState(participant: string, state: Person['state']): void {
    this.presence(participant).state = state;
    this.people();
  }

  /** What an altered server says to a page that is open already. */
  resync(participant: string, change: object): void {
    const presence = this.presence(participant);
    const welcome = presence.log.find((p) => p.type === 'welcome')!;
    this.push(presence, { ...welcome, ...change, type: 'resync' });
  }

  /** As if the server had made up a signed message itself. */
  async inject(to: string, m: Signed, from = 'server'): Promise<void> {
    this.push(this.presence(to), { type: 'e2ee', m, from });
  }

  newCall(): void {
    this.call = base64url(random(16));
    this.chain.length = 0;
    this.recorderHave_ = [];
    this.roster_ = null;
    this.rosterMembers_.clear();
    this.everMembers_.clear();
    for (const p of this.presences) {
      p.hello = null;
      this.push(p, { type: 'call.new', call: this.call });
    }
  }

  private async handle_(who: { participant: string; name: string; staff: boolean }, socket: TestSocket, message: Fields): Promise<void> {
    if (this.deaf) return;
    this.received.push({ participant: who.participant, message });
    this.frames.push(['ClientMessage', JSON.stringify(message)]);
    const ok = (): void => socket.deliver({ type: 'ok', re: message.id });
    const presence = this.presences.find((p) => p.socket === socket);
    switch (message.type) {
      case 'enter':
        ok();
        return this.enter_(who, socket, message['resume'] as { token: string; last_n: number } | undefined);
      case 'e2ee':
        if (presence) await this.e2ee_(presence, message['m'] as Signed, ok);
        return;
      case 'leave':
        socket.deliver({ type: 'ok', re: message.id, ...this.farewell });
        if (presence) this.setState(presence.participant, 'left');
        return;
      case 'end':
        socket.deliver({ type: 'ok', re: message.id, ...this.farewell });
        this.pushAll({ type: 'ended', reason: 'staff', ...this.farewell });
        return;
      default:
        ok();
    }
  }

  private enter_(who: { participant: string; name: string; staff: boolean }, socket: TestSocket, resume?: { token: string; last_n: number }): void {
    const known = resume && this.presences.find((p) => p.token === resume.token);
    if (known) {
      known.socket?.drop(4001);
      known.socket = socket;
      for (const push of known.log.filter((p) => p.n > resume.last_n)) socket.deliver(push);
      return;
    }
    // A new page of the same person takes the place of the old one.
    const old = this.presences.findIndex((p) => p.participant === who.participant);
    if (old >= 0) {
      this.presences[old]!.socket?.drop(1006);
      this.presences.splice(old, 1);
    }
    const presence: Presence = { ...who, token: randomUUID(), socket, n: 0, log: [], hello: null, ep: null, state: 'waiting', silent: false };
    this.presences.push(presence);
    const type = this.org.body.types.find((t) => t.type_id === typeIds[this.type])!;
    this.push(presence, {
      type: 'welcome',
      you: { participant: who.participant, role: who.staff ? 'staff' : 'customer', name: who.name },
      meeting: {
        id: this.meeting,
        type_id: type.type_id,
        type_version: type.version,
        type_title: { en: 'Type', nl: 'Type' },
        record: type.record,
        kinds: type.kinds,
        adviser: 'J. Adviser',
        start: 0,
        duration_min: 45,
        pause_max_s: type.pause_max_s,
      },
      org: { name: 'Example Bank' },
      call: this.call,
      policy: this.org.policy,
      root: this.org.root.point,
      resume: presence.token,
      now: Date.now(),
      chain: who.staff ? this.chain : [],
      state: 'waiting',
      steward: who.staff,
    });
    this.push(presence, { type: 'media', allowed: this.mediaAllowed, reason: this.mediaAllowed ? 'ok' : 'not_admitted' });
  }

  private async e2ee_(presence: Presence, m: Signed, ok: () => void): Promise<void> {
    const message = await readSigned(m);
    if (!message) throw new Error('malformed message from a session');
    ok();
    // Said again after a reconnect: known by its bytes, as to the real server.
    if (this.chain.some((known) => known.t === m.t && known.b === m.b)) return;
    this.chain.push(m);
    if (message.t === 'Hello') {
      presence.hello = m;
      presence.ep = message.body.ep;
      this.waiting();
      this.people();
      return;
    }
    if (message.t === 'Roster') {
      this.roster_ = message.body;
      this.rosterMembers_ = new Set(message.body.members.map((x) => x.ep));
      for (const p of this.presences) {
        if (!p.ep || !this.rosterMembers_.has(p.ep)) continue;
        if (!this.everMembers_.has(p.ep)) {
          this.everMembers_.add(p.ep);
          p.state = 'admitted';
          if (!p.staff) this.push(p, { type: 'admitted' });
          // Joiners get the Hellos and every Roster first.
          for (const old of this.chain.filter((c) => c.t === 'Hello' || (c.t === 'Roster' && c !== m))) await this.deliver_(p, old, presence.participant);
        }
      }
      for (const p of this.presences) {
        if (p === presence || !p.ep || !this.everMembers_.has(p.ep)) continue;
        for (const hello of this.chain.filter((c) => c.t === 'Hello')) await this.deliver_(p, hello, presence.participant);
        await this.deliver_(p, m, presence.participant);
      }
      this.waiting();
      this.people();
      return;
    }
    for (const p of this.presences) if (p !== presence && p.ep && this.rosterMembers_.has(p.ep)) await this.deliver_(p, m, presence.participant);
    if (message.t === 'SenderKey' && this.recorder === 'honest') await this.recorderAck_(message.body);
  }

  private async deliver_(to: Presence, m: Signed, from: string): Promise<void> {
    for (const out of await this.tamper(m, to.participant, from)) this.push(to, { type: 'e2ee', m: out, from });
  }

  private async recorderAck_(key: SenderKey): Promise<void> {
    if (!this.roster_?.rec) return;
    const context = { call: fromBase64url(key.call)!, epoch: key.epoch, roster: fromBase64url(key.roster)! };
    for (const k of [1, 2] as const) {
      const wrap = key.wraps.find((w) => w.to === recorderIdx && w.k === k);
      if (!wrap) continue;
      const text = k === 1 ? key.commits.a : key.commits.v;
      const commit = fromBase64url(text)!;
      const opened = await open(this.org.kem, fromBase64url(wrap.enc)!, wrapInfo(context, key.from, recorderIdx, k), commit, fromBase64url(wrap.ct)!);
      if (!opened || base64url(await commitOf(context, key.from, k, opened)) !== text) return;
      this.recorderHave_.push({ epoch: key.epoch, idx: key.from, k, commit: text });
    }
    const have = this.recorderHave_.filter((one) => one.epoch === key.epoch).map(({ idx, k, commit }) => ({ idx, k, commit })).sort((a, b) => a.idx - b.idx || a.k - b.k);
    const ack = await sign('KeyAck', 'rec', { call: key.call, epoch: key.epoch, roster: key.roster, from: recorderIdx, have }, this.org.rec.key);
    this.chain.push(ack.signed);
    for (const p of this.presences) if (p.ep && this.rosterMembers_.has(p.ep)) await this.deliver_(p, ack.signed, 'recorder');
  }
}

/** A worker's core in this thread, and the streams of its transforms by name. */
export class TestWorker implements WorkerPort {
  readonly core: WorkerCore;
  dead = false;
  private listeners_: ((event: MessageEvent<WorkerMessage>) => void)[] = [];
  /** Frames that came out of a transform. */
  readonly out = new Map<string, Uint8Array[]>();
  /** What the page has asked for. */
  readonly orders: PageMessage[] = [];
  private readonly inputs_ = new Map<string, WritableStreamDefaultWriter<EncodedFrame>>();

  constructor() {
    this.core = new WorkerCore((message) => {
      setTimeout(() => {
        if (!this.dead) for (const listener of this.listeners_) listener({ data: message } as MessageEvent<WorkerMessage>);
      });
    });
  }

  postMessage(message: PageMessage): void {
    this.orders.push(message);
    setTimeout(() => {
      if (!this.dead) void this.core.handle(message);
    });
  }

  addEventListener(type: 'message' | 'error', listener: ((event: MessageEvent<WorkerMessage>) => void) | ((event: Event) => void)): void {
    if (type === 'message') this.listeners_.push(listener as (event: MessageEvent<WorkerMessage>) => void);
  }

  terminate(): void {
    this.dead = true;
  }

  /** As if the core had said it. */
  say(message: WorkerMessage): void {
    for (const listener of this.listeners_) listener({ data: message } as MessageEvent<WorkerMessage>);
  }

  attach(options: TransformOptions): void {
    const input = new TransformStream<EncodedFrame, EncodedFrame>();
    this.inputs_.set(options.stream, input.writable.getWriter());
    const frames: Uint8Array[] = [];
    this.out.set(options.stream, frames);
    const writable = new WritableStream<EncodedFrame>({ write: (frame) => void frames.push(new Uint8Array(frame.data)) });
    this.core.attach({ readable: input.readable, writable, options });
  }

  feed(stream: string, data: Uint8Array): void {
    if (!this.dead) void this.inputs_.get(stream)?.write({ data: data.slice().buffer, getMetadata: () => ({ synchronizationSource: 1 }) });
  }
}

/** Answers offers, attaches the three uplinks and a downlink each; remembers what is carried. */
export class TestPeer implements PeerLike {
  session: string | null = null;
  state: RTCPeerConnectionState = 'connected';
  readonly carried = new Map<number, unknown>();
  closed = false;
  constructor(private readonly worker_: TestWorker) {}
  async accept(offer: string): Promise<string> {
    this.session = offer;
    for (const slot of [0, 1, 2] as const) this.worker_.attach({ direction: 'send', stream: `up/${slot}`, slot });
    this.worker_.attach({ direction: 'receive', stream: 'down/audio', kind: 'audio' });
    return 'answer';
  }
  noteAttached(): void {}
  async carry(slot: number, track: unknown): Promise<boolean> {
    this.carried.set(slot, track);
    return true;
  }
  async requestKeyFrame(): Promise<void> {}
  async framesDecoded(): Promise<Map<string, number>> {
    return new Map();
  }
  close(): void {
    this.closed = true;
  }
}

export interface TestPerson {
  session: CallSession;
  worker: () => TestWorker;
  peer: () => TestPeer | null;
  states: CallState[];
  participant: string;
  keys: MemoryKeyStore;
}

export const opusFrame = new Uint8Array([0x78, 1, 2, 3, 4, 5]);

/** A person with a microphone. `keys` of an earlier page makes this a reload of that page. */
export function person(server: TestServer, staff: boolean, name: string, options: { keys?: MemoryKeyStore; roots?: RootStore; tab?: AcceptedCall; linkSecret?: HeldSecret; participant?: string; now?: () => number } = {}): TestPerson {
  const participant = options.participant ?? name;
  let worker: TestWorker | null = null;
  let peer: TestPeer | null = null;
  const keys = options.keys ?? new MemoryKeyStore();
  const parts: Partial<CallParts> = {
    openSocket: () => server.socketFor({ participant, name, staff }),
    startWorker: () => new CryptoWorker((worker = new TestWorker())),
    makePeer: () => (peer = new TestPeer(worker!)),
    openKeys: async () => keys,
    roots: options.roots ?? pageRoots(),
    accepted: options.tab ?? newTab(),
    now: options.now ?? (() => Date.now()),
  };
  const track = { enabled: true, kind: 'audio', stop: () => undefined } as unknown as MediaStreamTrack;
  const media = { microphone: track, camera: null, screen: null, trouble: {}, onChange: null, close: () => undefined } as unknown as LocalMedia;
  const config: CallConfig = { as: staff ? 'staff' : 'guest', csrf: 'x', meeting: staff ? server.meeting : null, media, socketUrl: 'test:', linkSecret: options.linkSecret ?? null };
  const session = new CallSession(config, parts);
  const states: CallState[] = [];
  session.subscribe((state) => states.push(state));
  return { session, worker: () => worker!, peer: () => peer, states, participant, keys };
}

/** Both in, customer admitted. Frames flow only by `speak`. */
export async function admitted(server: TestServer, agent: TestPerson, customer: TestPerson): Promise<void> {
  await agent.session.start();
  await customer.session.start();
  for (const p of [agent, customer]) {
    await until('welcome', () => server.presences.some((x) => x.participant === p.participant));
    server.push(server.presence(p.participant), { type: 'offer', gen: 1, sdp: 'v=0', map: [] });
  }
  await until('somebody waits', () => agent.session.state.waiting.some((w) => w.ep !== ''));
  const waiting = agent.session.state.waiting[0]!;
  await agent.session.admit(waiting.ep, waiting.helloHash);
}

/** Carries one frame from one person's microphone to the others, as the SFU would. Returns what went over the wire. */
export async function speak(from: TestPerson, to: TestPerson[]): Promise<Uint8Array> {
  const out = from.worker().out.get('up/0')!;
  const before = out.length;
  from.worker().feed('up/0', opusFrame);
  await until('a frame leaves', () => out.length > before);
  const frame = out[before]!;
  for (const p of to) p.worker().feed('down/audio', frame);
  return frame;
}

export async function readAs<T extends Signed['t']>(t: T, m: Signed) {
  return (await readSignedAs(t, m))!;
}
