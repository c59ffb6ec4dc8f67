import { http } from '../../lib/http.ts';
import type { Playback, Purpose, Recording, RecordingPage } from '../../lib/api_types.ts';

export function listRecordings(cursor: string | null, signal: AbortSignal): Promise<RecordingPage> {
  return http.json<RecordingPage>('GET', `/recordings?limit=50${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, { signal });
}

export async function recordingsOf(meeting: string): Promise<Recording[]> {
  return (await http.json<{ items: Recording[] }>('GET', `/meetings/${meeting}/recordings`)).items;
}

export function play(recording: string, purpose: Purpose): Promise<Playback> {
  return http.json<Playback>('POST', `/recordings/${recording}/play`, { body: { purpose }, timeoutMs: 60_000 });
}

export function download(recording: string, reason: string): Promise<Playback> {
  return http.json<Playback>('POST', `/recordings/${recording}/download`, { body: { reason }, timeoutMs: 60_000 });
}

/** The handle dies and the played ranges are logged; also as a last word when the page closes. */
export function closePlayback(playback: string): Promise<void> {
  return http.nothing('DELETE', `/play/${playback}`, { keepalive: true });
}
