// What the pages say about a call, as pure functions of its state: facts only, in the words of the catalogue.

import type { CallState, EndView, KnownBy, MemberView, RecordingPolicy, RecordingView } from '../../call/index.ts';
import type { CallWords } from './words.ts';

export type RecordingMark = 'recording' | 'not_recording_yet' | 'never' | 'off' | 'paused' | 'stopped';

/** "Recording" stands on the recorder's fact alone (state.ts: durable header and key acknowledgement). */
export function recordingMark(recording: RecordingView): RecordingMark {
  switch (recording.fact) {
    case 'on':
      return 'recording';
    case 'starting':
      return 'not_recording_yet';
    case 'paused':
      return 'paused';
    case 'stopped':
      return 'stopped';
    case 'off':
      return recording.policy === 'never' ? 'never' : recording.policy === 'required' ? 'not_recording_yet' : 'off';
  }
}

/** "Encrypted" only after the fact "connected" of e2ee.md 4.6; before, what is going on. */
export function encryptionWords(state: CallState, organisation: string, words: CallWords): string {
  if (state.encryption.established) return words.facts.encrypted(organisation);
  return state.phase === 'admitted' || state.phase === 'connecting' ? words.facts.exchanging : words.facts.not_connected;
}

export function recordedNow(recording: RecordingView, words: CallWords): string {
  const said = words.security.recorded_now;
  switch (recordingMark(recording)) {
    case 'recording':
      return recording.kinds.includes('v') ? said.on_av : said.on_a;
    case 'not_recording_yet':
      return recording.fact === 'starting' ? said.starting : said.off;
    case 'never':
      return said.never;
    case 'paused':
      return said.paused;
    case 'stopped':
      return said.stopped;
    case 'off':
      return said.off;
  }
}

/** The five sentences of the Security panel (the honest words of protocol 1). */
export function securitySentences(recording: RecordingView, organisation: string, words: CallWords): string[] {
  const said = words.security.sentences;
  return [said.encrypted, recording.policy === 'never' ? said.no_recorder : said.recorder(organisation), said.metadata, said.identity(organisation), said.limits];
}

export function knownWords(known: KnownBy, organisation: string, words: CallWords): string {
  switch (known) {
    case 'server':
      return words.known.server(organisation);
    case 'policy':
      return words.known.policy(organisation);
    default:
      return words.known[known];
  }
}

export function memberName(member: MemberView, organisation: string, words: CallWords): string {
  return member.role === 'recorder' ? words.people.recorder_of(organisation) : member.name;
}

export function roleWords(member: MemberView, words: CallWords): string {
  switch (member.role) {
    case 'agent':
      return words.people.staff;
    case 'recorder':
      return words.people.recorder_role;
    default:
      return words.people[member.role];
  }
}

function names(state: CallState, indices: readonly number[], organisation: string, words: CallWords): string {
  return indices.map((idx) => {
    const member = state.members.find((one) => one.idx === idx);
    return member === undefined ? words.people.guest : memberName(member, organisation, words);
  }).join(', ');
}

/**
 * The goodbye's two answers. "Nothing" is said where the server said so, or where the signed rules allow no recorder; in doubt,
 * what was recorded so far stays recorded.
 */
export function farewell(
  ended: EndView, policy: RecordingPolicy, kinds: readonly ('a' | 'v')[], organisation: string, words: CallWords, date: (ms: number) => string,
): { recorded: string; kept: string; copy: boolean } {
  const said = words.ended;
  if (ended.recorded === true) {
    return { recorded: kinds.includes('v') ? said.recorded_av : said.recorded_a, kept: ended.keptUntilMs === null ? said.kept_doubt(organisation) : said.kept_until(date(ended.keptUntilMs)), copy: true };
  }
  if (policy === 'never') return { recorded: said.recorded_none, kept: said.kept_none, copy: false };
  if (ended.recorded === false) return { recorded: said.recorded_not, kept: said.kept_none, copy: false };
  return { recorded: said.recorded_doubt, kept: said.kept_doubt(organisation), copy: true };
}

/** What is still missing until "connected"; empty when nothing is. */
export function waitingFor(state: CallState, organisation: string, words: CallWords): string[] {
  const lines: string[] = [];
  const pending = state.members.filter((member) => !member.self && member.path !== 'up');
  if (state.path !== 'up') lines.push(words.connecting.waiting_own);
  if (pending.length > 0) lines.push(words.connecting.waiting_path(names(state, pending.map((member) => member.idx), organisation, words)));
  // Recorder and first picture wait for that, and saying so would only hide what is missing.
  if (lines.length > 0) return lines;
  if (state.encryption.waitingForKeysOf.length > 0) lines.push(words.connecting.waiting_keys(names(state, state.encryption.waitingForKeysOf, organisation, words)));
  if (state.recording.policy === 'required' && state.recording.fact !== 'on' && state.recording.fact !== 'paused') lines.push(words.connecting.waiting_recorder);
  if (state.encryption.waitingForMediaOf.length > 0) lines.push(words.connecting.waiting_media(names(state, state.encryption.waitingForMediaOf, organisation, words)));
  return lines;
}

/** Where the type demands a recording and there is none in a running call: media are off and a band says so. */
export function recordingLost(state: CallState): boolean {
  if (state.phase === 'ended' || state.phase === 'waiting' || state.phase === 'starting') return false;
  if (state.recording.fact === 'stopped' && state.recording.policy !== 'never') return true;
  return !state.media.allowed && (state.media.reason === 'recording.stalled' || state.media.reason === 'vault.down' || state.media.reason === 'disk.full');
}

/** The network in words; null while it is good or not known. */
export function qualityWords(state: CallState, words: CallWords): string | null {
  if (state.link !== 'online' || state.phase !== 'connected') return null;
  const { level, cause } = state.quality;
  if (level === 'unknown' || level === 'good') return null;
  if (cause === 'none') return words.quality.fair;
  return words.quality[cause];
}

/** What the secret of the link has proven, as this side sees it. */
export function linkWords(state: CallState, organisation: string, words: CallWords): string {
  const { link } = state.security;
  if (state.self.role === 'agent') return link === 'proven' ? words.link.staff_has : words.link.staff_none(organisation);
  return words.link.customer[link](organisation);
}

/** Sentence for a problem; the code of the failed check comes under it, small. */
export function problemSentence(state: CallState, organisation: string, words: CallWords): string | null {
  const problem = state.problem;
  if (problem === null) return null;
  if (problem.code === 'key_missing') return words.problems.key_missing(names(state, problem.idx === null ? [] : [problem.idx], organisation, words));
  return words.problems[problem.code];
}

/** Groups the code as it is read aloud: two rows of three groups, each group a phrase of its own. */
export function codeForReading(code: readonly string[]): string {
  return code.map((group) => [...group].join(' ')).join(', ');
}
