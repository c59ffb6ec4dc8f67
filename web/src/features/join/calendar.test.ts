import { describe, expect, it } from 'vitest';
import { calendarFile } from './calendar.ts';

const now = new Date('2026-11-20T10:00:00Z');
const appointment = { id: '0193', start: '2026-11-24T13:30:00Z', durationMin: 45, title: 'Wealth management, Example Bank', text: 'Open the link\nin your message; it is yours.' };

describe('the calendar file', () => {
  it('says when in UTC, so that every zone shows its own time', () => {
    const file = calendarFile(appointment, now);
    expect(file).toContain('DTSTART:20261124T133000Z\r\n');
    expect(file).toContain('DTEND:20261124T141500Z\r\n');
    expect(file).toContain('DTSTAMP:20261120T100000Z\r\n');
  });
  it('escapes what would break a line', () => {
    const file = calendarFile(appointment, now);
    expect(file).toContain('SUMMARY:Wealth management\\, Example Bank\r\n');
    expect(file).toContain('DESCRIPTION:Open the link\\nin your message\\; it is yours.\r\n');
  });
  it('folds long lines at 75 octets without breaking a character', () => {
    const file = calendarFile({ ...appointment, title: 'é'.repeat(100) }, now);
    const lines = file.split('\r\n');
    for (const line of lines) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
    expect(file.replaceAll('\r\n ', '')).toContain('é'.repeat(100));
  });
  it('cannot be made to hold a second property', () => {
    const file = calendarFile({ ...appointment, title: 'a\r\nATTACH:https://example.org' }, now);
    expect(file).not.toContain('\r\nATTACH');
  });
});
