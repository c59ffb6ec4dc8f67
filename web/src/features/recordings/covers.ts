// What stands over a picture of a recording instead of it: a file's player shows its first picture from the beginning and its
// last one to the end, and keeps the last one over every hole. Pure; used by the player and by the page in a download.

import type { Gap, Recording } from '../../lib/api_types.ts';

export type Stop = Recording['stops'][number];
export type Span = readonly number[];

/** Of a track, what the covers depend on; times in ms of the recording. */
export interface CoveredTrack {
  readonly track: number;
  readonly screen: boolean;
  readonly offset_ms: number;
  readonly duration_ms: number;
  /** null: not known; then pictures and sound are everywhere inside the file. */
  readonly pictures: readonly Span[] | null;
  readonly sound: readonly Span[] | null;
}

export type Cover =
  /** Nothing flowed, between nobody. */
  | { readonly kind: 'stop'; readonly cause: Stop['cause'] }
  /** Something of this person that was sent is not in the recording. */
  | { readonly kind: 'gap'; readonly cause: Gap['cause'] }
  | { readonly kind: 'not_yet' | 'camera_off' | 'all_off' | 'gone' | 'not_shared' };

/** The last frame stands as long as the next may take to come. */
const frameMs = 500;

function within(spans: readonly Span[], at: number, longer = 0): boolean {
  return spans.some(([from, to]) => from !== undefined && to !== undefined && at >= from && at < to + longer);
}

export function coverAt(track: CoveredTrack, gaps: readonly Gap[], stops: readonly Stop[], at: number): Cover | null {
  const stop = stops.find((one) => at >= one.from_ms && at < one.to_ms);
  if (stop !== undefined) return { kind: 'stop', cause: stop.cause };
  // A gap of the sound alone covers no picture.
  const gap = gaps.find((one) => one.track === track.track && one.kind !== 'a' && at >= one.from_ms && at < one.to_ms);
  const file: readonly Span[] = [[track.offset_ms, track.offset_ms + track.duration_ms]];
  const pictures = track.pictures ?? file;
  if (within(pictures, at, frameMs)) return gap === undefined ? null : { kind: 'gap', cause: gap.cause };
  if (gap !== undefined) return { kind: 'gap', cause: gap.cause };
  if (track.screen) return { kind: 'not_shared' };
  const here = [...pictures, ...(track.sound ?? file)];
  const begins = Math.min(...here.map(([from]) => from ?? 0));
  const ends = Math.max(...here.map(([, to]) => to ?? 0));
  if (here.length === 0 || at < begins) return { kind: 'not_yet' };
  if (at >= ends + frameMs) return { kind: 'gone' };
  return { kind: within(track.sound ?? file, at, frameMs) ? 'camera_off' : 'all_off' };
}

/** The sound of this person is missing here while the picture is not. */
export function soundMissing(track: CoveredTrack, gaps: readonly Gap[], at: number): Gap | undefined {
  return gaps.find((one) => one.track === track.track && one.kind === 'a' && at >= one.from_ms && at < one.to_ms);
}
