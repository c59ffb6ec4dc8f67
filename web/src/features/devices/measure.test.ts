import { describe, expect, it } from 'vitest';
import { networkWord } from './measure.ts';

describe('fault B4: what the network is called', () => {
  it('is good, fair or poor only where the media path came up', () => {
    const up = (rttMs: number | null) => ({ state: 'up' as const, rttMs, detail: 'connected' });
    expect(networkWord(up(20), null)).toBe('good');
    expect(networkWord(up(300), 10)).toBe('fair');
    expect(networkWord(up(900), 10)).toBe('poor');
    expect(networkWord(up(null), 10)).toBe('good');
    expect(networkWord(up(null), null)).toBe('poor');
    // A server that answers at once by HTTPS says nothing of UDP.
    expect(networkWord({ state: 'none', rttMs: null, detail: 'connecting' }, 5)).toBe('none');
    expect(networkWord({ state: 'unknown', rttMs: null, detail: 'socket' }, 5)).toBe('unknown');
  });
});
