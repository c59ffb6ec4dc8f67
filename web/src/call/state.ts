// What a call is, as the pages may show it: one immutable snapshot, replaced on each change, never changed in place.
//
// Everything in here is a fact that was measured or verified in this browser, or (where it says so) a fact that the server
// reported. Nothing is a wish: `phase` is 'connected' only after all key acknowledgements and a decrypted frame of each member
// that announced an active slot; `recording.fact` is 'on' only when the server reports the durable header *and* the recorder's
// own signed key acknowledgement has arrived.

import type { LinkState } from './link_trust';
import type { DeclinedReason, EndReason, HeldCause, MediaPath, MediaReason, MeetingFacts } from '../protocol';

export type Role = 'agent' | 'customer' | 'guest';

/**
 * starting    nothing sent yet, or the socket is being opened for the first time
 * waiting     in the waiting room: Hello sent, ICE and DTLS connect, no slot is active
 * admitted    a signed Roster lists us; keys are being exchanged
 * connecting  all keys are acknowledged; not every active member's picture or sound has been decrypted yet
 * connected   the fact "connected" of e2ee.md 4.6
 * held        the steward's browser is lost: media are off, we wait for the adviser (customers), or may reopen (staff)
 * stopped     we stopped sending by ourselves and say why in `problem`; only leaving goes on from here
 * ended       over; `ended` says how
 */
export type Phase = 'starting' | 'waiting' | 'admitted' | 'connecting' | 'connected' | 'held' | 'stopped' | 'ended';

/** online: socket and media path work. reconnecting: within the 30 s of a resume. offline: beyond it, still trying. */
export type Link = 'online' | 'reconnecting' | 'offline';

export type SlotName = 'microphone' | 'camera' | 'screen';

/**
 * none   no device, or not permitted (why: `device`)
 * off    there is a device, but it is not sending anything real: a muted microphone sends encrypted silence
 * on     encrypted media of this slot leave this browser
 * ready  the device is open but keys are not active yet: nothing leaves this browser
 */
export type SlotState = 'none' | 'off' | 'ready' | 'on';

/** How a member is known (e2ee.md 1). 'server': "<organisation>'s server says so; compare the code to be sure". */
export type KnownBy = 'self' | 'server' | 'link' | 'policy';

export interface MemberView {
  /** 255 is the recorder. */
  readonly idx: number;
  readonly ep: string | null;
  readonly role: Role | 'recorder';
  readonly name: string;
  readonly self: boolean;
  readonly steward: boolean;
  readonly knownBy: KnownBy;
  /**
   * Server's word: the member's socket is there; or nothing comes from its media connection for some seconds, whatever the socket
   * does; or it is in its 30 s of reconnecting; or its browser has stopped sending for good. The recorder is always 'online' while
   * listed.
   */
  readonly presence: 'online' | 'silent' | 'reconnecting' | 'stopped';
  /** Steward: this member came by a link whose secret we don't have, and is being asked whether to go on: no key comes before that. */
  readonly deciding: boolean;
  /** True once this member has acknowledged our keys of the newest epoch. */
  readonly acknowledged: boolean;
  /** Slots that the member announced as active in a signed message. */
  readonly active: readonly SlotName[];
  /** No device at all: is shown as "listening". */
  readonly listening: boolean;
  /** At least one frame of this member has been decrypted in this browser since it was admitted. */
  readonly heard: boolean;
  /** From decoded sound, never from the server. */
  readonly speaking: boolean;
  /** The server's word, from the sender's own message; null where nothing was said. */
  readonly microphoneMuted: boolean | null;
  readonly cameraOff: boolean | null;
  /** The server's fact: can picture and sound pass between it and this member? The recorder's is 'up'. */
  readonly path: MediaPath;
}

/** A picture to show. The member is told by the decrypted frames' key id, never by the server's stream map. */
export interface Tile {
  /** Stable key for lists. */
  readonly id: string;
  readonly idx: number;
  readonly slot: 'camera' | 'screen';
  readonly name: string;
  readonly stream: MediaStream;
  /** The picture stands still: no frame of it was opened and decoded for 2 s (a screen: nothing at all came from its member). */
  readonly still: boolean;
  /** A screen: when its share began, on the page's clock (performance.now). What was received before belongs to another one. */
  readonly fromMs: number;
}

