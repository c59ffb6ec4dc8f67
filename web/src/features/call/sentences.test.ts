import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CallState, EndView, MemberView } from '../../call/index.ts';
import { codeForReading, encryptionWords, endWords, farewell, heldTitle, knownWords, problemSentence, problemTodo, qualityWords, recordedNow, recordingLost, recordingLostLines, recordingLostReason, recordingLostTitle, recordingMark, securitySentences, waitingFor } from './sentences.ts';
import { shortcut } from './shortcuts.ts';
import { callWords } from './words.ts';

const words = callWords.en;
const organisation = 'Example Bank';

const member = (idx: number, role: MemberView['role'], name: string): MemberView => ({
  idx, ep: null, role, name, self: false, steward: false, knownBy: 'server', presence: 'online', deciding: false, acknowledged: true, active: [], listening: false, heard: true, speaking: false, microphoneMuted: false, cameraOff: false, path: 'up',
});

function state(change: Partial<CallState> = {}): CallState {
  return {
    phase: 'connected',
    link: 'online',
    self: { ep: 'c', idx: 1, role: 'customer', name: 'C', steward: false, microphone: 'on', camera: 'on', screen: 'none', preview: null, screenPreview: null, speaking: false },
    members: [member(0, 'agent', 'J. Adviser'), member(1, 'customer', 'C'), member(255, 'recorder', 'x')],
    waiting: [], queuePlace: null, placeKeptMin: null, waitingSinceMs: null, adviser: 'here', meeting: null, tiles: [], sounds: [], sharing: null,
    encryption: { epoch: 1, pending: false, established: true, waitingForKeysOf: [], waitingForMediaOf: [], framesSent: 0, framesDecrypted: 0, framesRejected: 0 },
    recording: { policy: 'required', fact: 'on', kinds: ['a', 'v'], reason: null, sinceMs: 0 },
    media: { allowed: true, reason: 'ok', endsAtMs: null },
    path: 'up',
    security: { code: null, codeChanges: [], organisation, rootFingerprint: '', link: 'none', receiptAvailable: false },
    quality: { level: 'good', cause: 'none', rttMs: 1, lossPercent: 0 },
    connectedAtMs: 0, heldUntilMs: null, heldCause: null, problem: null, happenings: [], ended: null, ...change,
  };
}
const recording = (change: Partial<CallState['recording']>): CallState['recording'] => ({ ...state().recording, ...change });

describe('the line of facts', () => {
  it('says "Recording" on the recorder’s fact only', () => {
    expect(recordingMark(recording({ fact: 'on' }))).toBe('recording');
    for (const fact of ['off', 'starting', 'paused', 'stopped'] as const) expect(recordingMark(recording({ fact }))).not.toBe('recording');
  });
  it('fault pages: says nothing of "yet" where only somebody’s keys are missing', () => {
    const keys = recording({ fact: 'starting', reason: 'keys_missing' });
    expect([recordingMark(keys), recordedNow(keys, words)]).toEqual(['off', 'Nothing.']);
  });
  it('says "Not recorded" only where no recorder may exist', () => {
    expect(recordingMark(recording({ policy: 'never', fact: 'off' }))).toBe('never');
    expect(recordingMark(recording({ policy: 'required', fact: 'off' }))).toBe('not_recording_yet');
    expect(recordingMark(recording({ policy: 'optional', fact: 'off' }))).toBe('off');
  });
  it('says "Encrypted" only when that is established', () => {
    expect(encryptionWords(state(), organisation, words)).toBe('Encrypted · invited by Example Bank');
    const before = state({ phase: 'connecting', encryption: { ...state().encryption, established: false } });
    expect(encryptionWords(before, organisation, words)).toBe('Exchanging keys');
    expect(encryptionWords({ ...before, phase: 'waiting', connectedAtMs: null }, organisation, words)).toBe('Not connected yet');
    expect(encryptionWords({ ...before, phase: 'held' }, organisation, words)).toBe('Not connected');
    expect(encryptionWords({ ...before, phase: 'stopped' }, organisation, words)).toBe('This browser sends nothing');
  });
});

