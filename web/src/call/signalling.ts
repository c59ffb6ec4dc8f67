// The call's WebSocket: requests with `id` answered by `ok` or `refused`, pushes numbered by `n`, and resuming after a drop.
//
//   open ─► enter ─► ok, welcome … ─► (lost) ─► back-off ─► enter {resume {token, last_n}} ─► ok, replay … | resync
//
// A presence outlives its socket by 30 s: within that time the link is 'reconnecting', later 'offline' (we go on trying and
// are then answered with `resync`). Signed messages and answers that were not replied to are sent again after a resume, in
// order; the server knows them by their bytes. Everything else that was under way is refused with `disconnected`.
//
// Thread: the page's. No clock of its own but timers.

import {
  closeMalformed,
  closeReplaced,
  maxMessageBytes,
  parseServerMessage,
  type ClientMessage,
  type Resume,
  type ServerPush,
} from '../protocol';
import { Refused } from './api';

export const resumeWithinMs = 30_000;
const backOffMs = [250, 500, 1000, 2000, 4000, 8000];
const replyWithinMs = 10_000;
const replyAtMostMs = 60_000;
const lookEveryMs = 2000;
/** `WebSocket.OPEN` */
const isOpen = 1;
/**
 * A connection that was begun without a network waits for its next packet longer than the network may be away. Each attempt has
 * more time than the one before: where all is slow, giving up early would never get through.
 */
const openWithinMs = [8_000, 12_000, 20_000];

export type EnterMessage = Extract<ClientMessage, { type: 'enter' | 'watch' }>;

export interface SignallingEvents {
  push(message: ServerPush): void;
  link(state: 'online' | 'reconnecting' | 'offline'): void;
  /** No further attempt is made: another tab took over, or the server refused us. */
  gone(reason: 'replaced' | 'refused', refusal: Refused | null): void;
}

interface Pending {
  message: ClientMessage;
  resolve: (fields: Record<string, unknown>) => void;
  reject: (error: Refused) => void;
  again: boolean;
  sentMs: number;
}

/** What is used of a WebSocket. */
export interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: ((event: Event) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onmessage: ((event: MessageEvent<string>) => void) | null;
  onerror: ((event: Event) => void) | null;
}

export class Signalling {
  private socket_: Socket | null = null;
  private entered_ = false;
  private closed_ = false;
  private lastWords_ = false;
  private nextId_ = 1;
  private lastN_ = 0;
  private token_: string | null = null;
  private attempt_ = 0;
  /** Attempts that were given up before the socket opened, one after the other. */
  private unopened_ = 0;
  private heardAtMs_ = 0;
  private lookedAtMs_ = 0;
  private excused_ = false;
  private lostAtMs_: number | null = null;
  private timer_: ReturnType<typeof setTimeout> | null = null;
  private opening_: ReturnType<typeof setTimeout> | null = null;
  private readonly pending_ = new Map<number, Pending>();
  /** Ids of messages that wait for a socket, in order. */
  private waiting_: number[] = [];
  private first_: { resolve: () => void; reject: (error: Refused) => void } | null = null;
  private readonly watchdog_: ReturnType<typeof setInterval>;
  private readonly onOnline_ = (): void => this.hurry();

  constructor(
    private readonly enter_: EnterMessage,
    private readonly open_: () => Socket,
    private readonly events_: SignallingEvents,
  ) {
    this.watchdog_ = setInterval(() => this.checkReplies_(), lookEveryMs);
    globalThis.addEventListener?.('online', this.onOnline_);
  }

  /** Resolves when the server has let us in for the first time. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.first_ = { resolve, reject };
      this.connect_();
    });
  }

  /** Resolves with the fields of `ok`; rejects with `Refused`. */
  request(message: ClientMessage): Promise<Record<string, unknown>> {
    if (this.closed_) return Promise.reject(new Refused('disconnected', ''));
    const id = this.nextId_++;
    const again = message.type === 'e2ee' || message.type === 'answer' || message.type === 'failed';
    return new Promise((resolve, reject) => {
      this.pending_.set(id, { message, resolve, reject, again, sentMs: Date.now() });
      if (this.entered_) this.send_(id, message);
      else this.waiting_.push(id);
    });
  }

