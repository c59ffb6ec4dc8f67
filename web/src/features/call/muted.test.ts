import { describe, expect, it } from 'vitest';
import type { CallState, EndView } from '../../call/index.ts';
import { keepMuted, keptMuted } from './muted.ts';

function memory() {
  const kept = new Map<string, string>();
  return { kept, getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value), removeItem: (name: string) => void kept.delete(name) };
}
const state = (microphone: string, camera: string, ended: EndView['reason'] | null = null): CallState =>
  ({ phase: ended === null ? 'connected' : 'ended', self: { microphone, camera }, ended: ended === null ? null : { reason: ended } }) as unknown as CallState;

describe('fault C2: microphone and camera after a reload', () => {
  it('are as they were, in this meeting only', () => {
    const store = memory();
    expect(keptMuted('m', store)).toEqual({ microphone: false, camera: false });
    keepMuted('m', state('off', 'on'), store);
    expect(keptMuted('m', store)).toEqual({ microphone: true, camera: false });
    keepMuted('m', state('off', 'off'), store);
    expect(keptMuted('m', store)).toEqual({ microphone: true, camera: true });
    keepMuted('m', state('ready', 'off'), store);
    expect(keptMuted('m', store)).toEqual({ microphone: false, camera: true });
    expect(keptMuted('another', store)).toEqual({ microphone: false, camera: false });
  });
  it('a device that is gone changes nothing of what was wanted', () => {
    const store = memory();
    keepMuted('m', state('off', 'off'), store);
    keepMuted('m', state('none', 'none'), store);
    expect(keptMuted('m', store)).toEqual({ microphone: true, camera: true });
  });
  it.each(['left', 'staff', 'cancelled', 'recording_lost', 'held_too_long', 'expired'] as const)('nothing is kept once it is over: %s', (reason) => {
    const store = memory();
    keepMuted('m', state('off', 'off'), store);
    keepMuted('m', state('off', 'off', reason), store);
    expect(store.kept.size).toBe(0);
  });
  it.each(['replaced', 'other_device', 'removed', 'server', 'session', 'link_replaced'] as const)('whoever goes on from this tab is as before: %s', (reason) => {
    const store = memory();
    keepMuted('m', state('off', 'on'), store);
    keepMuted('m', state('off', 'on', reason), store);
    expect(keptMuted('m', store).microphone).toBe(true);
  });
  it('damaged notes are none', () => {
    const store = memory();
    for (const text of ['{', '7', '{"meeting":"m","microphone":"yes"}']) {
      store.kept.set('parlour.call.off', text);
      expect(keptMuted('m', store)).toEqual({ microphone: false, camera: false });
    }
  });
});
