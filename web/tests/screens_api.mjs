// Test only: the answers of /api/v1 for the screens, made of plain data.

import { createHash } from 'node:crypto';

export const now = '2026-11-24T13:18:00.000Z';
const id = (end) => `01931f00-0000-7000-8000-${String(end).padStart(12, '0')}`;
const at = (time, day = '24') => `2026-11-${day}T${time}:00.000Z`;

export const ids = { meeting: id('a1'), never: id('a2'), live: id('a3'), ended: id('a4'), cancelled: id('a5'), recording: id('b1'), agent: id('d1'), customer: '01931f00-0000-7000-8000-0000000000c1', playback: id('e1') };

const types = {
  required: { id: id('01'), version: 7, title: { en: 'Wealth management', nl: 'Vermogensbeheer' }, record: 'required', kinds: ['a', 'v'], keep: 'P7Y', duration_min: 45, before_min: 15, after_min: 60, hold_s: 300 },
  never: { id: id('02'), version: 2, title: { en: 'Debt counselling', nl: 'Schuldhulp' }, record: 'never', kinds: [], keep: '', duration_min: 60, before_min: 10, after_min: 45, hold_s: 300 },
};

const org = { name: 'Example Bank' };
const other_ways = { en: 'Call 020 000 0000 on working days from 9 to 17, or come to a branch. Calls on that line are recorded too.', nl: 'Bel 020 000 0000 op werkdagen van 9 tot 17 uur, of kom naar een kantoor. Ook die gesprekken worden opgenomen.' };

function notice(kind, lang) {
  const nl = lang === 'nl';
  const facts =
    kind === 'never'
      ? { why: nl ? 'Over schulden moet u vrijuit kunnen spreken.' : 'About debts you must be able to speak freely.', what: nl ? 'Niets. Van dit gesprek wordt geen opname gemaakt.' : 'Nothing. No recording is made of this conversation.', kept: nl ? 'Er is geen opname om te bewaren.' : 'There is no recording to keep.', who: nl ? 'Niemand.' : 'Nobody.' }
      : { why: nl ? 'De wet (MiFID II) verplicht ons adviesgesprekken vast te leggen.' : 'The law (MiFID II) obliges us to record advice.', what: nl ? 'Beeld en geluid' : 'Picture and sound', kept: nl ? '7 jaar, daarna vernietigd; uit reservekopieën uiterlijk 35 dagen later, tenzij een wettelijke bewaarplicht geldt' : '7 years, then destroyed; gone from backups at most 35 days later, unless a legal hold applies', who: nl ? 'De afdeling Compliance van Example Bank, met een reden die wordt vastgelegd' : 'The compliance department of Example Bank, for a reason that is logged' };
  const text = Object.values(facts).join(' ');
  return { record: kind, kinds: kind === 'never' ? [] : ['a', 'v'], keep: kind === 'never' ? '' : 'P7Y', text_id: 'notice-1', version: 3, sha256: createHash('sha256').update(text).digest('hex'), lang: lang ?? 'en', facts, text };
}

export function invitation({ kind = 'required', entry = 'open', lang = 'en', progress = [false, false], cancelled = null } = {}) {
  const start = entry === 'early' ? at('15:30') : entry === 'late' ? at('10:00') : at('13:30');
  return {
    org: { ...org, other_ways, contact_telephone: '020 000 0000' },
    meeting: { id: ids.meeting, type_title: types[kind].title, adviser: 'J. Adviser', start, duration_min: 45, entry, opens_at: entry === 'early' ? at('15:15') : at('13:15'), closes_at: entry === 'late' ? at('11:00') : at('14:30'), state: entry === 'cancelled' ? 'cancelled' : entry === 'ended' ? 'ended' : 'scheduled', cancelled },
    you: { participant: ids.customer, name: 'C. Customer', language: lang },
    notice: notice(kind, lang),
    progress: { device_checked: progress[0], notice_acknowledged: progress[1] },
    csrf: 'c',
  };
}

