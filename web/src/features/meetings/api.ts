import { http } from '../../lib/http.ts';
import type { Meeting, MeetingPage, MeetingType, NewMeeting, ScheduledMeeting } from '../../lib/api_types.ts';

export interface MeetingQuery {
  readonly from?: string;
  readonly to?: string;
  readonly q?: string;
  readonly cursor?: string;
  readonly limit?: number;
}

export function listMeetings(query: MeetingQuery, signal?: AbortSignal): Promise<MeetingPage> {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(key, String(value));
  const text = search.toString();
  return http.json<MeetingPage>('GET', `/meetings${text === '' ? '' : `?${text}`}`, signal === undefined ? {} : { signal });
}

export function getMeeting(id: string): Promise<Meeting> {
  return http.json<Meeting>('GET', `/meetings/${id}`);
}

export function schedule(meeting: NewMeeting): Promise<ScheduledMeeting> {
  return http.json<ScheduledMeeting>('POST', '/meetings', { body: meeting });
}

export function cancelMeeting(id: string, reason: string): Promise<Meeting> {
  return http.json<Meeting>('POST', `/meetings/${id}/cancel`, { body: { reason } });
}

export async function issueLink(id: string): Promise<string> {
  return (await http.json<{ link: string }>('POST', `/meetings/${id}/link`)).link;
}

export async function listTypes(): Promise<MeetingType[]> {
  return (await http.json<{ items: MeetingType[] }>('GET', '/types')).items;
}
