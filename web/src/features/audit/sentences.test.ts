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

/** The same, by the customer: what customers do is done by them. */
const byCustomer = (type: string, data: Record<string, unknown> = {}, extra: Partial<Entry> = {}): Entry =>
  entry(type, data, { actor: { kind: 'customer', id: customer }, ...extra });

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
    expect(eventSentence(byCustomer('waiting.entered', {}, { names: {} }), eventWords.en, 'en')).toBe('The customer entered the waiting room.');
    expect(eventSentence(entry('link.opened', {}, { names: {}, actor: { kind: 'customer', id: customer } }), eventWords.en, 'en')).toBe('The customer opened the link.');
  });
  it('gives the reason that somebody typed, where the reader may know it', () => {
    const asked = entry('recording.download_requested', {}, { typed_reason: 'Request of the court' });
    expect(eventSentence(asked, eventWords.en, 'en')).toBe('J. Adviser asked to download the recording: “Request of the court”.');
    expect(eventSentence(entry('recording.download_requested'), eventWords.nl, 'nl')).toBe('J. Adviser vroeg de opname te downloaden.');
  });
  it('fault R2: says that a stored reason is not what the log commits to, and gives none', () => {
    const asked = entry('recording.download_requested', {}, { typed_reason_differs: true });
    expect(eventSentence(asked, eventWords.en, 'en')).toBe('J. Adviser asked to download the recording (the stored reason does not agree with the log).');
    expect(eventSentence(asked, eventWords.nl, 'nl')).toBe('J. Adviser vroeg de opname te downloaden (de opgeslagen reden komt niet overeen met het logboek).');
  });
  it('says which text was shown', () => {
    expect(eventSentence(byCustomer('notice.acknowledged', { version: '3', lang: 'nl' }), eventWords.en, 'en')).toBe('C. Customer acknowledged the notice, version 3 (nl).');
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

/** Who appears as the one who did it, kind by kind; the rest of the catalogue tells of no act of a person. */
const selves = ['device.checked', 'link.opened', 'notice.acknowledged', 'notice.declined', 'notice.shown', 'participant.check_failed', 'participant.connected', 'participant.joined', 'participant.left', 'participant.lost', 'participant.reconnected', 'plaintext_guard', 'share.started', 'share.stopped', 'staff.entered', 'waiting.entered', 'waiting.left'];
const doers = [
  'access.denied', 'audit.exported', 'audit.verified', 'auth.login', 'auth.logout', 'config.changed', 'link.issued', 'meeting.cancelled', 'meeting.scheduled', 'recording.download_requested', 'recording.downloaded', 'recording.play_requested', 'recording.played',
  'type.created', 'type.version_published', 'user.created', 'user.disabled', 'user.enabled', 'user.password_set', 'user.role_changed', 'waiting.admitted', 'waiting.denied', 'participant.removed',
];
/** In these somebody acts for or upon the customer, who is named for that. */
const towards = new Set(['link.issued', 'link.revoked', 'waiting.admitted', 'waiting.denied', 'participant.removed']);

describe.runIf(existsSync(catalogue))('fault B3: the sentence takes the actor from the raw entry', () => {
  const kinds = [...readFileSync(catalogue, 'utf8').matchAll(/EventRule\{"([a-z_.]+)"/g)].map((found) => found[1] ?? '');
  const schema = JSON.parse(readFileSync(new URL('../../../../contracts/audit-entry.schema.json', import.meta.url), 'utf8')) as { properties: { actor: { properties: { kind: { enum: string[] } } } } };
  const actors = schema.properties.actor.properties.kind.enum;
  const saying = { en: { customer: /customer/i, staff: /adviser|staff/i, system: /the server/i, api: /a program/i, operator: /the operator/i }, nl: { customer: /klant/i, staff: /adviseur|personeel/i, system: /de server/i, api: /een programma/i, operator: /de beheerder/i } };
  /** As the log holds it: the actor, and a participant as subject whose id says nothing about who that is. */
  const raw = (type: string, kind: string, names: Record<string, string>, data: Record<string, unknown> = {}): Entry => {
    const id = kind === 'user' ? agent : kind === 'customer' ? customer : kind;
    return entry(type, data, { actor: { kind: 'x', id: 'x' }, names, bytes: JSON.stringify({ actor: { kind, id, session: null, on_behalf_of: null }, subject: { kind: 'participant', id: '01931f00-0000-7000-8000-0000000000ff' } }) });
  };

  it('the lists name kinds of the catalogue only, and every actor of the contract is tried', () => {
    expect([...selves, ...doers].filter((kind) => !kinds.includes(kind))).toEqual([]);
    expect(actors).toEqual(['user', 'customer', 'api', 'system', 'operator']);
  });

  for (const lang of ['en', 'nl'] as const) {
    for (const type of kinds) {
      for (const kind of actors) {
        it(`${lang}: ${type} by ${kind}`, () => {
          const bare = eventSentence(raw(type, kind, {}), eventWords[lang], lang);
          const { customer: customerWord, staff: staffWord } = saying[lang];
          const acts = selves.includes(type) || doers.includes(type);
          if (kind === 'user') {
            if (acts) expect(bare).toMatch(staffWord);
            if (!towards.has(type)) expect(bare).not.toMatch(customerWord);
          } else if (kind === 'customer') {
            if (acts) expect(bare).toMatch(customerWord);
            if (type !== 'meeting.held') expect(bare).not.toMatch(staffWord);
          } else {
            if (doers.includes(type)) expect(bare).toMatch(saying[lang][kind as 'api' | 'system' | 'operator']);
            if (!towards.has(type)) expect(bare).not.toMatch(customerWord);
          }
          if (kind !== 'user' && kind !== 'customer') return;
          // With names: the actor's, and never that of somebody else as the one who did it.
          const id = kind === 'user' ? agent : customer;
          const named = eventSentence(raw(type, kind, { [id]: 'Q. Doer', '01931f00-0000-7000-8000-0000000000ff': 'Z. Subject' }), eventWords[lang], lang);
          if (acts) expect(named).toContain('Q. Doer');
          if (selves.includes(type)) expect(named).not.toContain('Z. Subject');
        });
      }
    }
  }

  it('the adviser’s own acts, as the log of a call holds them', () => {
    for (const [type, en, nl] of [
      ['share.started', 'J. Adviser began to share a screen.', 'J. Adviser begon een scherm te delen.'],
      ['staff.entered', 'J. Adviser opened the meeting.', 'J. Adviser opende het gesprek.'],
      ['participant.joined', 'J. Adviser came into the meeting.', 'J. Adviser kwam in het gesprek.'],
      ['participant.lost', 'J. Adviser lost the connection.', 'J. Adviser raakte de verbinding kwijt.'],
    ] as const) {
      // The list of the audit page knows the actors' names alone.
      const held = raw(type, 'user', { [agent]: 'J. Adviser' });
      expect(eventSentence(held, eventWords.en, 'en')).toBe(en);
      expect(eventSentence(held, eventWords.nl, 'nl')).toBe(nl);
    }
  });
  it('what a program noticed is told of whom it is about, and of nobody where that is not known', () => {
    expect(eventSentence(raw('participant.lost', 'system', { '01931f00-0000-7000-8000-0000000000ff': 'J. Adviser' }), eventWords.en, 'en')).toBe('J. Adviser lost the connection.');
    expect(eventSentence(raw('participant.lost', 'system', {}, { role: 'staff' }), eventWords.en, 'en')).toBe('The adviser lost the connection.');
    expect(eventSentence(raw('participant.lost', 'system', {}), eventWords.nl, 'nl')).toBe('Een deelnemer raakte de verbinding kwijt.');
  });
  it('a colleague who declines is named, and not the meeting’s adviser', () => {
    const answered = raw('waiting.denied', 'user', { [agent]: 'B. Colleague', other: 'J. Adviser' }, { by: 'other' });
    expect(eventSentence(answered, eventWords.en, 'en')).toBe('The customer was not let in by B. Colleague.');
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
