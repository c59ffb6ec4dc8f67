import { describe, expect, it } from 'vitest';
import type { Gap } from '../../lib/api_types.ts';
import { parts, shownGaps } from './gaps.ts';

const gap = (track: number, kind: Gap['kind'], from_ms: number, to_ms: number, cause: Gap['cause'] = 'network'): Gap => ({ track, name: `person ${String(track)}`, kind, from_ms, to_ms, cause });

describe('gaps as people count them', () => {
  it('makes one of the sound and the picture of a person that were away together', () => {
    expect(shownGaps([gap(1, 'a', 29682, 32682), gap(1, 'v', 29690, 32762)])).toEqual([{ track: 1, name: 'person 1', kind: 'av', from_ms: 29682, to_ms: 32762, cause: 'network' }]);
  });

  it('keeps apart what differs in person, cause, length or time, and screens', () => {
    const different = [
      [gap(1, 'a', 0, 1000), gap(2, 'v', 0, 1000)],
      [gap(1, 'a', 0, 1000), gap(1, 'v', 0, 1000, 'server')],
      [gap(1, 'a', 0, 200), gap(1, 'v', 0, 1000)],
      [gap(1, 'a', 0, 1000), gap(1, 'v', 2000, 3000)],
      [gap(1, 'a', 0, 1000), gap(1, 's', 0, 1000)],
    ];
    for (const two of different) expect(shownGaps(two)).toEqual(two);
  });

  it('is in order of time, and takes each gap once', () => {
    const shown = shownGaps([gap(1, 'a', 5000, 6000), gap(1, 'v', 5000, 6000), gap(1, 'v', 5000, 6000), gap(0, 'a', 100, 300)]);
    expect(shown.map((one) => [one.track, one.kind, one.from_ms])).toEqual([[0, 'a', 100], [1, 'av', 5000], [1, 'v', 5000]]);
  });
});

describe('fault R9: a gap without a file', () => {
  it('is nobody else’s, and keeps its own person', () => {
    const nobody = (kind: Gap['kind'], name: string): Gap => ({ ...gap(0, kind, 5000, 6000), track: null, name });
    expect(shownGaps([nobody('a', 'A'), nobody('v', 'A'), nobody('v', 'B'), gap(0, 'v', 5000, 6000)]).map((one) => [one.track, one.name, one.kind])).toEqual([[0, 'person 0', 'v'], [null, 'A', 'av'], [null, 'B', 'v']]);
  });
});

describe('fault A4: the coverage picture has the times in which nothing flowed', () => {
  const stops = [{ from_ms: 10_000, to_ms: 56_000, cause: 'held' as const }];

  it('beside the gaps, in order of time', () => {
    const found = parts({ stops, gaps: [gap(1, 'v', 60_000, 63_000), gap(0, 'a', 1000, 1500)] });
    expect(found.map((part) => [part.kind, part.from_ms])).toEqual([['gap', 1000], ['stop', 10_000], ['gap', 60_000]]);
  });

  it('does not tell a gap twice that lies in one of them', () => {
    const found = parts({ stops, gaps: [gap(0, 'v', 10_400, 55_000, 'server'), gap(1, 'a', 9800, 56_000, 'server'), gap(1, 'v', 50_000, 90_000)] });
    expect(found.map((part) => [part.kind, part.from_ms])).toEqual([['stop', 10_000], ['gap', 50_000]]);
  });
});
