import { describe, expect, it } from 'vitest';
import type { Meeting, MeetingType } from '../../lib/api_types.ts';
import { mayEnter, over, stateWords, typeFacts } from './sentences.ts';
import { meetingWords } from './words.ts';

const type: MeetingType = { id: 't', version: 1, title: { en: 'Wealth management', nl: 'Vermogensbeheer' }, record: 'required', kinds: ['a', 'v'], keep: 'P7Y', duration_min: 45, before_min: 15, after_min: 30, hold_s: 300 };
const meeting: Meeting = {
  id: 'm', type, customer: { name: 'C', email: 'c@example.org' }, agent: { id: 'a', name: 'J' }, start: '2026-11-24T13:30:00Z', duration_min: 45,
  state: 'scheduled', link_opened_at: null, waiting_since: null, started_at: null, ended_at: null, end_reason: null, cancelled: null, recording: 'none',
};
const at = (time: string): number => Date.parse(`2026-11-24T${time}:00Z`);
const en = meetingWords.en;

describe('the state of a meeting', () => {
  it('tells whether the link was opened', () => {
    expect(stateWords(meeting, en, 'en', at('12:00')).text).toBe('link not opened');
    expect(stateWords({ ...meeting, link_opened_at: '2026-11-24T09:12:00Z' }, en, 'en', at('12:00')).text).toMatch(/^link opened \d\d:12$/);
  });
  it('tells how long the customer waits', () => {
    expect(stateWords({ ...meeting, state: 'open', waiting_since: '2026-11-24T13:20:00Z' }, en, 'en', at('13:23')).text).toBe('waiting 3 min');
  });
  it('tells who cancelled', () => {
    expect(stateWords({ ...meeting, state: 'cancelled', cancelled: { by: 'customer', reason: 'x', at: meeting.start } }, en, 'en', at('12:00')).text).toBe('cancelled by the customer');
  });
});

describe('entering', () => {
  it('is possible from when the door opens until it closes', () => {
    expect(mayEnter(meeting, at('13:14'))).toBe(false);
    expect(mayEnter(meeting, at('13:15'))).toBe(true);
    expect(mayEnter(meeting, at('14:00'))).toBe(false);
  });
  it('is always possible while somebody is in it, never when it is over', () => {
    expect(mayEnter({ ...meeting, state: 'held' }, at('16:00'))).toBe(true);
    expect(mayEnter({ ...meeting, state: 'ended' }, at('13:40'))).toBe(false);
    expect(over({ ...meeting, state: 'cancelled' })).toBe(true);
  });
});

describe('the facts of a type', () => {
  it('come from its fields', () => {
    expect(typeFacts(type, en, 'en').map((fact) => fact.text)).toEqual(['must be recorded: picture and sound', '7 years', 'opens 15 minutes before, closes 30 minutes after the start']);
    expect(typeFacts({ ...type, record: 'never', keep: '' }, en, 'en').map((fact) => fact.text).slice(0, 2)).toEqual(['never recorded', 'no recording']);
  });
});
