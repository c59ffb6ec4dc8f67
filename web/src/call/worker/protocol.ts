// Messages between the page and its crypto worker. Keys never travel here, neither base keys nor derived ones: the page sees
// points, commits and wraps only. Requests carry `id` and are answered once by `done` or `failed` with the same id.

import type { CounterLast, KeyHave, KeyKind, KeyWrap, SenderKey, Slot } from '../../protocol';

export interface Recipient {
  idx: number;
  /** base64url, 65-byte point. */
  kem: string;
  /** Kinds of keys that are wrapped to it: both for members; for the recorder what the type records. */
  kinds: KeyKind[];
}

export interface EpochAnnouncement {
  call: string;
  epoch: number;
  /** Hash of the Roster. */
  roster: string;
  self: number;
  /** Everybody in the Roster but ourselves, the recorder included where it is listed. */
  recipients: Recipient[];
}

export interface OwnSenderKey {
  commits: { a: string; v: string; d: null };
  wraps: KeyWrap[];
}

export type WorkerRequest =
  /** Makes the endpoint's KEM key; answered with its point. */
  | { type: 'init' }
  /** A new call begins: epochs, keys and counters of the old one are dropped; `init` makes a new KEM key. Transforms stay attached and wait. */
  | { type: 'reset' }
  /** A checked Roster that lists us: makes this epoch's own keys. Frames of its members may be held from now on. */
  | ({ type: 'announce' } & EpochAnnouncement)
  /** A checked SenderKey of another member. Answered with what was opened *and* fits its commit. */
  | { type: 'accept'; senderKey: Pick<SenderKey, 'epoch' | 'roster' | 'from' | 'commits' | 'wraps'> }
  /** Switch sending to this epoch: audio at once, video at the next key frame or after 500 ms. Answered when all have switched. */
  | { type: 'activate'; epoch: number }
  /** Newest counters that were used in an epoch. `final`: nothing is encrypted afterwards, so that they stay the newest. */
  | { type: 'counters'; epoch: number; final: boolean }
  /** Is the worker alive? */
  | { type: 'ping' };

export type WorkerOrder =
  /** A member has switched to `epoch` (its Activated): its older keys are wiped in 2 s. */
  | { type: 'retire'; idx: number; epoch: number }
  /** A member is in no Roster any more: all its keys are wiped in 2 s. */
  | { type: 'forget'; idx: number }
  /** Nothing is encrypted any more, for ever; keys are dropped. */
  | { type: 'halt' };

export type PageMessage = (WorkerRequest & { id: number }) | WorkerOrder;

export interface WorkerAnswers {
  init: { kem: string };
  reset: Record<string, never>;
  announce: OwnSenderKey;
  accept: { have: KeyHave[]; refused: string | null };
  activate: { last: CounterLast[] };
  counters: { last: CounterLast[] };
  ping: Record<string, never>;
}

export type RejectReason = 'auth' | 'replay' | 'shim' | 'key_bit' | 'header' | 'slot' | 'stranger' | 'old' | 'no_key';

export interface FrameCounts {
  sent: number;
  opened: number;
  /** Probe of the self-test only: frames that were not ours, that is, plaintext. */
  foreign: number;
  rejected: Record<RejectReason, number>;
  /** Authentic frames by receiving stream: what stands still is seen by what no longer rises. */
  streams: Record<string, number>;
}

export type WorkerEvent =
  /** The transform of this stream is attached: nothing can leave it unencrypted any more. */
  | { type: 'attached'; stream: string }
  /** First authentic frame of a KID. */
  | { type: 'heard'; idx: number; epoch: number; slot: Slot }
  /** Whose pictures or sound a downlink carries now, by its authentic frames. */
  | { type: 'label'; stream: string; idx: number; slot: Slot }
  /** A frame of an epoch that nobody announced. */
  | { type: 'unknown_epoch'; epoch: number }
  /** Frames of this member were held for 2 s and its key never came; sent again when it persists. */
  | { type: 'missing'; idx: number; epoch: number }
  /** This browser has no way to ask for a key frame in the worker: the page does. */
  | { type: 'want_key_frame'; slot: Slot }
  /** A counter has reached 2^32. */
  | { type: 'exhausted' }
  /** Encrypting failed: the stream emits nothing any more. */
  | { type: 'broken'; stream: string }
  | { type: 'counts'; counts: FrameCounts };

export type WorkerMessage = { type: 'done'; id: number; value: unknown } | { type: 'failed'; id: number; reason: string } | WorkerEvent;

/** Options of an RTCRtpScriptTransform. `stream` is the mid within one connection, prefixed with its generation. */
export type TransformOptions =
  | { direction: 'send'; stream: string; slot: Slot }
  | { direction: 'receive'; stream: string; kind: 'audio' | 'video' }
  /** Self-test: receives what this worker itself sent, counts, and decrypts. */
  | { direction: 'probe'; stream: string; kind: 'audio' | 'video' };
