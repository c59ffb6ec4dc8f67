// The smallest observable value: Svelte's store contract (`subscribe` calls at once, then on each change) without Svelte.
// A listener that throws doesn't keep the others from hearing.

export type Listener<T> = (value: T) => void;

export class Observable<T> {
  private value_: T;
  private listeners_ = new Set<Listener<T>>();

  constructor(initial: T) {
    this.value_ = initial;
  }

  get value(): T {
    return this.value_;
  }

  set(value: T): void {
    this.value_ = value;
    for (const listener of [...this.listeners_]) {
      try {
        listener(value);
      } catch (error) {
        // The page's mistake; the call goes on.
        console.error(error);
      }
    }
  }

  subscribe(listener: Listener<T>): () => void {
    this.listeners_.add(listener);
    listener(this.value_);
    return () => {
      this.listeners_.delete(listener);
    };
  }
}
