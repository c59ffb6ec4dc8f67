// Gaps as people count them. The manifest names them per kind, because sound and picture are lost frame by frame; a network
// that was away for three seconds is one gap of a person all the same.

import type { Gap, Recording } from '../../lib/api_types.ts';
import type { Stop } from './covers.ts';

/** `av`: sound and picture of the person at once. */
export interface ShownGap extends Omit<Gap, 'kind'> {
  readonly kind: Gap['kind'] | 'av';
}

/** How much of the shorter one both must share to be one gap. */
const shared = 0.8;

function together(a: Gap, b: Gap): boolean {
  if (a.track !== b.track || a.name !== b.name || a.cause !== b.cause || a.kind === b.kind || a.kind === 's' || b.kind === 's') return false;
  const overlap = Math.min(a.to_ms, b.to_ms) - Math.max(a.from_ms, b.from_ms);
  return overlap > 0 && overlap >= shared * Math.max(a.to_ms - a.from_ms, b.to_ms - b.from_ms);
}

/** In order of time. */
export function shownGaps(gaps: readonly Gap[]): ShownGap[] {
  const out: ShownGap[] = [];
  const left = [...gaps];
  for (let gap = left.shift(); gap !== undefined; gap = left.shift()) {
    const one = gap;
    const other = left.findIndex((candidate) => together(one, candidate));
    const [mate] = other >= 0 ? left.splice(other, 1) : [];
    out.push(mate ? { ...one, kind: 'av', from_ms: Math.min(one.from_ms, mate.from_ms), to_ms: Math.max(one.to_ms, mate.to_ms) } : one);
  }
  return out.sort((a, b) => a.from_ms - b.from_ms || (a.track ?? Infinity) - (b.track ?? Infinity) || 0);
}

/** One part of the coverage picture that is not simply recorded: of one person, or of everybody. */
export type Part = { readonly kind: 'gap'; readonly gap: ShownGap; readonly from_ms: number; readonly to_ms: number } | { readonly kind: 'stop'; readonly stop: Stop; readonly from_ms: number; readonly to_ms: number };

/** What a person lost while nothing flowed anyway is not told twice. */
export function parts(recording: Pick<Recording, 'gaps' | 'stops'>): Part[] {
  const inside = (gap: Gap): boolean => {
    const covered = recording.stops.reduce((sum, stop) => sum + Math.max(0, Math.min(gap.to_ms, stop.to_ms) - Math.max(gap.from_ms, stop.from_ms)), 0);
    return covered > 0 && covered >= shared * (gap.to_ms - gap.from_ms);
  };
  return [
    ...recording.stops.map((stop) => ({ kind: 'stop', stop, from_ms: stop.from_ms, to_ms: stop.to_ms }) as const),
    ...shownGaps(recording.gaps.filter((gap) => !inside(gap))).map((gap) => ({ kind: 'gap', gap, from_ms: gap.from_ms, to_ms: gap.to_ms }) as const),
  ].sort((a, b) => a.from_ms - b.from_ms || a.to_ms - b.to_ms);
}
