import { describe, expect, it } from 'vitest';
import type { Gap } from '../../lib/api_types.ts';
import { shownGaps } from './gaps.ts';

const gap = (track: number, kind: Gap['kind'], from_ms: number, to_ms: number, cause: Gap['cause'] = 'network'): Gap => ({ track, kind, from_ms, to_ms, cause });

describe('gaps as people count them', () => {
  it('makes one of the sound and the picture of a person that were away together', () => {
    expect(shownGaps([gap(1, 'a', 29682, 32682), gap(1, 'v', 29690, 32762)])).toEqual([{ track: 1, kind: 'av', from_ms: 29682, to_ms: 32762, cause: 'network' }]);
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
