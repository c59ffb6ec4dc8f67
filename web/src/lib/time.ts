// Times in words. Everything is shown in the viewer's zone; `now` is an argument, so that tests choose it.

import type { Lang } from './i18n/language.svelte.ts';

const locale: Record<Lang, string> = { en: 'en-GB', nl: 'nl-NL' };

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

type When = string | number | Date;

const toDate = (at: When): Date => (at instanceof Date ? at : new Date(at));

export function toMs(at: When): number {
  return toDate(at).getTime();
}

function format(at: When, lang: Lang, options: Intl.DateTimeFormatOptions, zone?: string): string {
  return new Intl.DateTimeFormat(locale[lang], zone === undefined ? options : { ...options, timeZone: zone }).format(toDate(at));
}

/** "14:30" */
export function clockTime(at: When, lang: Lang, zone?: string): string {
  return format(at, lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, zone);
}

/** "14:30:05" */
export function clockSeconds(at: When, lang: Lang, zone?: string): string {
  return format(at, lang, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }, zone);
}

/** "24 Nov 2026, 14:30:05" */
export function exactTime(at: When, lang: Lang, zone?: string): string {
  return `${format(at, lang, { day: 'numeric', month: 'short', year: 'numeric' }, zone)}, ${clockSeconds(at, lang, zone)}`;
}

/** "24 November 2026" */
export function fullDate(at: When, lang: Lang, zone?: string): string {
  return format(at, lang, { day: 'numeric', month: 'long', year: 'numeric' }, zone);
}

/** A number per civil day of the viewer's zone: equal numbers are the same day. */
function dayNumber(at: When, zone?: string): number {
  const parts = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', ...(zone === undefined ? {} : { timeZone: zone }) }).format(toDate(at));
  return Math.round(Date.parse(`${parts}T00:00:00Z`) / day);
}

const near: Record<Lang, Record<number, string>> = {
  en: { [-1]: 'Yesterday', 0: 'Today', 1: 'Tomorrow' },
  nl: { [-1]: 'Gisteren', 0: 'Vandaag', 1: 'Morgen' },
};

export function sameDay(one: When, other: When, zone?: string): boolean {
  return dayNumber(one, zone) === dayNumber(other, zone);
}

/** "Today", "Tomorrow", "Tuesday 24 November", with the year when it is another one. */
export function dayName(at: When, lang: Lang, now: When, zone?: string): string {
  const word = near[lang][dayNumber(at, zone) - dayNumber(now, zone)];
  if (word !== undefined) return word;
  const year = (when: When): string => format(when, 'en', { year: 'numeric' }, zone);
  const text = format(at, lang, { weekday: 'long', day: 'numeric', month: 'long', ...(year(at) === year(now) ? {} : { year: 'numeric' }) }, zone).replace(',', '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "Today 14:30" */
export function dayAndTime(at: When, lang: Lang, now: When, zone?: string): string {
  return `${dayName(at, lang, now, zone)} ${clockTime(at, lang, zone)}`;
}

/** The viewer's zone by its city ("Amsterdam"): what people know, unlike an abbreviation. */
export function zoneName(zone: string = Intl.DateTimeFormat().resolvedOptions().timeZone): string {
  return (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ');
}

/** "in 12 minutes", "3 hours ago", "now" within half a minute. */
export function relative(at: When, lang: Lang, now: When): string {
  const difference = toMs(at) - toMs(now);
  const size = Math.abs(difference);
  if (size < minute / 2) return lang === 'nl' ? 'nu' : 'now';
  const words = new Intl.RelativeTimeFormat(locale[lang], { numeric: 'always' });
  if (size < 59.5 * minute) return words.format(Math.round(difference / minute), 'minute');
  if (size < 23.5 * hour) return words.format(Math.round(difference / hour), 'hour');
  return words.format(Math.round(difference / day), 'day');
}

/** Time waited, short: "less than 1 min", "3 min", "1 h 05 min". */
export function waited(ms: number, lang: Lang): string {
  const minutes = Math.floor(Math.max(0, ms) / minute);
  if (minutes < 1) return lang === 'nl' ? 'korter dan 1 min' : 'less than 1 min';
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} ${lang === 'nl' ? 'u' : 'h'} ${String(minutes % 60).padStart(2, '0')} min`;
}

/** "12:04", "1:02:33": a running time. */
export function runningTime(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** A span in words: "3 seconds", "1 minute 5 seconds", with tenths below ten seconds. */
export function spanWords(ms: number, lang: Lang): string {
  const unit = (value: number, name: 'second' | 'minute' | 'hour'): string =>
    new Intl.NumberFormat(locale[lang], { style: 'unit', unit: name, unitDisplay: 'long', maximumFractionDigits: 1 }).format(value);
  if (ms < 10_000) return unit(Math.round(ms / 100) / 10, 'second');
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return unit(seconds, 'second');
  if (seconds < 3600) return seconds % 60 === 0 ? unit(seconds / 60, 'minute') : `${unit(Math.floor(seconds / 60), 'minute')} ${unit(seconds % 60, 'second')}`;
  const minutes = Math.round(seconds / 60);
  return minutes % 60 === 0 ? unit(minutes / 60, 'hour') : `${unit(Math.floor(minutes / 60), 'hour')} ${unit(minutes % 60, 'minute')}`;
}

export function minutesWords(count: number, lang: Lang): string {
  return spanWords(count * minute, lang);
}

/** "7 years" from "P7Y"; years, months, weeks and days only. Null for what it cannot read, so that nothing wrong is printed. */
export function keepWords(duration: string, lang: Lang): string | null {
  const match = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$/.exec(duration);
  if (match === null) return null;
  const units = ['year', 'month', 'week', 'day'] as const;
  const parts = units.flatMap((unit, index) => {
    const count = match[index + 1];
    return count === undefined ? [] : [new Intl.NumberFormat(locale[lang], { style: 'unit', unit, unitDisplay: 'long' }).format(Number(count))];
  });
  return parts.length === 0 ? null : new Intl.ListFormat(locale[lang], { type: 'conjunction' }).format(parts);
}

export function count(value: number, lang: Lang): string {
  return new Intl.NumberFormat(locale[lang]).format(value);
}

/** "99.9 %" from per mille. Rounded down, so that 100 % is only printed for all of it. */
export function percentOfPermille(permille: number, lang: Lang): string {
  return `${new Intl.NumberFormat(locale[lang], { maximumFractionDigits: 1 }).format(Math.floor(permille) / 10)} %`;
}

/** "1.2 MB" */
export function byteSize(bytes: number, lang: Lang): string {
  const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  let value = bytes;
  let step = 0;
  while (value >= 1000 && step < steps.length - 1) {
    value /= 1000;
    step += 1;
  }
  return new Intl.NumberFormat(locale[lang], { style: 'unit', unit: steps[step] ?? 'byte', unitDisplay: 'short', maximumFractionDigits: step === 0 ? 0 : 1 }).format(value);
}

/** Value of an <input type="datetime-local"> for a moment, in the viewer's zone. */
export function toLocalInput(at: When): string {
  const date = toDate(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
