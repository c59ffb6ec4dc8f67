// What a page may do with a call. `CallSession` (session.ts) is the implementation; tests of pages may write another.

import type { DeclineReason } from '../protocol';
import type { LocalMedia } from './devices';
import type { HeldSecret } from './link_trust';
import type { Receipt } from './receipt';
import type { CallState } from './state';

export interface CallConfig {
  as: 'staff' | 'guest';
  /** Proves that our own page asks; from the page's session. */
  csrf: string;
  /** The meeting's id: staff must give it; a guest's cookie knows it, so a guest gives null. */
  meeting: string | null;
  /** Staff: enter although another browser of this person is in the call. */
  takeOver?: boolean;
  /** What was opened on the device check page. The session ends its tracks on leave. Null: nothing is opened, "listening". */
  media: LocalMedia | null;
  /** `wss://…/api/v1/call`; default: this origin. */
  socketUrl?: string;
  /** The secret of this meeting's link, where this browser has it: the customer's from the link, the scheduling adviser's own. */
  linkSecret?: HeldSecret;
  /** Start with these switched off. */
  microphoneMuted?: boolean;
  cameraOff?: boolean;
}

export interface CallApi {
  readonly state: CallState;
  /** Svelte's store contract: the listener is called at once and with each new snapshot. Returns the way to stop. */
  subscribe(listener: (state: CallState) => void): () => void;

  /** Opens the socket and enters the meeting: once. Later failures are in the state, not thrown. Rejects with `Refused` (code, text, who) where the server does not let us in. */
  start(): Promise<void>;

  /** Steward only: signs the hash of exactly this Hello. Rejects with `Refused` code `hello.changed` when it is another one by now: show the new one, ask again. */
  admit(ep: string, helloHash: string): Promise<void>;
  /** Staff: refuse somebody in the waiting room, by participant id. */
  decline(participant: string, reason: DeclineReason): Promise<void>;
  allowSecond(participant: string): Promise<void>;
  refuseSecond(participant: string): Promise<void>;

  /** Mute and unmute: a muted microphone sends encrypted silence. Without a microphone: opens one if it can. */
  setMicrophone(on: boolean): Promise<void>;
  /** Camera on and off: while off, encrypted black pictures leave, then nothing. Without a camera: opens one if it can. */
  setCamera(on: boolean): Promise<void>;
  /** Front and back camera of a telephone. */
  switchCamera(): Promise<void>;
  useDevice(kind: 'microphone' | 'camera', deviceId: string): Promise<void>;

  /** Asks the server for the meeting's one share, then the person for a screen. Rejects with `Refused` code `share.busy`. Resolves false when the person cancelled. */
  startShare(): Promise<boolean>;
  stopShare(): Promise<void>;

  /** Customer, with `security.link` 'overdue' or 'lost': goes on although the adviser's browser has not proven that it made the link. */
  goOnUnproven(): void;

  /** Leaves: final Progress, keys wiped, devices closed. Resolves when that is done; never rejects. */
  leave(): Promise<void>;
  /** Staff: ends the meeting for all. */
  end(): Promise<void>;
  /** The page goes away (pagehide): best effort final Progress, nothing awaited. The session can't be used afterwards. */
  abandon(): void;

  /** Everything signed that this browser accepted, as it was sent: verifies offline. Null before the first Roster. */
  receipt(): Receipt | null;
}

/** The server's (or our own) "no", with the sentence for people. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly text: string,
    readonly who: readonly string[] = [],
  ) {
    super(code);
    this.name = 'Refused';
  }
}