describe('Security', () => {
  it('has five sentences, and never speaks of a recorder where there is none', () => {
    const required = securitySentences(recording({}), organisation, words);
    const never = securitySentences(recording({ policy: 'never', fact: 'off' }), organisation, words);
    expect(required).toHaveLength(5);
    expect(never).toHaveLength(5);
    expect(required[1]).toContain('recorder holds the keys');
    expect(never.join(' ')).not.toContain('recorder holds');
    expect(never[1]).toContain('No recorder key exists for this call');
  });
  it('claims nothing about identity that was not proven', () => {
    expect(knownWords('server', organisation, words)).toBe('Example Bank’s server says so; compare the code to be sure');
    expect(JSON.stringify(words)).not.toMatch(/tamper-proof|court-proof|nobody else can listen|100 % secure|address ok/i);
  });
  it('says which kinds are recorded', () => {
    expect(recordedNow(recording({ kinds: ['a'] }), words)).toContain('No key for pictures exists');
    expect(recordedNow(recording({ fact: 'starting' }), words)).toContain('Nothing yet');
    expect(recordedNow(recording({ policy: 'never', fact: 'off' }), words)).toContain('No recorder key exists');
  });
  it('can be read aloud', () => {
    expect(codeForReading(['40217', '00153'])).toBe('4 0 2 1 7, 0 0 1 5 3');
  });
});

describe('what is still missing', () => {
  it('fault B4: without a way for media it waits for that, and for nothing else', () => {
    const one = (path: 'pending' | 'none') =>
      waitingFor(state({ path, recording: recording({ fact: 'starting' }), encryption: { ...state().encryption, waitingForMediaOf: [0] } }), organisation, words);
    expect(one('pending')).toEqual([words.connecting.waiting_own]);
    expect(one('none')).toEqual([words.connecting.waiting_own]);
    const other = state().members[0]!;
    const members = state().members.map((member) => (member.idx === other.idx ? { ...member, path: 'none' as const } : member));
    expect(waitingFor(state({ members, encryption: { ...state().encryption, waitingForMediaOf: [other.idx] } }), organisation, words)).toEqual([words.connecting.waiting_path(other.name)]);
  });

  it('names whose keys and whose media, and the recorder where it is demanded', () => {
    const lines = waitingFor(state({ recording: recording({ fact: 'starting' }), encryption: { ...state().encryption, waitingForKeysOf: [255], waitingForMediaOf: [0] } }), organisation, words);
    expect(lines).toEqual([
      'Keys are being exchanged with Recorder of Example Bank.',
      'Waiting for the recorder: this conversation must be recorded, so picture and sound stay off until it is.',
      'Waiting for the first decrypted picture or sound of J. Adviser.',
    ]);
  });
});

describe('a recording that stops', () => {
  it('is told by the fact or by the closed gate', () => {
    const off = (reason: CallState['media']['reason']): CallState['media'] => ({ allowed: false, reason, endsAtMs: null });
    expect(recordingLost(state())).toBeNull();
    expect(recordingLost(state({ recording: recording({ fact: 'stopped' }) }))).toBe('stopped');
    expect(recordingLost(state({ media: off('recording.stalled') }))).toBe('stopped');
    for (const reason of ['recording.not_begun', 'disk.full', 'vault.down'] as const) expect(recordingLost(state({ recording: recording({ fact: 'starting' }), media: off(reason) }))).toBe('not_begun');
    expect(recordingLost(state({ recording: recording({ fact: 'starting' }), media: off('keys_missing') }))).toBe('keys');
    expect(recordingLost(state({ media: off('held') }))).toBeNull();
    expect(recordingLost(state({ media: off('no_path') }))).toBeNull();
  });
  it('is nothing to somebody who waits or has left', () => {
    for (const phase of ['waiting', 'ended'] as const) expect(recordingLost(state({ phase, media: { allowed: false, reason: 'vault.down', endsAtMs: null } }))).toBeNull();
  });
});

