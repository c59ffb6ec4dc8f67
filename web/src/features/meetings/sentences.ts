import type { Meeting, MeetingType } from '../../lib/api_types.ts';
import type { Lang } from '../../lib/i18n/language.svelte.ts';
import { clockTime, dayAndTime, keepWords, minutesWords, sameDay, toMs, waited } from '../../lib/time.ts';
import type { MeetingWords } from './words.ts';

export interface StateWords {
  readonly text: string;
  readonly kind: 'plain' | 'accent' | 'notice' | 'danger' | 'good';
}

/** Where a meeting stands, in a few words. */
export function stateWords(meeting: Meeting, words: MeetingWords, lang: Lang, now: number): StateWords {
  const said = words.state;
  const time = (at: string): string => (sameDay(at, now) ? clockTime(at, lang) : dayAndTime(at, lang, now));
  switch (meeting.state) {
    case 'scheduled':
      return meeting.link_opened_at === null ? { text: said.link_not_opened, kind: 'plain' } : { text: said.link_opened(time(meeting.link_opened_at)), kind: 'plain' };
    case 'open':
      return { text: meeting.waiting_since === null ? said.open : said.waiting(waited(now - toMs(meeting.waiting_since), lang)), kind: 'notice' };
    case 'live':
      return { text: meeting.started_at == null ? said.live : said.live_since(time(meeting.started_at)), kind: 'good' };
    case 'held':
      return { text: said.held, kind: 'danger' };
    case 'ended':
      return { text: meeting.ended_at == null ? said.ended_plain : said.ended(time(meeting.ended_at)), kind: 'plain' };
    case 'cancelled':
      return { text: meeting.cancelled?.by === 'customer' ? said.cancelled_customer : said.cancelled_agent, kind: 'plain' };
    case 'expired':
      return { text: said.expired, kind: 'plain' };
  }
}

/** The three facts that tell most about a type. */
export function typeFacts(type: MeetingType, words: MeetingWords, lang: Lang): { label: string; text: string }[] {
  const facts = words.facts;
  const keep = keepWords(type.keep, lang);
  return [
    { label: facts.recorded, text: type.record === 'never' ? facts.record.never : `${facts.record[type.record]}: ${type.kinds.includes('v') ? facts.kinds_av : facts.kinds_a}` },
    { label: facts.kept, text: type.record === 'never' || keep === null ? facts.kept_none : facts.kept_for(keep) },
    { label: facts.door, text: facts.door_text(minutesWords(type.before_min, lang), minutesWords(type.after_min, lang)) },
  ];
}

/** An adviser may go in from the moment the customer may, and while the meeting is not over. */
export function mayEnter(meeting: Meeting, now: number): boolean {
  if (meeting.state === 'open' || meeting.state === 'live' || meeting.state === 'held') return true;
  if (meeting.state !== 'scheduled') return false;
  const start = toMs(meeting.start);
  return now >= start - meeting.type.before_min * 60_000 && now < start + meeting.type.after_min * 60_000;
}

export function over(meeting: Meeting): boolean {
  return meeting.state === 'ended' || meeting.state === 'cancelled' || meeting.state === 'expired';
}
