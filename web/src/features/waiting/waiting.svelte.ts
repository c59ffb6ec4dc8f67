import type { DeclineReason, WaitingEntry } from '../../protocol/index.ts';
import { http } from '../../lib/http.ts';
import { NotDeclined, Watch, type WatchLink } from './watch.ts';

/** Who waits now, for the whole console: one socket, however many pages read it. */
export class WaitingNow {
  list = $state.raw<readonly WaitingEntry[]>([]);
  link = $state<WatchLink>('connecting');
  #watch: Watch | null = null;
  #chosen: { readonly meeting: string; readonly participant: string } | null = null;

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

  /**
   * "Admit" was clicked on the list: the meeting's page that opens next carries it out. Kept here and never in the address: an
   * address that lets somebody in could be sent to the adviser by the one who waits.
   */
  choose(person: WaitingEntry): void {
    this.#chosen = { meeting: person.meeting, participant: person.participant };
  }

  /** The participant who was chosen in this meeting; once. */
  takeChosen(meeting: string): string | null {
    const chosen = this.#chosen;
    this.#chosen = null;
    return chosen?.meeting === meeting ? chosen.participant : null;
  }

  /** Rejects with `NotDeclined` when the server did not say yes. */
  decline(person: WaitingEntry, reason: DeclineReason): Promise<void> {
    return this.#watch?.decline(person, reason) ?? Promise.reject(new NotDeclined('lost', ''));
  }
}