describe('fault B1: the goodbye', () => {
  const reasons: EndView['reason'][] = ['staff', 'customer_left', 'cancelled', 'recording_lost', 'keys_missing', 'held_too_long', 'expired', 'exhausted', 'other_device', 'link_replaced', 'server', 'session', 'left', 'removed', 'declined', 'replaced'];
  const told = (reason: EndView['reason'], recorded: boolean | null, keptUntilMs: number | null = null): EndView => ({ reason, declined: null, recorded, conversation: true, noPath: null, keptUntilMs, text: null, atMs: 0 });
  const said = (ended: EndView, policy: 'required' | 'optional' | 'never', lang: 'en' | 'nl') => farewell(ended, policy, ['a', 'v'], organisation, callWords[lang], () => '24 November 2033');
  for (const reason of reasons) {
    it.each(['en', 'nl'] as const)(`${reason}: in doubt what was recorded stays recorded (%s)`, (lang) => {
      const { ended } = callWords[lang];
      for (const policy of ['required', 'optional'] as const) {
        expect(said(told(reason, null), policy, lang)).toEqual({ recorded: ended.recorded_doubt, kept: ended.kept_doubt(organisation), copy: true });
        expect(said(told(reason, true, 1), policy, lang)).toEqual({ recorded: ended.recorded_av, kept: ended.kept_until('24 November 2033'), copy: true });
        expect(said(told(reason, true), policy, lang).kept).toBe(ended.kept_doubt(organisation));
        expect(said(told(reason, false), policy, lang)).toEqual({ recorded: ended.recorded_not, kept: ended.kept_none, copy: false });
      }
      for (const recorded of [null, false]) expect(said(told(reason, recorded), 'never', lang).recorded).toBe(ended.recorded_none);
      expect(said(told(reason, true, 1), 'never', lang).recorded).toBe(ended.recorded_av);
    });
  }
  it('says nothing of nothing in doubt', () => {
    expect(words.ended.recorded_doubt).not.toMatch(/nothing/i);
    expect(callWords.nl.ended.recorded_doubt).not.toMatch(/niets/i);
  });
});

describe('the network', () => {
  it('is in words only while it is worse than good', () => {
    expect(qualityWords(state(), words)).toBeNull();
    expect(qualityWords(state({ quality: { level: 'poor', cause: 'loss', rttMs: 1, lossPercent: 9 } }), words)).toBe(words.quality.loss);
    expect(qualityWords(state({ link: 'reconnecting', quality: { level: 'poor', cause: 'loss', rttMs: 1, lossPercent: 9 } }), words)).toBeNull();
  });
});

describe('problems', () => {
  it('name the member whose key is missing', () => {
    expect(problemSentence(state({ problem: { code: 'key_missing', detail: '', idx: 0, fatal: false } }), organisation, words)).toContain('J. Adviser');
    expect(problemSentence(state(), organisation, words)).toBeNull();
  });
});

describe('keys', () => {
  const press = (key: string, more: object = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, target: { tagName: 'BODY' }, ...more });
  it('switch devices, in either case', () => {
    expect(shortcut(press('m'), false)).toBe('microphone');
    expect(shortcut(press('V'), false)).toBe('camera');
    expect(shortcut(press('s'), false)).toBe('share');
    expect(shortcut(press('?'), false)).toBe('help');
    expect(shortcut(press('x'), false)).toBeNull();
    expect(shortcut(press('constructor'), false)).toBeNull();
  });
  it('do nothing while somebody types, with a modifier, in a sheet, or held down', () => {
    expect(shortcut(press('m', { target: { tagName: 'INPUT' } }), false)).toBeNull();
    expect(shortcut(press('m', { target: { tagName: 'DIV', isContentEditable: true } }), false)).toBeNull();
    expect(shortcut(press('s', { ctrlKey: true }), false)).toBeNull();
    expect(shortcut(press('m'), true)).toBeNull();
    expect(shortcut(press('m', { repeat: true }), false)).toBeNull();
  });
});

