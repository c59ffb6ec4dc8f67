// A reload of the page, or going on with a call from here, finds microphone and camera as they were: kept for this tab and this
// meeting until the call is left. What somebody has switched off is never switched on by itself.

import type { CallState } from '../../call/index.ts';

const key = 'parlour.call.off';

export interface Muted {
  readonly microphone: boolean;
  readonly camera: boolean;
}

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export function keptMuted(meeting: string, store: Store = sessionStorage): Muted {
  try {
    const kept: unknown = JSON.parse(store.getItem(key) ?? 'null');
    if (typeof kept === 'object' && kept !== null) {
      const { meeting: of, microphone, camera } = kept as Record<string, unknown>;
      if (of === meeting) return { microphone: microphone === true, camera: camera === true };
    }
  } catch {
    // Not ours, or damaged.
  }
  return { microphone: false, camera: false };
}

/** Ways out after which the same person may go on from this tab. */
const comesBack: ReadonlySet<string> = new Set(['replaced', 'other_device', 'removed', 'server', 'session', 'link_replaced']);

/** The call is left. */
export function forgetMuted(store: Store = sessionStorage): void {
  store.removeItem(key);
}

/** To be called with each state of the call. A device that is gone says nothing about what the person wants. */
export function keepMuted(meeting: string, state: CallState, store: Store = sessionStorage): void {
  if (state.phase === 'ended') {
    if (!comesBack.has(state.ended?.reason ?? 'server')) forgetMuted(store);
    return;
  }
  const before = keptMuted(meeting, store);
  const off = (slot: 'none' | 'off' | 'ready' | 'on', was: boolean): boolean => (slot === 'none' ? was : slot === 'off');
  const now: Muted = { microphone: off(state.self.microphone, before.microphone), camera: off(state.self.camera, before.camera) };
  if (now.microphone === before.microphone && now.camera === before.camera) return;
  store.setItem(key, JSON.stringify({ meeting, ...now }));
}