  /** As `request`, for messages whose refusal changes nothing for us. */
  tell(message: ClientMessage): void {
    this.request(message).catch(() => undefined);
  }

  /** As `tell`, for what is worth nothing later. False: there is no link now. */
  tellNow(message: ClientMessage): boolean {
    if (this.entered_) this.tell(message);
    return this.entered_;
  }

  /** The network is said to be back: don't wait for the back-off, nor for a connection that was begun without a network. */
  hurry(): void {
    if (this.closed_ || (this.socket_ && this.opening_ === null)) return;
    if (this.socket_) {
      const socket = this.socket_;
      this.socket_ = null;
      this.stopOpening_();
      socket.close();
    }
    if (this.timer_ !== null) clearTimeout(this.timer_);
    this.attempt_ = 0;
    this.connect_();
  }

  /** Drops the socket so that the resume path is taken: for a page that notices a changed network before the socket does. */
  reconnect(): void {
    const socket = this.socket_;
    this.socket_ = null;
    socket?.close();
    this.lost_(0);
  }

  /** What is under way may still go out; a lost socket isn't opened again. */
  lastWords(): void {
    this.lastWords_ = true;
  }

  close(): void {
    if (this.closed_) return;
    this.closed_ = true;
    clearInterval(this.watchdog_);
    globalThis.removeEventListener?.('online', this.onOnline_);
    if (this.timer_ !== null) clearTimeout(this.timer_);
    this.stopOpening_();
    const socket = this.socket_;
    this.socket_ = null;
    if (socket) {
      socket.onclose = socket.onmessage = socket.onopen = socket.onerror = null;
      socket.close(1000);
    }
    for (const [, waiting] of this.pending_) waiting.reject(new Refused('disconnected', ''));
    this.pending_.clear();
  }

  private connect_(): void {
    this.timer_ = null;
    const socket = this.open_();
    this.socket_ = socket;
    this.entered_ = false;
    this.stopOpening_();
    this.opening_ = setTimeout(() => {
      if (this.socket_ === socket) this.reconnect();
    }, openWithinMs[Math.min(this.unopened_++, openWithinMs.length - 1)]);
    socket.onopen = () => {
      if (this.socket_ !== socket) return;
      this.stopOpening_();
      this.unopened_ = 0;
      const resume: Resume | null = this.token_ === null ? null : { token: this.token_, last_n: this.lastN_ };
      const id = this.nextId_++;
      const message: ClientMessage = this.enter_.type === 'enter' && resume ? { ...this.enter_, resume } : this.enter_;
      this.pending_.set(id, {
        message,
        resolve: () => this.haveEntered_(),
        reject: (refusal) => this.refusedEntry_(refusal),
        again: false,
        sentMs: Date.now(),
      });
      this.send_(id, message);
    };
    socket.onmessage = (event) => {
      if (this.socket_ !== socket) return;
      this.heardAtMs_ = Date.now();
      this.receive_(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket_ === socket) this.lost_(event.code);
    };
    socket.onerror = () => undefined; // `close` follows.
  }

  private stopOpening_(): void {
    if (this.opening_ !== null) clearTimeout(this.opening_);
    this.opening_ = null;
  }

  private haveEntered_(): void {
    this.entered_ = true;
    this.attempt_ = 0;
    this.lostAtMs_ = null;
    this.events_.link('online');
    for (const old of this.waiting_.splice(0)) {
      const waiting = this.pending_.get(old);
      if (!waiting) continue;
      // A new number: ids rise on each socket, and `enter` has just taken one.
      this.pending_.delete(old);
      const id = this.nextId_++;
      this.pending_.set(id, waiting);
      this.send_(id, waiting.message);
    }
    this.first_?.resolve();
    this.first_ = null;
  }

