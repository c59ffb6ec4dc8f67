// The console's own socket: who waits in which of this person's meetings (signalling.md, `watch`). The list is whole each time;
// a lost socket is opened again with growing pauses, and the page says so meanwhile.

import type { WaitingEntry } from '../../protocol/index.ts';

export type WatchLink = 'connecting' | 'live' | 'lost';

export interface Watcher {
  onlist(list: readonly WaitingEntry[]): void;
  onlink(link: WatchLink): void;
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

export class Watch {
  readonly #watcher: Watcher;
  readonly #csrf: string;
  readonly #url: string;
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
      const list = waitingList(event.data);
      if (list === null) return;
      this.#failures = 0;
      this.#watcher.onlink('live');
      this.#watcher.onlist(list);
    });
    socket.addEventListener('close', () => {
      this.#socket = null;
      if (this.#closed) return;
      this.#watcher.onlink('lost');
      this.#timer = setTimeout(() => this.#open(), pauseMs(this.#failures, Math.random()));
      this.#failures += 1;
    });
  }
}
