// A list that comes in pages: what is there, whether there is more, what went wrong. A newer question aborts the one before it,
// so that a late answer never replaces a newer one.

import { ApiError } from './http.ts';
import { explain, type Explained } from './problem.ts';

export interface Page<T, C> {
  readonly items: readonly T[];
  /** Where the next page begins; null: this was the last. */
  readonly next: C | null;
}

export class Paged<T, C> {
  /** Null until the first page is there. */
  items = $state.raw<readonly T[] | null>(null);
  problem = $state.raw<Explained | null>(null);
  busy = $state(false);
  #next = $state.raw<C | null>(null);
  #asked: AbortController | null = null;
  readonly #ask: (cursor: C | null, signal: AbortSignal) => Promise<Page<T, C>>;

  constructor(ask: (cursor: C | null, signal: AbortSignal) => Promise<Page<T, C>>) {
    this.#ask = ask;
  }

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** The first page; what is shown stays until it is there. */
  load(): Promise<void> {
    return this.#take(null, []);
  }

  /** Another list than before: nothing of it is known yet. */
  restart(): Promise<void> {
    this.items = null;
    this.#next = null;
    return this.load();
  }

  more(): Promise<void> {
    return this.#take(this.#next, this.items ?? []);
  }

  /** After a failure: what was asked for. */
  again(): Promise<void> {
    return this.items === null ? this.load() : this.more();
  }

  stop(): void {
    this.#asked?.abort();
  }

  async #take(cursor: C | null, before: readonly T[]): Promise<void> {
    this.stop();
    const mine = new AbortController();
    this.#asked = mine;
    this.problem = null;
    this.busy = true;
    try {
      const page = await this.#ask(cursor, mine.signal);
      if (mine.signal.aborted) return;
      this.items = [...before, ...page.items];
      this.#next = page.next;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!mine.signal.aborted) this.problem = explain(error);
    } finally {
      if (this.#asked === mine) this.busy = false;
    }
  }
}
