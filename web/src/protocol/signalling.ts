// Messages of the call's WebSocket, `GET /api/v1/call`, as docs/features/signalling.md and contracts/signalling.schema.json
// define them: one JSON object per text frame, at most 64 KiB, integers only, times in UTC milliseconds.

import type { CallId, EndpointId, Signed, Slot } from './signed';

export const maxMessageBytes = 64 * 1024;
/** The form of signed messages that this page reads and writes. The server refuses another one: the page must be reloaded. */
export const messageForm = 2;
/** WebSocket close codes. */
export const closeMalformed = 1008;
export const closeReplaced = 4001;

export interface Resume {
  token: string;
  last_n: number;
}

/** What an adviser can answer somebody who waits. */
export type DeclineReason = 'not_now' | 'wrong_person' | 'unrecorded' | 'closed';
/** What that person is told: also that a second device was refused. */
export type DeclinedReason = DeclineReason | 'other_device';

export type ClientMessage =
  | { type: 'enter'; form: typeof messageForm; as: 'staff' | 'guest'; csrf: string; meeting?: string; resume?: Resume; take_over?: boolean }
  | { type: 'watch'; as: 'staff'; csrf: string }
  | { type: 'probe'; as: 'staff' | 'guest'; csrf: string }
  | { type: 'e2ee'; m: Signed }
  | { type: 'answer'; gen: number; sdp: string }
  | { type: 'ice.restart' }
  | { type: 'self'; mic: boolean; camera: boolean }
  | { type: 'share.start' }
  | { type: 'share.stop' }
  | { type: 'connected'; call: CallId; epoch: number }
  | { type: 'decline'; meeting?: string; participant: string; reason: DeclineReason }
  | { type: 'second.allow'; participant: string }
  | { type: 'second.refuse'; participant: string }
  | { type: 'leave' }
  | { type: 'end' }
  | { type: 'failed'; check: string; detail: string };

export type ClientMessageType = ClientMessage['type'];

export interface MeetingFacts {
  id: string;
  type_id: string;
  type_version: number;
  type_title: { en: string; nl: string };
  record: 'required' | 'optional' | 'never';
  kinds: ('a' | 'v')[];
  adviser: string;
  start: number;
  duration_min: number;
  pause_max_s: number;
}

export interface WelcomeFields {
  you: { participant: string; role: 'staff' | 'customer'; name: string };
  meeting: MeetingFacts;
  org: { name: string };
  call: CallId;
  policy: Signed;
  /** The organisation key's public point, 65 bytes. */
  root: string;
  /** Policies of earlier organisation keys that name the one after them, oldest first; absent where there was no other. */
  former?: Signed[];
  resume: string | null;
  now: number;
  /** Hellos, Rosters, SenderKeys, KeyAcks, Activateds of the current call, in order; empty for a waiting guest. */
  chain: Signed[];
  state: 'waiting' | 'admitted';
  steward: boolean;
}

export interface DeviceReport {
  camera: string;
  microphone: string;
  speaker: string;
  network: string;
}

/** The server's fact of whether picture and sound can pass between it and a page; 'none': not within 10 s, or not any more. */
export type MediaPath = 'pending' | 'up' | 'none';

export interface WaitingEntry {
  meeting: string;
  participant: string;
  name: string;
  type_title: { en: string; nl: string } | string;
  since: number;
  notice: 'acknowledged' | 'none';
  device: DeviceReport;
  /** A Hello was said. */
  ready: boolean;
  /** Null on the console's own socket: only the meeting's page admits. */
  hello: Signed | null;
  second_device: boolean;
  /** This person's page has no connection since then; null: it is there. */
  away_since: number | null;
  path: MediaPath;
}

export interface StreamMapEntry {
  mid: string;
  ep: EndpointId;
  slot: Slot;
}

export interface Person {
  participant: string;
  role: 'staff' | 'customer' | 'recorder';
  name: string;
  /** Empty before its Hello. */
  ep: EndpointId;
  state: 'waiting' | 'admitted' | 'connected' | 'reconnecting' | 'stopped' | 'left';
  path: MediaPath;
  mic: boolean;
  camera: boolean;
  sharing: boolean;
  /** Nothing has come from this browser's media connection for 5 s. */
  silent: boolean;
}

export type MediaReason = 'ok' | 'recording.stalled' | 'recording.not_begun' | 'keys_missing' | 'vault.down' | 'disk.full' | 'held' | 'guard' | 'not_admitted' | 'no_path';
export type RecorderState = 'none' | 'requested' | 'capturing' | 'stalled' | 'stopped' | 'failed';
export type EndReason =
  | 'staff'
  | 'customer_left'
  | 'cancelled'
  | 'recording_lost'
  | 'keys_missing'
  | 'held_too_long'
  | 'expired'
  | 'exhausted'
  | 'other_device'
  | 'link_replaced'
  | 'server'
  | 'session';

/** How the adviser went away: by choice, lost, or the log-in ended. Absent where the server does not know it any more. */
export type HeldCause = 'left' | 'lost' | 'session';

/** What stays of the conversation, on every way out; absent where the server could not say it. */
export interface Farewell {
  recorded?: boolean;
  /** Two people were connected at once. */
  conversation?: boolean;
  /** They never were, and a member of the call was out of reach of picture and sound for 10 s. */
  no_path?: boolean;
  kept_until?: number;
}

/** Pushes carry `n`, rising by one per presence. */
export type ServerPush =
  | ({ type: 'welcome'; n: number } & WelcomeFields)
  | ({ type: 'resync'; n: number } & WelcomeFields)
  | { type: 'call.new'; n: number; call: CallId }
  | { type: 'e2ee'; n: number; m: Signed; from: string }
  | { type: 'waiting'; n: number; list: WaitingEntry[] }
  | { type: 'queue'; n: number; place: number; adviser: 'away' | 'here'; kept_min: number; waited_s: number }
  | { type: 'admitted'; n: number }
  | ({ type: 'declined'; n: number; reason: DeclinedReason } & Farewell)
  | { type: 'offer'; n: number; gen: number; sdp: string; map: StreamMapEntry[] }
  | { type: 'people'; n: number; list: Person[] }
  | { type: 'share'; n: number; participant: string | null }
  | { type: 'recording'; n: number; state: RecorderState; since: number; reason?: string }
  | { type: 'media'; n: number; allowed: boolean; reason: MediaReason; ends_at?: number }
  | { type: 'held'; n: number; until: number; cause?: HeldCause }
  | { type: 'quality'; n: number; loss_up: number; loss_down: number; rtt_ms: number }
  | { type: 'guard'; n: number; slot: number; reason: string }
  | { type: 'path'; n: number; state: 'up' }
  | ({ type: 'ended'; n: number; reason: EndReason } & Farewell);

export type ServerReply =
  | { type: 'ok'; re: number; [field: string]: unknown }
  | { type: 'refused'; re?: number; code: string; text: string; who?: string[] };

export type ServerMessage = ServerPush | ServerReply;

/** A frame of the socket as an object with a type, or null where it is neither. Unknown types are the caller's to ignore. */
export function parseServerMessage(text: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const message = value as { type?: unknown; n?: unknown; re?: unknown };
  if (typeof message.type !== 'string') return null;
  if (message.type === 'ok') return Number.isSafeInteger(message.re) ? (value as ServerReply) : null;
  if (message.type === 'refused') return value as ServerReply;
  return Number.isSafeInteger(message.n) ? (value as ServerPush) : null;
}
