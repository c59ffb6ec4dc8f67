// Test only: a call that shows the state which the script asks for (window.parlourScene), so that every state of the pages can be
// looked at without a server. Nothing of this is in the product's build.

import type { CallApi, CallConfig } from '../../src/call/api.ts';
import type { CallState } from '../../src/call/state.ts';
import { Refused } from '../../src/call/api.ts';
import { scene, tour } from './scenes.ts';

export { Refused } from '../../src/call/api.ts';
export { LocalMedia, listDevices } from '../../src/call/devices.ts';
export { LevelMeter, playTestSound } from '../../src/call/level.ts';

declare global {
  interface Window {
    parlourScene?: string;
    /** Shows a scene at once, by its name. */
    parlourShow?: (name: string) => void;
    /** The scenes that a call can come into from each other. */
    parlourTour?: string[];
    parlourBrowser?: 'ok' | 'api' | 'silent' | 'slow' | 'no_path';
  }
}

export type BrowserCheck = { ok: true } | { ok: false; reason: 'api' | 'plaintext' | 'silent'; what: string };

export type PathCheck = { state: 'up' | 'none' | 'unknown'; rttMs: number | null; detail: string };

export async function checkMediaPath(): Promise<PathCheck> {
  return window.parlourBrowser === 'no_path' ? { state: 'none', rttMs: null, detail: 'connecting' } : { state: 'up', rttMs: 20, detail: 'connected' };
}

export async function checkBrowser(): Promise<BrowserCheck> {
  if (window.parlourBrowser === 'api') return { ok: false, reason: 'api', what: 'RTCRtpScriptTransform' };
  if (window.parlourBrowser === 'silent') return { ok: false, reason: 'silent', what: 'connected' };
  if (window.parlourBrowser === 'slow') await new Promise(() => undefined);
  return { ok: true };
}

export class CallSession implements CallApi {
  state: CallState;
  #listeners = new Set<(state: CallState) => void>();

  constructor(private readonly config: CallConfig) {
    this.state = scene('starting', config);
  }

  subscribe(listener: (state: CallState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.state);
    return () => this.#listeners.delete(listener);
  }

  #set(state: CallState): void {
    this.state = state;
    for (const listener of this.#listeners) listener(state);
  }

  async start(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const wanted = window.parlourScene ?? 'waiting';
    if (wanted === 'refused') throw new Refused('vault.down', 'The recorder is not available, and this type must be recorded.');
    if (wanted === 'waiting_elsewhere') throw new Refused('waiting.elsewhere', 'Somebody waits with this link on another device.');
    // The goodbye needs what was known in the call before.
    if (wanted.startsWith('ended')) this.#set(scene(wanted.includes('never') ? 'connected_never' : wanted.includes('declined') || wanted.includes('refused') || wanted.includes('replaced') ? 'waiting' : 'connected', this.config));
    await new Promise((resolve) => setTimeout(resolve, 30));
    this.#set(scene(wanted, this.config));
    window.parlourShow = (name): void => this.#set(scene(name, this.config));
    window.parlourTour = tour(this.config);
  }

  async admit(): Promise<void> {}
  async decline(): Promise<void> {}
  async allowSecond(): Promise<void> {}
  async refuseSecond(): Promise<void> {}
  async setMicrophone(): Promise<void> {}
  async setCamera(): Promise<void> {}
  async switchCamera(): Promise<void> {}
  async useDevice(): Promise<void> {}
  async startShare(): Promise<boolean> {
    throw new Refused('share.busy', '');
  }
  async stopShare(): Promise<void> {}
  async leave(): Promise<void> {
    this.config.media?.close();
  }
  async end(): Promise<void> {}
  goOnUnproven(): void {}
  abandon(): void {}
  receipt() {
    const signed = { t: 'Policy', k: 'root', b: '', s: '' } as never;
    return { version: 1 as const, root: '', fingerprint: '', policy: signed, hellos: [], rosters: [], senderKeys: [], activated: [] };
  }
}

// What the pages keep of links and of the organisation key: in these pages nothing.
export { addSecret, forgetOldSecrets, forgetSecret, keepSecret, secretOf } from '../../src/call/link_store.ts';
export { forgetVisit, leavingKept, remembersRoot } from '../../src/call/kept.ts';
export { fingerprintWords } from '../../src/call/roots.ts';
