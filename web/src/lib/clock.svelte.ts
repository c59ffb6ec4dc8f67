import { createSubscriber } from 'svelte/reactivity';

/** The time as a reactive value: what reads `now` is shown anew each second while it is on screen, and costs nothing afterwards. */
class Clock {
  /** How far the server's clock is ahead of ours; set by the HTTP client from the answers' Date. Countdowns count to server times. */
  offsetMs = 0;
  #subscribe: () => void;

  constructor(stepMs: number) {
    this.#subscribe = createSubscriber((update) => {
      const timer = setInterval(update, stepMs);
      return () => {
        clearInterval(timer);
      };
    });
  }

  get now(): number {
    this.#subscribe();
    return Date.now() + this.offsetMs;
  }
}

export const clock = new Clock(1000);
