// Out of a running call nobody goes by accident: Back, Forward, a typed address and a link inside of the console change the
// fragment, and the page turns only when the person has said so.
//
//   hashchange ─► asksFirst() ─► guard(go)? ─► no: the page turns
//                                     └ yes: the call's address stands again, the person is asked; go() sets the wanted one

export type Guard = (go: () => void) => boolean;

export class Leaving {
  #guard: Guard | null = null;
  /** Where the guarded page is. */
  #here = '';

  constructor(
    private readonly address: Pick<Location, 'hash'>,
    private readonly past: Pick<History, 'pushState'>,
  ) {}

  guard(guard: Guard | null): void {
    this.#guard = guard;
    this.#here = this.address.hash;
  }

  /** To be called when the fragment has changed. True: the page stays as it is. */
  asksFirst(): boolean {
    const wanted = this.address.hash;
    if (this.#guard === null || wanted === this.#here) return false;
    const asks = this.#guard(() => {
      this.#guard = null;
      this.address.hash = wanted;
    });
    // A new entry: Back has taken the call's own, and what lay before it stays where it was.
    if (asks) this.past.pushState(null, '', this.#here);
    return asks;
  }
}
