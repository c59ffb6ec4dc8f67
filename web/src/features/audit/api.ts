import { http } from '../../lib/http.ts';
import type { EntryPage, Status, Verdict } from '../../lib/api_types.ts';

export function getTimeline(meeting: string): Promise<EntryPage> {
  return http.json<EntryPage>('GET', `/meetings/${meeting}/timeline`);
}

export function listEntries(before: number | null, signal: AbortSignal): Promise<EntryPage> {
  return http.json<EntryPage>('GET', `/audit/entries?limit=200${before === null ? '' : `&before=${String(before)}`}`, { signal });
}

export function verifyLog(): Promise<Verdict> {
  return http.json<Verdict>('POST', '/audit/verify', { timeoutMs: 120_000 });
}

export function getStatus(): Promise<Status> {
  return http.json<Status>('GET', '/status');
}

export function exportProof(meeting: string): Promise<Blob> {
  return http.blob('POST', `/meetings/${meeting}/proof`, { timeoutMs: 120_000 });
}
