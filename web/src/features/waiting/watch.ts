// The console's own socket: who waits in which of this person's meetings (signalling.md, `watch`). The list is whole each time;
// a lost socket is opened again with growing pauses, and the page says so meanwhile. It can decline without entering.

import type { DeclineReason, WaitingEntry } from '../../protocol/index.ts';

export type WatchLink = 'connecting' | 'live' | 'lost';

export interface Watcher {
  onlist(list: readonly WaitingEntry[]): void;
  onlink(link: WatchLink): void;
  /** The session behind this page is over: no further attempt is made. */
  onended(): void;
}

const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** Pause before the next try: doubles up to half a minute, with a third of it left to chance so that not all consoles come at once. */
export function pauseMs(failures: number, chance: number): number {
  const base = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10));
  return Math.round(base * (2 / 3 + chance / 3));
}

/** The list of a `waiting` push, or null for anything else. */
export function waitingList(text: unknown): readonly WaitingEntry[] | null {
  if (typeof text !== 'string') return null;
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null) return null;
    const { type, list } = message as { type?: unknown; list?: unknown };
    return type === 'waiting' && Array.isArray(list) ? (list as WaitingEntry[]) : null;
  } catch {
    return null;
  }
}

/** `code` is the server's, or 'lost' when it is not known whether it was heard. */
export class NotDeclined extends Error {
  constructor(readonly code: string, text: string) {
    super(text);
  }
}

interface Asked {
  resolve(): void;
  reject(error: NotDeclined): void;
}

const answerWithinMs = 10_000;

/** The answer to one of our messages, or null for anything else. */
export function answerOf(text: unknown): { re: number; code: string; text: string } | null {
  if (typeof text !== 'string') return null;
  try {
    const message = JSON.parse(text) as { type?: unknown; re?: unknown; code?: unknown; text?: unknown } | null;
    if (message === null || typeof message !== 'object' || typeof message.re !== 'number') return null;
    if (message.type === 'ok') return { re: message.re, code: 'ok', text: '' };
    if (message.type !== 'refused') return null;
    return { re: message.re, code: String(message.code), text: typeof message.text === 'string' ? message.text : '' };
  } catch {
    return null;
  }
}

export class Watch {
  readonly #watcher: Watcher;
  readonly #csrf: string;
  readonly #url: string;
  readonly #asked = new Map<number, Asked>();
  #nextId = 2; // 1 is the first message's, on each socket
  #socket: WebSocket | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(watcher: Watcher, csrf: string, url: string = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/call`) {
    this.#watcher = watcher;
    this.#csrf = csrf;
    this.#url = url;
    addEventListener('online', this.#again);
    this.#open();
  }

  close(): void {
    this.#closed = true;
    removeEventListener('online', this.#again);
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  /** Resolves when the person was told; rejects with `NotDeclined`. */
  decline(person: WaitingEntry, reason: DeclineReason): Promise<void> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(new NotDeclined('lost', ''));
    const id = this.#nextId++;
    return new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => {
        this.#asked.delete(id);
        reject(new NotDeclined('lost', ''));
      }, answerWithinMs);
      this.#asked.set(id, {
        resolve: () => {
          clearTimeout(limit);
          resolve();
        },
        reject: (error) => {
          clearTimeout(limit);
          reject(error);
        },
      });
      socket.send(JSON.stringify({ type: 'decline', id, meeting: person.meeting, participant: person.participant, reason }));
    });
  }

  #answered(answer: { re: number; code: string; text: string }): void {
    const asked = this.#asked.get(answer.re);
    this.#asked.delete(answer.re);
    if (answer.code === 'ok') asked?.resolve();
    else asked?.reject(new NotDeclined(answer.code, answer.text));
  }

  readonly #again = (): void => {
    if (this.#closed || this.#socket !== null) return;
    clearTimeout(this.#timer);
    this.#open();
  };

  #open(): void {
    this.#watcher.onlink(this.#failures === 0 ? 'connecting' : 'lost');
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ type: 'watch', id: 1, as: 'staff', csrf: this.#csrf }));
    });
    socket.addEventListener('message', (event) => {
      const answer = answerOf(event.data);
      if (answer?.re === 1 && answer.code === 'session.missing') {
        this.close();
        this.#watcher.onended();
        return;
      }
      if (answer !== null) return this.#answered(answer);
      const list = waitingList(event.data);
      if (list === null) return;
      this.#failures = 0;
      this.#watcher.onlink('live');
      this.#watcher.onlist(list);
    });
    socket.addEventListener('close', () => {
      this.#socket = null;
      for (const asked of this.#asked.values()) asked.reject(new NotDeclined('lost', ''));
      this.#asked.clear();
      if (this.#closed) return;
      this.#watcher.onlink('lost');
      this.#timer = setTimeout(() => this.#open(), pauseMs(this.#failures, Math.random()));
      this.#failures += 1;
    });
  }
}