/** Somebody in the waiting room, as the steward sees it. `admit(ep)` signs exactly this `helloHash`. */
export interface WaitingView {
  readonly ep: string;
  /** The server's id of the participant: the pages join what they know about the person by it. */
  readonly participant: string;
  readonly helloHash: string;
  readonly name: string;
  readonly role: Role;
  readonly knownBy: KnownBy;
  readonly sinceMs: number;
  /** Somebody who reloaded a page: is admitted again without a click. */
  readonly renews: boolean;
  /** Was let in, was asked whether to go on without our proof of the link's secret, and has not answered: comes in by the answer. */
  readonly undecided: boolean;
  /** A second device of somebody who is in the call already: needs `allowSecond` or `refuseSecond`. */
  readonly secondDevice: boolean;
  /** Their page has no connection since then (the server's clock): nobody can be admitted who is not there. */
  readonly awaySinceMs: number | null;
}

export interface EncryptionView {
  /** The epoch in which this browser sends; 0 before the first. */
  readonly epoch: number;
  /** A change of keys is going on. */
  readonly pending: boolean;
  /** True only when all key acknowledgements are there and every active member's frames decrypt. */
  readonly established: boolean;
  /** idx of members whose acknowledgement we still wait for. */
  readonly waitingForKeysOf: readonly number[];
  /** idx of members from whom nothing has been decrypted yet although they announced an active slot. */
  readonly waitingForMediaOf: readonly number[];
  readonly framesSent: number;
  readonly framesDecrypted: number;
  /** Frames that failed authentication (damaged or forged), came from no member, or had a wrong shim: all were dropped. Frames that came
   *  twice are dropped too, and not counted: bandwidth probes of browsers and servers repeat packets. */
  readonly framesRejected: number;
}

export type RecordingPolicy = 'required' | 'optional' | 'never';

export interface RecordingView {
  readonly policy: RecordingPolicy | null;
  /**
   * off       the Roster says off: no key for a recorder exists
   * starting  the Roster lists the recorder; it is not recording yet
   * on        the recorder acknowledged the keys and its durable header is written (both facts)
   * paused    the Roster says paused
   * stopped   the server reports that recording has failed or stalled; where it is required, media are off
   */
  readonly fact: 'off' | 'starting' | 'on' | 'paused' | 'stopped';
  readonly kinds: readonly ('a' | 'v')[];
  /** With 'stopped': the server's reason code; with 'starting' 'keys_missing' where somebody's keys are what is waited for. When the call ends because of it: `media.endsAtMs`. */
  readonly reason: string | null;
  readonly sinceMs: number | null;
}

/** Whether media may flow in this meeting now: the server's gate. While it is closed this browser sends silence and black. */
export interface MediaView {
  readonly allowed: boolean;
  readonly reason: MediaReason;
  /** The meeting ends then unless it is mended; UTC milliseconds. */
  readonly endsAtMs: number | null;
}

export interface CodeChange {
  /** dropped: left out because its browser had not answered in time. */
  readonly what: 'joined' | 'left' | 'dropped' | 'reloaded';
  readonly name: string;
  readonly atMs: number;
}

export interface SecurityView {
  /** Six groups of five digits, or null before the first Roster. */
  readonly code: readonly string[] | null;
  /** Why the code is another one than before, newest last. Empty while it has not changed. */
  readonly codeChanges: readonly CodeChange[];
  readonly organisation: string;
  /** The organisation key's, eight groups of four hex digits; '' before it was checked. */
  readonly rootFingerprint: string;
  /** What the secret of the link has proven: see link_trust.ts. Staff: 'none' where this browser has no secret, else 'proven'. */
  readonly link: LinkState;
  /** Receipt for types that are never recorded: Policy, Rosters, SenderKeys, Activated as they were sent. */
  readonly receiptAvailable: boolean;
}

/** Poor network in words is the page's business; this is the measured class and the figures behind it. */
export interface QualityView {
  readonly level: 'unknown' | 'good' | 'fair' | 'poor';
  readonly cause: 'none' | 'loss' | 'delay' | 'no_packets';
  readonly rttMs: number | null;
  readonly lossPercent: number | null;
}

