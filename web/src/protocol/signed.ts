// The signed messages of "Parlour/1". Member names and their order are the wire form: a message is signed, hashed and kept
// as the bytes that were sent. Byte strings are base64url without padding; integers only.

/** Endpoint id, call id: base64url of 16 bytes. */
export type EndpointId = string;
export type CallId = string;
/** base64url of the 16 bytes of a meeting's UUID. */
export type MeetingId16 = string;
/** base64url of 32 bytes, SHA-256. */
export type Hash = string;

export type SignedType = 'Policy' | 'Hello' | 'Roster' | 'SenderKey' | 'KeyAck' | 'Activated' | 'Progress' | 'LinkProof';

/** `k`: `root`, `rec`, or the signer's endpoint id. `b`: base64url of the JSON bytes. `s`: base64url of r‖s. */
export interface Signed {
  t: SignedType;
  k: string;
  b: string;
  s: string;
}

/** Roles as they are hashed and signed. */
export const roleNumber = { agent: 1, customer: 2, guest: 3 } as const;
export const recorderIdx = 255;
export const maxEpoch = 4095;
export const maxIdx = 254;
/** A link's secret, 128 bits, as letters of base32 (e2ee.md 5): it stands in links and in no message. */
export const linkSecretLetters = 26;

/** Kinds of base keys: 1 audio (slot 0), 2 pictures (slots 1 and 2). 3, data, is defined and refused until something uses it. */
export type KeyKind = 1 | 2;
/**
 * Slots of an endpoint: 0 microphone, 1 camera, 2 screen. Defined and refused until something sends them: 3 sound of a shared
 * screen, 4 data, 8 and 9 the camera's other layers.
 */
export type Slot = 0 | 1 | 2;
/** Kinds by name, as Policy and Roster list them. */
export type KindName = 'a' | 'v';

export interface PolicyType {
  type_id: string;
  version: number;
  record: 'required' | 'optional' | 'never';
  kinds: KindName[];
  pause_max_s: number;
}

export interface PolicyRecorder {
  id: string;
  kem: string;
  sig: string;
  /** Seconds, UTC. */
  nbf: number;
  exp: number;
}

export interface Policy {
  org: string;
  ver: number;
  types: PolicyType[];
  rec: PolicyRecorder;
  /** Keys that sign what is said about staff; none until that is built. */
  staff: never[];
  /** The organisation key that follows this one: its point, or null. */
  next_root: string | null;
}

export interface Credential {
  kind: 'passkey' | 'oidc' | 'link' | 'server';
  /** Empty where there is none. */
  proof: string;
}

export interface Hello {
  call: CallId;
  ep: EndpointId;
  role: number;
  name: string;
  /** Uncompressed P-256 points, 65 bytes. */
  sig: string;
  kem: string;
  nonce: string;
  /** Milliseconds, UTC. */
  iat: number;
  caps: string[];
  renews: EndpointId | null;
  cred: Credential;
}

export interface RosterMember {
  idx: number;
  ep: EndpointId;
  role: number;
  sig: string;
  kem: string;
  hello: Hash;
  /** Of base keys that others wrap to it: all, until something needs fewer. */
  kinds: KindName[];
}

export interface RosterRecorder {
  idx: number;
  kem: string;
  sig: string;
}

export interface Roster {
  call: CallId;
  meeting: MeetingId16;
  epoch: number;
  prev: Hash;
  type_id: string;
  type_version: number;
  policy: Hash;
  steward: number;
  members: RosterMember[];
  mode: 'recorded' | 'paused' | 'off';
  rec: RosterRecorder | null;
  reason: string;
  /** Milliseconds, UTC. */
  t: number;
}

export interface KeyWrap {
  to: number;
  k: KeyKind;
  enc: string;
  ct: string;
}

export interface SenderKey {
  call: CallId;
  epoch: number;
  roster: Hash;
  from: number;
  /** `d`: of kind 3; null where a call has none. */
  commits: { a: Hash; v: Hash; d: null };
  /** Sorted by (to, k). */
  wraps: KeyWrap[];
}

export interface KeyHave {
  idx: number;
  k: KeyKind;
  commit: Hash;
}

export interface KeyAck {
  call: CallId;
  epoch: number;
  roster: Hash;
  from: number;
  /** Cumulative, sorted by (idx, k). */
  have: KeyHave[];
}

export interface CounterLast {
  kid: number;
  ctr: number;
}

export interface Activated {
  call: CallId;
  epoch: number;
  roster: Hash;
  from: number;
  slots: number[];
  last: CounterLast[];
}

export interface Progress {
  call: CallId;
  epoch: number;
  roster: Hash;
  from: number;
  last: CounterLast[];
  final: boolean;
}

/** The steward's word to one customer that both hold the secret of his link. */
export interface LinkProof {
  call: CallId;
  /** Hash of a Roster that lists both. */
  roster: Hash;
  to: number;
  mac: string;
}

export interface SignedBodies {
  Policy: Policy;
  Hello: Hello;
  Roster: Roster;
  SenderKey: SenderKey;
  KeyAck: KeyAck;
  Activated: Activated;
  Progress: Progress;
  LinkProof: LinkProof;
}
