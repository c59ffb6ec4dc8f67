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
      // It may have recorded before: somebody who came in again has given it no keys yet.
      return recording.reason === 'keys_missing' ? 'off' : 'not_recording_yet';
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
  if (state.phase === 'stopped') return words.facts.stopped_sending;
  if (state.phase === 'admitted' || state.phase === 'connecting') return words.facts.exchanging;
  return state.connectedAtMs === null ? words.facts.not_connected : words.facts.interrupted;
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

export type Viewer = 'customer' | 'staff';

/** A table's own entry: what a server says is never taken for the name of something else, nor for nothing. */
export function entryOf<T>(table: Readonly<Record<string, T>>, code: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(table, code) ? table[code] : undefined;
}

export function knownWords(known: KnownBy, organisation: string, words: CallWords, viewer: Viewer = 'customer'): string {
  switch (known) {
    case 'link':
      return viewer === 'staff' ? words.known.link_staff : words.known.link;
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

/** How it ended, in the words of whoever reads it: the reason first, then whether a conversation took place, then what helps. */
export function endWords(ended: EndView, wasIn: boolean, viewer: Viewer, words: CallWords): { title: string; lines: string[]; networkNext: string | null } {
  const said = words.ended;
  if (ended.declined !== null) {
    const declined = entryOf(words.declined as Record<string, unknown>, ended.declined);
    const { sentence, next } = typeof declined === 'object' ? (declined as { sentence: string; next: string }) : words.declined.unknown;
    return { title: words.declined.title, lines: [sentence, next], networkNext: null };
  }
  const reasons: Record<string, string> = said.reasons[viewer];
  const reason = entryOf(reasons, ended.reason) ?? said.reasons[viewer].server;
  const lines: string[] = [];
  if (viewer === 'customer' && ended.reason !== 'left') lines.push(reason);
  const none = wasIn && ended.conversation === false;
  // What the network did is said where it was measured, and nowhere else.
  if (none) lines.push(ended.noPath === true ? `${said.no_conversation} ${said.no_path}` : said.no_conversation);
  if (viewer === 'staff' && none && ended.recorded === false) lines.push(said.recorded_not);
  if (viewer === 'customer' && anotherTime.has(ended.reason)) lines.push(said.another_time);
  const title = viewer === 'staff' ? reason : ended.reason === 'left' ? said.title_left : said.title;
  return { title, lines, networkNext: none && ended.noPath === true && viewer === 'customer' ? said.no_path_next : null };
}

const anotherTime: ReadonlySet<string> = new Set(['recording_lost', 'keys_missing', 'held_too_long', 'expired', 'cancelled']);

/** The customer's words while the adviser is away. */
export function heldTitle(state: CallState, words: CallWords): string {
  return entryOf<string>(words.held.customer_title, state.heldCause ?? 'unknown') ?? words.held.customer_title.unknown;
}

/** What is still missing until "connected"; empty when nothing is. */
export function waitingFor(state: CallState, organisation: string, words: CallWords): string[] {
  const lines: string[] = [];
  const pending = state.members.filter((member) => !member.self && member.path !== 'up');
  if (state.path !== 'up') lines.push(words.connecting.waiting_own);
  if (pending.length > 0) lines.push(words.connecting.waiting_path(names(state, pending.map((member) => member.idx), organisation, words)));
  // Recorder and first picture wait for that, and saying so would only hide what is missing.
  if (lines.length > 0) return lines;
  if (state.security.link === 'overdue') return [words.connecting.waiting_you];
  const asked = state.members.filter((member) => member.deciding);
  for (const member of asked) lines.push(words.link.deciding(memberName(member, organisation, words)));
  const keys = state.encryption.waitingForKeysOf.filter((idx) => !asked.some((member) => member.idx === idx));
  if (keys.length > 0) lines.push(words.connecting.waiting_keys(names(state, keys, organisation, words)));
  if (state.recording.policy === 'required' && state.recording.fact !== 'on' && state.recording.fact !== 'paused') lines.push(words.connecting.waiting_recorder);
  if (state.encryption.waitingForMediaOf.length > 0) lines.push(words.connecting.waiting_media(names(state, state.encryption.waitingForMediaOf, organisation, words)));
  return lines;
}

const notRecording: ReadonlySet<string> = new Set(['recording.stalled', 'recording.not_begun', 'keys_missing', 'vault.down', 'disk.full']);

/**
 * Where the type demands a recording and there is none in a running call: media are off and a band says so. 'stopped' is said of
 * what ran, and 'keys' of a recorder that runs and waits for somebody's.
 */
export function recordingLost(state: CallState): 'stopped' | 'not_begun' | 'keys' | null {
  if (state.phase === 'ended' || state.phase === 'waiting' || state.phase === 'starting') return null;
  if (state.recording.fact === 'stopped' && state.recording.policy !== 'never') return 'stopped';
  if (state.media.allowed || !notRecording.has(state.media.reason)) return null;
  return state.media.reason === 'keys_missing' ? 'keys' : state.media.reason === 'recording.stalled' ? 'stopped' : 'not_begun';
}

export function recordingLostTitle(lost: 'stopped' | 'not_begun' | 'keys', words: CallWords): string {
  return { stopped: words.stopped.title, not_begun: words.stopped.title_not_begun, keys: words.stopped.title_keys }[lost];
}

/** The band's text below its title; `asked`: the one who reads it, or a member, has a question to answer first. */
export function recordingLostLines(state: CallState, viewer: Viewer, organisation: string, words: CallWords): string[] {
  const { stopped } = words;
  const keys = recordingLost(state) === 'keys';
  if (viewer === 'customer') return [keys && state.security.link === 'overdue' ? stopped.customer_asked : stopped.customer];
  const asked = keys && state.members.some((member) => member.deciding);
  const reason = recordingLostReason(state, organisation, words);
  return [...(reason === null ? [] : [reason]), ...(asked ? [stopped.staff_asked] : [stopped.staff_todo, stopped.staff])];
}

/** For staff: what is wrong, and with whom. */
export function recordingLostReason(state: CallState, organisation: string, words: CallWords): string | null {
  const asked = state.media.reason === 'keys_missing' ? state.members.filter((member) => member.deciding) : [];
  if (asked.length > 0) return asked.map((member) => words.link.deciding(memberName(member, organisation, words))).join(' ');
  return entryOf(words.stopped.reasons, state.recording.reason ?? state.media.reason) ?? entryOf(words.stopped.reasons, state.media.reason) ?? null;
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
  // Told in the middle of the page, as a held call.
  if (problem.code === 'steward_silent') return null;
  return words.problems[problem.code];
}

/** What to do about a problem that stopped this browser; null where its own sentence says it, or nothing has to be done. */
export function problemTodo(state: CallState, viewer: Viewer, words: CallWords): string | null {
  const { problem } = state;
  if (problem === null || !problem.fatal || problem.code === 'root_refused' || problem.code === 'exhausted') return null;
  return viewer === 'staff' ? words.problems.todo_staff : words.problems.todo;
}

/** Groups the code as it is read aloud: two rows of three groups, each group a phrase of its own. */
export function codeForReading(code: readonly string[]): string {
  return code.map((group) => [...group].join(' ')).join(', ');
}
