import { describe, expect, it } from 'vitest';
import type { Gap } from '../../lib/api_types.ts';
import { coverAt, soundMissing, type CoveredTrack, type Stop } from './covers.ts';

// Heard from 1 s to 60 s; camera on from 4 s to 20 s and from 30 s to 60 s. The file begins with the sound.
const track: CoveredTrack = { track: 1, screen: false, offset_ms: 1000, duration_ms: 59_000, pictures: [[4000, 20_000], [30_000, 60_000]], sound: [[1000, 60_000]] };
const gap = (kind: Gap['kind'], from_ms: number, to_ms: number, cause: Gap['cause'] = 'network'): Gap => ({ track: 1, name: 'C. Customer', kind, from_ms, to_ms, cause });

describe('fault A3: a picture is shown only while its camera sent one', () => {
  it.each([
    [0, { kind: 'not_yet' }],
    [1000, { kind: 'camera_off' }],
    [3999, { kind: 'camera_off' }],
    [4000, null],
    [20_400, null],
    [20_500, { kind: 'camera_off' }],
    [29_999, { kind: 'camera_off' }],
    [30_000, null],
    [59_999, null],
    [60_500, { kind: 'gone' }],
  ])('at %i ms: %o', (at, cover) => {
    expect(coverAt(track, [], [], at)).toEqual(cover);
  });

  it('tells a gap from a camera that is off', () => {
    expect(coverAt(track, [gap('v', 20_000, 23_000)], [], 21_000)).toEqual({ kind: 'gap', cause: 'network' });
    expect(coverAt(track, [gap('v', 10_000, 11_000, 'loss')], [], 10_500)).toEqual({ kind: 'gap', cause: 'loss' });
    expect(coverAt(track, [{ ...gap('v', 10_000, 11_000), track: 0 }], [], 10_500)).toBeNull();
  });

  it('covers no picture for sound alone, and says that it is missing', () => {
    const gaps = [gap('a', 10_000, 11_000)];
    expect(coverAt(track, gaps, [], 10_500)).toBeNull();
    expect(soundMissing(track, gaps, 10_500)?.cause).toBe('network');
    expect(soundMissing(track, gaps, 11_000)).toBeUndefined();
  });

  it('knows who is silent with the camera off, who comes late and who never showed a picture', () => {
    const quiet: CoveredTrack = { ...track, sound: [[1000, 10_000], [40_000, 60_000]] };
    expect(coverAt(quiet, [], [], 25_000)).toEqual({ kind: 'all_off' });
    const heard: CoveredTrack = { ...track, pictures: [] };
    expect(coverAt(heard, [], [], 500)).toEqual({ kind: 'not_yet' });
    expect(coverAt(heard, [], [], 30_000)).toEqual({ kind: 'camera_off' });
    expect(coverAt({ ...track, pictures: [], sound: [] }, [], [], 30_000)).toEqual({ kind: 'not_yet' });
  });

  it('covers a screen that is not shared', () => {
    const screen: CoveredTrack = { track: 2, screen: true, offset_ms: 10_000, duration_ms: 5000, pictures: [[10_000, 15_000]], sound: [] };
    expect(coverAt(screen, [], [], 9000)).toEqual({ kind: 'not_shared' });
    expect(coverAt(screen, [], [], 12_000)).toBeNull();
    expect(coverAt(screen, [], [], 16_000)).toEqual({ kind: 'not_shared' });
  });

  it('goes by the file where a recording of an older version says no more', () => {
    const old: CoveredTrack = { ...track, pictures: null, sound: null };
    expect(coverAt(old, [], [], 0)).toEqual({ kind: 'not_yet' });
    expect(coverAt(old, [], [], 25_000)).toBeNull();
    expect(coverAt(old, [], [], 61_000)).toEqual({ kind: 'gone' });
  });
});

describe('fault A4: times in which nothing flowed are a card', () => {
  const stops: Stop[] = [{ from_ms: 5000, to_ms: 51_000, cause: 'held' }];
  it('before any other reason', () => {
    expect(coverAt(track, [gap('v', 5000, 51_000, 'server')], stops, 10_000)).toEqual({ kind: 'stop', cause: 'held' });
    expect(coverAt(track, [], stops, 4999)).toBeNull();
    expect(coverAt(track, [], stops, 51_000)).toBeNull();
  });
});
