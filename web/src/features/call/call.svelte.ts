import type { CallApi, CallState } from '../../call/index.ts';

/** A call as a reactive value: each snapshot of the session replaces the one before. */
export class LiveCall {
  readonly api: CallApi;
  state = $state.raw() as CallState;
  /** For a few seconds after a lost connection is back. */
  mended = $state(false);
  readonly #stop: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: CallApi) {
    this.api = api;
    this.state = api.state;
    this.#stop = api.subscribe((state) => {
      if (this.state.link !== 'online' && state.link === 'online' && this.state.phase !== 'starting') this.#mend();
      this.state = state;
    });
  }

  #mend(): void {
    this.mended = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.mended = false;
    }, 6000);
  }

  close(): void {
    clearTimeout(this.#timer);
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
    if (!('wakeLock' in navigator) || !mayWake()) return;
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

/** Asking for what the page's policy forbids is refused loudly, in the console; so it is looked up first where that can be done. */
function mayWake(): boolean {
  const policy = (document as { featurePolicy?: { allowsFeature(name: string): boolean } }).featurePolicy;
  return policy === undefined || policy.allowsFeature('screen-wake-lock');
}