const may = {
  agent: ['meeting.schedule', 'meeting.read', 'meeting.cancel', 'meeting.issue_link', 'meeting.start', 'recording.list', 'audit.read', 'type.read', 'status.read'],
  compliance: ['meeting.read', 'recording.list', 'recording.play', 'recording.download', 'audit.read', 'audit.export', 'audit.verify', 'type.read', 'status.read'],
  administrator: ['audit.read', 'audit.verify', 'type.read', 'type.edit', 'person.manage', 'status.read'],
};
const names = { agent: 'J. Adviser', compliance: 'O. Officer', administrator: 'A. Administrator' };

export function session(role) {
  return { user: { id: ids.agent, name: names[role], email: `${role}@example.org`, role }, csrf: 'c', org, may: may[role], expires: at('20:00') };
}

export function meeting(key, extra = {}) {
  return {
    id: ids[key] ?? ids.meeting, type: types.required, customer: { name: 'C. Customer', email: 'c.customer@example.org' }, agent: { id: ids.agent, name: 'J. Adviser' }, start: at('13:30'), duration_min: 45, state: 'scheduled',
    link_opened_at: null, waiting_since: null, started_at: null, ended_at: null, end_reason: null, cancelled: null, recording: 'none', ...extra,
  };
}

export const meetings = [
  meeting('meeting', { state: 'open', waiting_since: at('13:15'), link_opened_at: at('13:10') }),
  meeting('never', { type: types.never, customer: { name: 'D. van den Heuvel-Oosterhout', email: 'd@example.org' }, start: at('14:30'), link_opened_at: at('08:12') }),
  meeting('live', { customer: { name: 'E. Customer', email: 'e@example.org' }, start: at('15:30') }),
  meeting('ended', { state: 'ended', start: at('09:00'), started_at: at('09:02'), ended_at: at('09:41'), end_reason: 'staff', recording: 'verified' }),
  meeting('cancelled', { state: 'cancelled', customer: { name: 'F. Customer', email: 'f@example.org' }, start: at('11:00', '23'), cancelled: { by: 'customer', reason: 'I can’t at this time', at: at('08:00', '23') } }),
];

export const recording = {
  id: ids.recording, meeting: ids.ended, type_title: types.required.title, state: 'verified', started_at: at('09:02'), stopped_at: at('09:41'), duration_ms: 2_340_000, coverage_permille: 998,
  tracks: [
    { track: 0, name: 'J. Adviser', role: 'staff', screen: false, offset_ms: 0, duration_ms: 2_340_000, filled: [[0, 240]], pictures: [[240, 2_340_000]], sound: [[240, 2_340_000]] },
    { track: 1, name: 'C. Customer', role: 'customer', screen: false, offset_ms: 1200, duration_ms: 2_338_000, filled: [[0, 1200], [720_000, 723_000]], pictures: [[1200, 720_000], [723_000, 2_338_000]], sound: [[1200, 720_000], [723_000, 2_338_000]] },
  ],
  gaps: [
    { track: 1, name: 'C. Customer', kind: 'v', from_ms: 720_000, to_ms: 723_000, cause: 'network' },
    { track: 1, name: 'C. Customer', kind: 'a', from_ms: 720_000, to_ms: 723_000, cause: 'network' },
    { track: 0, name: 'J. Adviser', kind: 'v', from_ms: 1_900_000, to_ms: 1_901_200, cause: 'loss' },
  ],
  gaps_total: 3, differs: [],
  stops: [], keep_until: '2033-11-24T23:00:00.000Z', failure: null,
  plays: [{ at: at('11:30'), by: 'O. Officer', purpose: 'complaint', download: false, seconds: 1260 }],
};

