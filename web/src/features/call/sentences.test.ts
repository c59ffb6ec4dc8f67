import { describe, expect, it } from 'vitest';
import type { CallState, EndView, MemberView } from '../../call/index.ts';
import { codeForReading, encryptionWords, farewell, knownWords, problemSentence, qualityWords, recordedNow, recordingLost, recordingMark, securitySentences, waitingFor } from './sentences.ts';
import { shortcut } from './shortcuts.ts';
import { callWords } from './words.ts';

const words = callWords.en;
const organisation = 'Example Bank';

const member = (idx: number, role: MemberView['role'], name: string): MemberView => ({
  idx, ep: null, role, name, self: false, steward: false, knownBy: 'server', presence: 'online', acknowledged: true, active: [], listening: false, heard: true, speaking: false, microphoneMuted: false, cameraOff: false, path: 'up',
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
    connectedAtMs: 0, heldUntilMs: null, problem: null, happenings: [], ended: null, ...change,
  };
}
const recording = (change: Partial<CallState['recording']>): CallState['recording'] => ({ ...state().recording, ...change });

describe('the line of facts', () => {
  it('says "Recording" on the recorder’s fact only', () => {
    expect(recordingMark(recording({ fact: 'on' }))).toBe('recording');
    for (const fact of ['off', 'starting', 'paused', 'stopped'] as const) expect(recordingMark(recording({ fact }))).not.toBe('recording');
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
    expect(encryptionWords({ ...before, phase: 'waiting' }, organisation, words)).toBe('Not connected yet');
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
    expect(recordingLost(state())).toBe(false);
    expect(recordingLost(state({ recording: recording({ fact: 'stopped' }) }))).toBe(true);
    expect(recordingLost(state({ media: { allowed: false, reason: 'disk.full', endsAtMs: null } }))).toBe(true);
    expect(recordingLost(state({ media: { allowed: false, reason: 'held', endsAtMs: null } }))).toBe(false);
  });
  it('is nothing to somebody who waits or has left', () => {
    for (const phase of ['waiting', 'ended'] as const) expect(recordingLost(state({ phase, media: { allowed: false, reason: 'vault.down', endsAtMs: null } }))).toBe(false);
  });
});

describe('fault B1: the goodbye', () => {
  const reasons: EndView['reason'][] = ['staff', 'customer_left', 'cancelled', 'recording_lost', 'held_too_long', 'expired', 'exhausted', 'other_device', 'server', 'session', 'left', 'removed', 'declined', 'replaced'];
  const told = (reason: EndView['reason'], recorded: boolean | null, keptUntilMs: number | null = null): EndView => ({ reason, declined: null, recorded, conversation: true, keptUntilMs, text: null, atMs: 0 });
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