  private refusedEntry_(refusal: Refused): void {
    // A refused resume means that the presence is over: enter anew, the server answers with the whole state.
    if (this.token_ !== null && refusal.code !== 'disconnected' && refusal.code.startsWith('resume')) {
      this.token_ = null;
      this.lastN_ = 0;
      this.reconnect();
      return;
    }
    if (refusal.code === 'disconnected') return;
    const first = this.first_;
    this.first_ = null;
    this.close();
    if (first) first.reject(refusal);
    else this.events_.gone('refused', refusal);
  }

  private receive_(text: string): void {
    const message = parseServerMessage(text);
    if (!message) return;
    if (message.type === 'ok' || message.type === 'refused') {
      if (message.re === undefined) return;
      const waiting = this.pending_.get(message.re);
      this.pending_.delete(message.re);
      if (message.type === 'ok') waiting?.resolve(message);
      else waiting?.reject(new Refused(message.code, message.text ?? '', message.who ?? []));
      return;
    }
    // A new presence starts counting anew.
    if (message.type === 'welcome' || message.type === 'resync') {
      // A server that was restarted knows the token by its hash only: the one that was given stays good.
      this.token_ = message.resume ?? this.token_;
    } else if (message.n <= this.lastN_) return;
    this.lastN_ = message.n;
    this.events_.push(message);
  }

  private lost_(code: number): void {
    this.stopOpening_();
    this.socket_ = null;
    this.entered_ = false;
    if (this.closed_) return;
    if (this.lastWords_) {
      this.close();
      return;
    }
    if (code === closeReplaced) {
      this.close();
      this.events_.gone('replaced', null);
      return;
    }
    const replay: number[] = [];
    for (const [id, waiting] of [...this.pending_]) {
      if (this.waiting_.includes(id)) continue;
      if (waiting.again && code !== closeMalformed) {
        replay.push(id);
        continue;
      }
      this.pending_.delete(id);
      waiting.reject(new Refused('disconnected', ''));
    }
    this.waiting_ = [...replay, ...this.waiting_];
    this.lostAtMs_ ??= Date.now();
    this.events_.link(Date.now() - this.lostAtMs_ < resumeWithinMs ? 'reconnecting' : 'offline');
    const base = backOffMs[Math.min(this.attempt_++, backOffMs.length - 1)]!;
    // Spread, so that a restarted server isn't met by everybody in one moment.
    this.timer_ = setTimeout(() => this.connect_(), base / 2 + Math.random() * base);
  }

  private send_(id: number, message: ClientMessage): void {
    const text = JSON.stringify({ ...message, id });
    const waiting = this.pending_.get(id);
    if (waiting) waiting.sentMs = Date.now();
    if (text.length > maxMessageBytes) {
      this.pending_.delete(id);
      waiting?.reject(new Refused('too_long', ''));
      return;
    }
    // One that the other side has begun to close takes nothing more; what waits is then sent again, or refused.
    if (this.socket_?.readyState === isOpen) this.socket_.send(text);
  }

  /**
   * A socket that doesn't answer is dead, whatever the system says: phones keep them open for minutes. One on which something
   * else comes is slow, and a new one would be slower still.
   */
  private checkReplies_(): void {
    const now = Date.now();
    // A page that was not run for a while has not read yet what came meanwhile: it has one look more.
    const slept = now - this.lookedAtMs_ > 2 * lookEveryMs;
    this.lookedAtMs_ = now;
    this.excused_ = slept && !this.excused_;
    if (this.excused_) return;
    for (const [id, waiting] of this.pending_) {
      if (this.waiting_.includes(id) || now - waiting.sentMs < replyWithinMs) continue;
      if (now - this.heardAtMs_ < replyWithinMs && now - waiting.sentMs < replyAtMostMs) continue;
      this.reconnect();
      return;
    }
  }
}
