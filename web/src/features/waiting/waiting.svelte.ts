import type { DeclineReason, WaitingEntry } from '../../protocol/index.ts';
import { http } from '../../lib/http.ts';
import { NotDeclined, Watch, type WatchLink } from './watch.ts';

/** Who waits now, for the whole console: one socket, however many pages read it. */
export class WaitingNow {
  list = $state.raw<readonly WaitingEntry[]>([]);
  link = $state<WatchLink>('connecting');
  #watch: Watch | null = null;

  open(csrf: string): void {
    this.close();
    this.#watch = new Watch(
      {
        onlist: (list) => {
          this.list = [...list].sort((a, b) => a.since - b.since);
        },
        onlink: (link) => {
          this.link = link;
        },
        onended: () => http.onUnauthenticated?.(),
      },
      csrf,
    );
  }

  close(): void {
    this.#watch?.close();
    this.#watch = null;
    this.list = [];
    this.link = 'connecting';
  }

  /** Rejects with `NotDeclined` when the server did not say yes. */
  decline(person: WaitingEntry, reason: DeclineReason): Promise<void> {
    return this.#watch?.decline(person, reason) ?? Promise.reject(new NotDeclined('lost', ''));
  }
}