export type ProblemCode =
  // e2ee.md 3: a check of a signed message failed; `detail` names the check.
  | 'policy_refused'
  // Another organisation key than this browser remembers for this address, or than this page began with.
  | 'root_refused'
  | 'roster_refused'
  | 'sender_key_refused'
  // e2ee.md 4.7
  | 'roster_fork'
  | 'roster_missing'
  | 'steward_silent'
  // Keys
  | 'key_missing' // a member's frames cannot be opened for 5 s; `idx` says whose
  | 'exhausted'
  // The server's offer asks for something that would tell what is said; `detail` names it.
  | 'offer_refused'
  // The server's guard said that we sent something unencrypted.
  | 'plaintext_guard'
  // The crypto worker died; the session rejoins with a new endpoint by itself.
  | 'worker_lost'
  // The server refused something that the session needs; `detail` is its code.
  | 'refused'
  | 'media_failed';

export interface Problem {
  readonly code: ProblemCode;
  /** For the small print and for reports: the name of the failed check, never personal data. */
  readonly detail: string;
  readonly idx: number | null;
  /** True where this browser has stopped sending because of it. */
  readonly fatal: boolean;
}

export interface EndView {
  /** The server's reason, or ours: 'left' (we left), 'removed' (a Roster without us), 'declined', 'replaced' (another tab took over). */
  readonly reason: EndReason | 'left' | 'removed' | 'declined' | 'replaced';
  readonly declined: DeclinedReason | null;
  /** The server's word; null where it could not be asked: in doubt, what was recorded so far stays recorded. */
  readonly recorded: boolean | null;
  /** Two people were connected at once in this meeting, as the server says; null where it said nothing. */
  readonly conversation: boolean | null;
  /** No conversation, and the network let nothing through: the server's measure; null where it said nothing. */
  readonly noPath: boolean | null;
  /** UTC milliseconds; null where nothing is kept or nothing was said. */
  readonly keptUntilMs: number | null;
  /** The server's own sentence, if it sent one. */
  readonly text: string | null;
  readonly atMs: number;
}

/** Small things that happened, for a polite live region: newest last, at most 20. */
export interface Happening {
  readonly id: number;
  readonly what: 'joined' | 'left' | 'dropped' | 'reconnecting' | 'back' | 'share_started' | 'share_stopped' | 'device_lost';
  readonly name: string;
  readonly atMs: number;
}

export interface SelfView {
  readonly ep: string | null;
  readonly idx: number | null;
  readonly role: Role;
  readonly name: string;
  readonly steward: boolean;
  readonly microphone: SlotState;
  readonly camera: SlotState;
  readonly screen: SlotState;
  /** Own picture for the preview; null without a camera. */
  readonly preview: MediaStream | null;
  readonly screenPreview: MediaStream | null;
  readonly speaking: boolean;
}

export interface CallState {
  readonly phase: Phase;
  readonly link: Link;
  readonly self: SelfView;
  readonly members: readonly MemberView[];
  /** Filled for staff only. */
  readonly waiting: readonly WaitingView[];
  /** Place in the queue as the server says, 1 = next; null when not waiting. */
  readonly queuePlace: number | null;
  /** For how many minutes this place is kept without a connection; null: not told yet. */
  readonly placeKeptMin: number | null;
  /** Since when this person waits, as the server counts; null: not told yet. */
  readonly waitingSinceMs: number | null;
  readonly adviser: 'unknown' | 'away' | 'here';
  /** The meeting's facts as the server says; null before `welcome`. */
  readonly meeting: MeetingFacts | null;
  readonly tiles: readonly Tile[];
  /** Streams with the others' sound: give each to an <audio autoplay>. */
  readonly sounds: readonly MediaStream[];
  /** idx of the member who shares a screen now. */
  readonly sharing: number | null;
  readonly encryption: EncryptionView;
  readonly recording: RecordingView;
  readonly media: MediaView;
  /** This browser's own connection to the server's media port: 'up' once ICE and DTLS are done; 'none' after 10 s without, or
   *  when the browser does not even try. It goes on trying. */
  readonly path: MediaPath;
  readonly security: SecurityView;
  readonly quality: QualityView;
  /** UTC milliseconds when the call was first 'connected'. */
  readonly connectedAtMs: number | null;
  /** In phase 'held': when the server gives the meeting up, and how the adviser went; null: not known. */
  readonly heldUntilMs: number | null;
  readonly heldCause: HeldCause | null;
  readonly problem: Problem | null;
  readonly happenings: readonly Happening[];
  readonly ended: EndView | null;
}