let seq = 480;
function entry(type, time, data = {}, extra = {}) {
  seq += 1;
  const subject = extra.subject ?? { kind: 'participant', id: ids.customer };
  const actor = extra.actor ?? { kind: 'user', id: ids.agent };
  const body = { v: 1, brand: 'main', seq, time: at(time), type, actor, subject, meeting: ids.ended, outcome: extra.outcome ?? 'ok', data };
  return { seq, time: at(time), type, actor, meeting: ids.ended, outcome: extra.outcome ?? 'ok', reason: extra.reason ?? '', data, names: { [ids.agent]: 'J. Adviser', [ids.customer]: 'C. Customer' }, bytes: JSON.stringify(body) };
}
const customer = { actor: { kind: 'customer', id: ids.customer } };
const system = { actor: { kind: 'system', id: 'serve' } };
export const story = [
  entry('meeting.scheduled', '07:40', { start_planned: Date.parse(at('09:00')), agent: ids.agent }),
  entry('link.issued', '07:40', { kind: 'customer', hash8: '9f2a11c4' }),
  entry('link.opened', '08:52', {}, customer),
  entry('device.checked', '08:54', { camera: 'ok', microphone: 'ok', speaker: 'heard', network: 'good' }, customer),
  entry('notice.shown', '08:54', { version: '3', lang: 'nl', text_id: 'notice-1' }, customer),
  entry('notice.acknowledged', '08:55', { version: '3', lang: 'nl', text_id: 'notice-1' }, customer),
  entry('waiting.entered', '08:55', {}, customer),
  entry('waiting.admitted', '09:01', { by: ids.agent, waited_ms: 360_000 }),
  entry('recording.requested', '09:01', { mode: 'auto' }, system),
  entry('recording.capture_started', '09:02', { part: 1 }, system),
  entry('media.resumed', '09:02', { reason: 'start' }, system),
  entry('meeting.started', '09:02', { recording: 'required' }, system),
  entry('participant.lost', '09:14', {}, customer),
  entry('participant.reconnected', '09:14', { gap_ms: 3000 }, customer),
  entry('access.denied', '09:20', { action: 'recording.play' }, { outcome: 'denied' }),
  entry('meeting.ended', '09:41', { duration_ms: 2_340_000, end_cause: 'staff' }),
  entry('recording.sealed', '09:41', { segments: 234 }, system),
  entry('recording.verified', '09:42', { coverage_permille: 998 }, system),
  entry('recording.play_requested', '11:30', { purpose: 'complaint' }, { actor: { kind: 'user', id: 'o', name: 'O. Officer' } }),
];
export const timeline = { items: story, next: null, head: { size: 48_113, time: at('13:00') } };
export const log = { items: [...story].reverse(), next: 400, head: { size: 48_113, time: at('13:00') } };

export const verdict = { exit: 0, text: 'All entries are as they were signed; every meeting that had to be recorded has its recording.', entries: 48_113, checked_to: at('13:00'), faults: [], not_checked: ['Rollback to an older head (no --since).', 'Witnesses (none configured).'] };
export const verdictBad = { exit: 3, text: 'Entry 512 was altered.', entries: 48_113, checked_to: at('13:00'), faults: ['The root over the entries differs from the signed root.', 'First bad entry: 512.'], not_checked: ['Rollback to an older head (no --since).'] };
export const status = { org, version: '0.1.0', vault: 'up', log_key: 'example.org/audit+9f2a11c4+AZk3v0yq8tF1bq7s2o0o8b3nJm1o9eQx0r5t6y7u8i9o', organisation_key: '0a1b 2c3d 4e5f 6071 8293 a4b5 c6d7 e8f9', log_size: 48_113 };
export const typeList = { items: Object.values(types) };

export const waiting = [
  { meeting: ids.meeting, participant: ids.customer, name: 'C. Customer', type_title: types.required.title, since: Date.parse(now) - 185_000, notice: 'acknowledged', device: { camera: 'ok', microphone: 'ok', speaker: 'heard', network: 'good' }, ready: true, hello: null, second_device: false, away_since: null, path: 'up' },
  { meeting: ids.never, participant: id('c2'), name: 'D. van den Heuvel-Oosterhout', type_title: types.never.title, since: Date.parse(now) - 40_000, notice: 'acknowledged', device: { camera: 'refused', microphone: 'ok', speaker: 'skipped', network: 'poor' }, ready: false, hello: null, second_device: false, away_since: null, path: 'none' },
];

export function problem(status_, code, extra = {}) {
  return { status: status_, contentType: 'application/problem+json', headers: extra.retry ? { 'retry-after': String(extra.retry) } : {}, body: JSON.stringify({ type: `/problems/${code}`, title: code, status: status_, reference: 'R-7F31', ...extra.body }) };
}
