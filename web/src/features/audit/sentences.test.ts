import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../lib/api_types.ts';
import { areaOf, eventSentence, eventWords } from './sentences.ts';

const agent = '01931f00-0000-7000-8000-00000000000a';
const customer = '01931f00-0000-7000-8000-00000000000c';

function entry(type: string, data: Record<string, unknown> = {}, extra: Partial<Entry> = {}): Entry {
  return {
    seq: 1,
    time: '2026-11-24T13:30:00.000Z',
    type,
    actor: { kind: 'user', id: agent },
    outcome: 'ok',
    data: data as Entry['data'],
    names: { [agent]: 'J. Adviser', [customer]: 'C. Customer' },
    bytes: JSON.stringify({ subject: { kind: 'participant', id: customer } }),
    ...extra,
  };
}

const types = Object.keys(eventWords.en.events);
const catalogue = new URL('../../../../src/audit/catalogue.cpp', import.meta.url);

describe('sentences of the log', () => {
  it.runIf(existsSync(catalogue))('exist for every event of the catalogue, in both languages', () => {
    const names = [...readFileSync(catalogue, 'utf8').matchAll(/EventRule\{"([a-z_.]+)"/g)].map((found) => found[1] ?? '');
    expect(names.length).toBeGreaterThan(30);
    for (const lang of ['en', 'nl'] as const) expect(names.filter((name) => !(name in eventWords[lang].events))).toEqual([]);
  });

  it.each(types)('%s is a whole sentence even when every field is missing', (type) => {
    for (const lang of ['en', 'nl'] as const) {
      const bare = eventSentence(entry(type, {}, { names: {}, bytes: '{}' }), eventWords[lang], lang);
      expect(bare).toMatch(/^[A-ZÀ-Ý].*\.$/s);
      expect(bare).not.toMatch(/undefined|null|NaN|\[object/);
    }
  });

  it('names people where the reader may know them', () => {
    expect(eventSentence(entry('waiting.admitted', { by: agent, waited_ms: 180_000 }), eventWords.en, 'en')).toBe('C. Customer was let in by J. Adviser (after 3 minutes).');
    expect(eventSentence(entry('waiting.admitted', { by: agent }), eventWords.nl, 'nl')).toBe('C. Customer werd binnengelaten door J. Adviser.');
  });
  it('says a plain word where a name was erased', () => {
    expect(eventSentence(entry('waiting.entered', {}, { names: {} }), eventWords.en, 'en')).toBe('The customer entered the waiting room.');
    expect(eventSentence(entry('link.opened', {}, { names: {}, actor: { kind: 'customer', id: customer } }), eventWords.en, 'en')).toBe('The customer opened the link.');
  });
  it('gives the reason that somebody typed, where the reader may know it', () => {
    const asked = entry('recording.download_requested', {}, { typed_reason: 'Request of the court' });
    expect(eventSentence(asked, eventWords.en, 'en')).toBe('J. Adviser asked to download the recording: “Request of the court”.');
    expect(eventSentence(entry('recording.download_requested'), eventWords.nl, 'nl')).toBe('J. Adviser vroeg de opname te downloaden.');
  });
  it('says which text was shown', () => {
    expect(eventSentence(entry('notice.acknowledged', { version: '3', lang: 'nl' }), eventWords.en, 'en')).toBe('C. Customer acknowledged the notice, version 3 (nl).');
  });
  it('gives a gap its length and cause', () => {
    expect(eventSentence(entry('recording.gap', { from: 1000, to: 4040, cause: 'network' }), eventWords.en, 'en')).toBe('A gap of 3 seconds in the recording: network.');
  });
  it('never rounds coverage up', () => {
    expect(eventSentence(entry('recording.verified', { coverage_permille: 999 }), eventWords.en, 'en')).toContain('99.9 %');
  });
  it('names the kind of an entry that it does not know, whatever it is called', () => {
    expect(eventSentence(entry('custom.thing'), eventWords.en, 'en')).toBe('Entry of the kind custom.thing.');
    expect(eventSentence(entry('constructor'), eventWords.en, 'en')).toBe('Entry of the kind constructor.');
  });
  it('survives bytes that are no JSON', () => {
    expect(eventSentence(entry('waiting.entered', {}, { bytes: '{' }), eventWords.en, 'en')).toBe('J. Adviser entered the waiting room.');
  });
});

describe('areas', () => {
  it('sort entries by what they are about', () => {
    expect(areaOf('recording.gap')).toBe('recording');
    expect(areaOf('auth.login_failed')).toBe('login');
    expect(areaOf('waiting.entered')).toBe('access');
    expect(areaOf('server.started')).toBe('system');
    expect(areaOf('toString.x')).toBe('system');
  });
});
