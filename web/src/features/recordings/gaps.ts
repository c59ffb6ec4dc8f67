// Gaps as people count them. The manifest names them per kind, because sound and picture are lost frame by frame; a network
// that was away for three seconds is one gap of a person all the same.

import type { Gap } from '../../lib/api_types.ts';

/** `av`: sound and picture of the person at once. */
export interface ShownGap extends Omit<Gap, 'kind'> {
  readonly kind: Gap['kind'] | 'av';
}

/** How much of the shorter one both must share to be one gap. */
const shared = 0.8;

function together(a: Gap, b: Gap): boolean {
  if (a.track !== b.track || a.cause !== b.cause || a.kind === b.kind || a.kind === 's' || b.kind === 's') return false;
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
  return out.sort((a, b) => a.from_ms - b.from_ms || a.track - b.track);
}
