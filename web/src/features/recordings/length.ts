import type { Recording } from '../../lib/api_types.ts';
import type { Lang } from '../../lib/i18n/language.svelte.ts';
import { spanWords, toMs } from '../../lib/time.ts';

/** Measured when the recording was rebuilt; before that from its start to its end; a dash while it runs. */
export function lengthWords(recording: Recording, lang: Lang): string {
  if (recording.duration_ms > 0) return spanWords(recording.duration_ms, lang);
  if (recording.started_at === null || recording.stopped_at === null) return '–';
  return spanWords(toMs(recording.stopped_at) - toMs(recording.started_at), lang);
}