/** Each value that the contract lets the server send in a field of a message. */
function allowed(type: string, field: string): string[] {
  interface Schema {
    properties: Record<string, { const?: string; enum?: string[] }>;
  }
  const contract = JSON.parse(readFileSync(new URL('../../../../contracts/signalling.schema.json', import.meta.url), 'utf8')) as { $defs: { ServerMessage: { oneOf: Schema[] } } };
  const message = contract.$defs.ServerMessage.oneOf.find(({ properties }) => properties['type']?.const === type);
  const values = message?.properties[field]?.enum ?? [];
  expect(values.length).toBeGreaterThan(1);
  return values;
}

describe('pages: whatever the server may say has words, and what it may not say breaks no page', () => {
  const end = (change: Partial<EndView>): EndView => ({ reason: 'staff', declined: null, recorded: false, conversation: true, noPath: false, keptUntilMs: null, text: null, atMs: 0, ...change });

  it.each(['en', 'nl'] as const)('declined (%s)', (lang) => {
    const said = callWords[lang];
    const sentences = allowed('declined', 'reason').map((reason) => endWords(end({ reason: 'declined', declined: reason as EndView['declined'] }), false, 'customer', said).lines.join(' '));
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(sentences).not.toContain(`${said.declined.unknown.sentence} ${said.declined.unknown.next}`);
    for (const foreign of ['something.new', 'title', 'constructor']) {
      expect(endWords(end({ reason: 'declined', declined: foreign as EndView['declined'] }), false, 'customer', said).lines).toEqual([said.declined.unknown.sentence, said.declined.unknown.next]);
    }
  });

  for (const lang of ['en', 'nl'] as const) {
    for (const viewer of ['customer', 'staff'] as const) {
      it(`ended, to the ${viewer} (${lang})`, () => {
        const said = callWords[lang];
        const all = [...allowed('ended', 'reason'), 'left', 'removed', 'declined', 'replaced'];
        const told = all.map((reason) => {
          const { title, lines } = endWords(end({ reason: reason as EndView['reason'] }), true, viewer, said);
          return [title, ...lines].join(' ');
        });
        expect(told.filter((text) => /undefined/.test(text))).toEqual([]);
        expect(new Set(told).size).toBe(all.length);
        expect(Object.keys(said.ended.reasons[viewer]).sort()).toEqual([...all].sort());
        for (const foreign of ['something.new', 'constructor']) {
          expect(JSON.stringify(endWords(end({ reason: foreign as EndView['reason'] }), true, viewer, said))).toContain(said.ended.reasons[viewer].server);
        }
      });
    }
  }

  it.each(['en', 'nl'] as const)('media that are off for want of a recording (%s)', (lang) => {
    const said = callWords[lang];
    for (const reason of allowed('media', 'reason')) {
      const off = state({ recording: recording({ fact: 'starting' }), media: { allowed: false, reason: reason as CallState['media']['reason'], endsAtMs: null } });
      const lost = recordingLost(off);
      if (lost === null) expect(['ok', 'held', 'guard', 'not_admitted', 'no_path']).toContain(reason);
      else expect(recordingLostReason(off, organisation, said)).toBeTruthy();
    }
  });

  it.each(['en', 'nl'] as const)('how the adviser went away (%s)', (lang) => {
    const said = callWords[lang];
    const titles = allowed('held', 'cause').map((cause) => heldTitle(state({ phase: 'held', heldCause: cause as CallState['heldCause'] }), said));
    expect(titles[0]).not.toBe(titles[1]);
    for (const cause of [null, 'something.new', 'constructor']) expect(heldTitle(state({ phase: 'held', heldCause: cause as CallState['heldCause'] }), said)).toBe(said.held.customer_title.unknown);
    expect(heldTitle(state({ heldCause: 'left' }), said)).not.toMatch(/lost|kwijt/);
  });

  it('the network is named where it was measured, behind the reason, and nowhere else', () => {
    const none = (change: Partial<EndView>) => endWords(end({ conversation: false, ...change }), true, 'customer', words);
    expect(none({}).lines).toEqual(['Your adviser has ended the meeting.', 'No conversation took place.']);
    expect(none({}).networkNext).toBeNull();
    expect(none({ noPath: null }).networkNext).toBeNull();
    expect(none({ noPath: true }).lines).toEqual(['Your adviser has ended the meeting.', 'No conversation took place. Picture and sound did not pass between the two of you.']);
    expect(none({ noPath: true }).networkNext).toContain('mobile data');
    expect(none({ reason: 'left' }).title).toBe('You have left');
    expect(none({ reason: 'other_device' }).lines[0]).toContain('another device');
    expect(endWords(end({ conversation: false, noPath: true }), false, 'customer', words).lines).toEqual(['Your adviser has ended the meeting.']);
    const staff = endWords(end({ conversation: false }), true, 'staff', words);
    expect(staff).toEqual({ title: 'You have ended the meeting.', lines: ['No conversation took place.', 'Nothing was recorded.'], networkNext: null });
    expect(endWords(end({ conversation: false, recorded: null }), true, 'staff', words).lines).toEqual(['No conversation took place.']);
  });

  it('missing keys are told as missing keys, with who is being asked', () => {
    const members = state().members.map((one) => (one.idx === 1 ? { ...one, deciding: true } : one));
    const off = state({ members, recording: recording({ fact: 'starting' }), media: { allowed: false, reason: 'keys_missing', endsAtMs: null }, encryption: { ...state().encryption, waitingForKeysOf: [1, 255] } });
    expect(recordingLostTitle(recordingLost(off)!, words)).not.toMatch(/stopped|disk/i);
    expect(recordingLostReason(off, organisation, words)).toBe('C is being asked whether to go on, because this browser has not shown the secret of the link.');
    expect(waitingFor(off, organisation, words)).toEqual([
      'C is being asked whether to go on, because this browser has not shown the secret of the link.',
      'Keys are being exchanged with Recorder of Example Bank.',
      words.connecting.waiting_recorder,
    ]);
    expect(recordingLostReason({ ...off, members: state().members }, organisation, words)).toBe(words.stopped.reasons['keys_missing']);
    expect(waitingFor({ ...off, security: { ...off.security, link: 'overdue' } }, organisation, words)).toEqual([words.connecting.waiting_you]);
    // Nobody is told to do nothing while a question stands on the page, and what the other side reads is what it reads.
    expect(recordingLostLines({ ...off, security: { ...off.security, link: 'overdue' } }, 'customer', organisation, words)).toEqual([words.stopped.customer_asked]);
    expect(recordingLostLines(off, 'staff', organisation, words)).not.toContain(words.stopped.staff);
    expect(recordingLostLines({ ...off, members: state().members }, 'staff', organisation, words)).toContain(words.stopped.staff);
    expect(recordingLostLines(off, 'customer', organisation, words)).toEqual([words.stopped.customer]);
  });

  it('one problem has one thing to do', () => {
    const told = (code: NonNullable<CallState['problem']>['code'], fatal: boolean) => state({ phase: 'stopped', problem: { code, detail: '', idx: null, fatal } });
    for (const viewer of ['customer', 'staff'] as const) {
      // "Don't go on here" and "open your link again" do not go together.
      expect(problemTodo(told('root_refused', true), viewer, words)).toBeNull();
      expect(problemTodo(told('worker_lost', false), viewer, words)).toBeNull();
      expect(problemTodo(told('roster_refused', true), viewer, words)).toBe(viewer === 'staff' ? words.problems.todo_staff : words.problems.todo);
    }
    expect(problemSentence(told('steward_silent', false), organisation, words)).toBeNull();
  });

  it('what has not been sent is said of now, and never of before', () => {
    for (const lang of ['en', 'nl'] as const) {
      const { link, problems } = callWords[lang];
      const texts = [link.unproven(organisation), link.customer.waiting(), link.customer.overdue(), problems.root_refused];
      for (const text of texts) expect(text).not.toMatch(/has been sent|was sent|is niets (van u )?verstuurd/);
    }
  });

  it('each side reads what is true of its own link', () => {
    expect(knownWords('link', organisation, words, 'staff')).not.toMatch(/your link/);
    expect(knownWords('link', organisation, words, 'customer')).toBe('verified by your link');
  });
});
