import { describe, expect, it } from 'vitest';
import { byteSize, clockTime, dayAndTime, dayName, exactTime, keepWords, percentOfPermille, relative, runningTime, sameDay, spanWords, waited, zoneName } from './time.ts';

const zone = 'Europe/Amsterdam';
const now = '2026-11-24T13:18:00Z';

describe('day names', () => {
  it('says today, tomorrow and yesterday in the zone of the viewer', () => {
    expect(dayAndTime('2026-11-24T13:30:00Z', 'en', now, zone)).toBe('Today 14:30');
    expect(dayAndTime('2026-11-25T08:00:00Z', 'nl', now, zone)).toBe('Morgen 09:00');
    expect(dayName('2026-11-23T12:00:00Z', 'en', now, zone)).toBe('Yesterday');
  });
  it('counts civil days, not spans of 24 hours', () => {
    expect(dayName('2026-11-24T23:30:00Z', 'en', now, zone)).toBe('Tomorrow');
    expect(sameDay('2026-11-24T23:30:00Z', now, zone)).toBe(false);
    expect(sameDay('2026-11-24T23:30:00Z', now, 'UTC')).toBe(true);
  });
  it('names weekday and date farther away, and the year when it is another', () => {
    expect(dayName('2026-12-01T12:00:00Z', 'en', now, zone)).toBe('Tuesday 1 December');
    expect(dayName('2026-12-01T12:00:00Z', 'nl', now, zone)).toBe('Dinsdag 1 december');
    expect(dayName('2027-01-05T12:00:00Z', 'en', now, zone)).toBe('Tuesday 5 January 2027');
  });
});

describe('clock times', () => {
  it('uses 24 hours and two digits', () => {
    expect(clockTime('2026-11-24T23:05:00Z', 'en', zone)).toBe('00:05');
    expect(exactTime('2026-11-24T13:30:05Z', 'en', zone)).toBe('24 Nov 2026, 14:30:05');
  });
  it('names a zone by its city', () => {
    expect(zoneName('Europe/Amsterdam')).toBe('Amsterdam');
    expect(zoneName('America/Argentina/Buenos_Aires')).toBe('Buenos Aires');
    expect(zoneName('UTC')).toBe('UTC');
  });
});

describe('relative times', () => {
  it('is in minutes, hours, then days', () => {
    expect(relative('2026-11-24T13:30:00Z', 'en', now)).toBe('in 12 minutes');
    expect(relative('2026-11-24T13:30:00Z', 'nl', now)).toBe('over 12 minuten');
    expect(relative('2026-11-24T10:18:00Z', 'en', now)).toBe('3 hours ago');
    expect(relative('2026-11-27T13:18:00Z', 'en', now)).toBe('in 3 days');
    expect(relative('2026-11-24T13:18:10Z', 'en', now)).toBe('now');
  });
});

describe('spans', () => {
  it('shows time waited in whole minutes', () => {
    expect(waited(20_000, 'en')).toBe('less than 1 min');
    expect(waited(185_000, 'en')).toBe('3 min');
    expect(waited(3_900_000, 'en')).toBe('1 h 05 min');
    expect(waited(-5, 'nl')).toBe('korter dan 1 min');
  });
  it('shows a running time', () => {
    expect(runningTime(724_000)).toBe('12:04');
    expect(runningTime(3_753_000)).toBe('1:02:33');
    expect(runningTime(-1)).toBe('00:00');
  });
  it('says lengths in words', () => {
    expect(spanWords(3_040, 'en')).toBe('3 seconds');
    expect(spanWords(1_000, 'en')).toBe('1 second');
    expect(spanWords(450, 'nl')).toBe('0,5 seconden');
    expect(spanWords(65_000, 'en')).toBe('1 minute 5 seconds');
    expect(spanWords(2_700_000, 'en')).toBe('45 minutes');
    expect(spanWords(5_400_000, 'nl')).toBe('1 uur 30 minuten');
  });
});

describe('terms', () => {
  it('reads the durations of a type', () => {
    expect(keepWords('P7Y', 'en')).toBe('7 years');
    expect(keepWords('P1Y6M', 'en')).toBe('1 year and 6 months');
    expect(keepWords('P30D', 'nl')).toBe('30 dagen');
  });
  it('says nothing rather than something wrong', () => {
    expect(keepWords('', 'en')).toBeNull();
    expect(keepWords('PT5M', 'en')).toBeNull();
    expect(keepWords('P', 'en')).toBeNull();
  });
});

describe('figures', () => {
  it('never rounds a share up to all of it', () => {
    expect(percentOfPermille(999, 'en')).toBe('99.9 %');
    expect(percentOfPermille(1000, 'en')).toBe('100 %');
    expect(percentOfPermille(999.7, 'nl')).toBe('99,9 %');
  });
  it('prints sizes', () => {
    expect(byteSize(1_234_000, 'en')).toBe('1.2 MB');
    expect(byteSize(12, 'en')).toBe('12 byte');
  });
});
