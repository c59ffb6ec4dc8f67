import type { CallApi, CallState } from '../../call/index.ts';

/** A call as a reactive value: each snapshot of the session replaces the one before. */
export class LiveCall {
  readonly api: CallApi;
  state = $state.raw() as CallState;
  readonly #stop: () => void;

  constructor(api: CallApi) {
    this.api = api;
    this.state = api.state;
    this.#stop = api.subscribe((state) => {
      this.state = state;
    });
  }

  close(): void {
    this.#stop();
  }
}

/** Keeps the screen awake while `wanted`, where the browser can; again whenever the page comes back to the front. */
export class WakeLock {
  held = $state(false);
  #sentinel: WakeLockSentinel | null = null;
  #wanted = false;

  readonly #visible = (): void => {
    if (this.#wanted && document.visibilityState === 'visible') void this.#request();
  };

  start(): void {
    this.#wanted = true;
    document.addEventListener('visibilitychange', this.#visible);
    void this.#request();
  }

  stop(): void {
    this.#wanted = false;
    document.removeEventListener('visibilitychange', this.#visible);
    void this.#sentinel?.release().catch(() => undefined);
    this.#sentinel = null;
    this.held = false;
  }

  async #request(): Promise<void> {
    if (!('wakeLock' in navigator)) return;
    try {
      this.#sentinel = await navigator.wakeLock.request('screen');
      this.held = true;
      this.#sentinel.addEventListener('release', () => {
        this.held = false;
      });
    } catch {
      // Low battery or a hidden page: the words on the page say that the screen may turn off.
    }
  }
}
