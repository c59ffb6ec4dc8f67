import { describe, expect, it } from 'vitest';
import { troubleOf } from './devices';
import { Observable } from './events';
import { rootMeanSquare, SpeakingMark } from './level';
import { sessionOf } from './peer';
import { qualityOf } from './quality';

describe('quality', () => {
  it('names a class and its cause from measured figures', () => {
    const of = (lossUp: number, lossDown: number, rttMs: number): string => {
      const q = qualityOf({ lossUp, lossDown, rttMs }, 'connected', 'online');
      return `${q.level} ${q.cause}`;
    };
    expect(of(0, 5, 40)).toBe('good none');
    expect(of(30, 0, 40)).toBe('fair loss');
    expect(of(0, 120, 40)).toBe('poor loss');
    expect(of(0, 0, 300)).toBe('fair delay');
    expect(of(0, 0, 900)).toBe('poor delay');
    expect(qualityOf(null, 'connected', 'online').level).toBe('unknown');
    expect(qualityOf({ lossUp: 0, lossDown: 0, rttMs: 1 }, 'disconnected', 'online').cause).toBe('no_packets');
    expect(qualityOf(null, 'connected', 'reconnecting').level).toBe('poor');
  });
});

describe('speaking mark', () => {
  it('comes at once, goes after a pause, and doesn\'t flicker', () => {
    const mark = new SpeakingMark();
    expect(mark.update(0.01, 0)).toBe(false);
    expect(mark.update(0.1, 100)).toBe(true);
    expect(mark.update(0.03, 200)).toBe(true);
    expect(mark.update(0, 700)).toBe(true);
    expect(mark.update(0, 900)).toBe(false);
  });

  it('measures silence as zero', () => {
    expect(rootMeanSquare(new Float32Array(8))).toBe(0);
    expect(rootMeanSquare(new Float32Array([0.5, -0.5]))).toBeCloseTo(0.5);
  });
});

describe('devices', () => {
  it('say why they are not there', () => {
    const named = (name: string): Error => Object.assign(new Error(), { name });
    expect(['NotAllowedError', 'NotFoundError', 'NotReadableError', 'TypeError'].map((n) => troubleOf(named(n)))).toEqual(['denied', 'missing', 'busy', 'failed']);
  });
});

describe('sessions of the other end', () => {
  it('differ by origin line or certificate', () => {
    const sdp = (id: string, print: string): string => `v=0\r\no=- ${id} 2 IN IP4 0.0.0.0\r\ns=-\r\na=fingerprint:sha-256 ${print}\r\n`;
    expect(sessionOf(sdp('1', 'AA'))).toBe(sessionOf(sdp('1', 'AA').replace(' 2 IN', ' 3 IN')));
    expect(sessionOf(sdp('1', 'AA'))).not.toBe(sessionOf(sdp('2', 'AA')));
    expect(sessionOf(sdp('1', 'AA'))).not.toBe(sessionOf(sdp('1', 'BB')));
  });
});

describe('observable', () => {
  it('calls at once and on each change, until stopped', () => {
    const value = new Observable(1);
    const seen: number[] = [];
    const stop = value.subscribe((v) => seen.push(v));
    value.set(2);
    stop();
    value.set(3);
    expect(seen).toEqual([1, 2]);
    expect(value.value).toBe(3);
  });
});
