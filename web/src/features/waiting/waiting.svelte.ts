import type { DeclineReason, WaitingEntry } from '../../protocol/index.ts';
import { declineByEntering } from './decline.ts';
import { Watch, type WatchLink } from './watch.ts';

/** Who waits now, for the whole console: one socket, however many pages read it. */
export class WaitingNow {
  list = $state.raw<readonly WaitingEntry[]>([]);
  link = $state<WatchLink>('connecting');
  #watch: Watch | null = null;
  #csrf = '';

  open(csrf: string): void {
    this.close();
    this.#csrf = csrf;
    this.#watch = new Watch(
      {
        onlist: (list) => {
          this.list = [...list].sort((a, b) => a.since - b.since);
        },
        onlink: (link) => {
          this.link = link;
        },
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

  /** Rejects when the server did not say yes. */
  decline(person: WaitingEntry, reason: DeclineReason): Promise<void> {
    return declineByEntering(this.#csrf, person, reason);
  }
}
