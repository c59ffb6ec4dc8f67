// The signed messages of "Parlour/1". Member names and their order are the wire form: a message is signed, hashed and kept
// as the bytes that were sent. Byte strings are base64url without padding; integers only.

/** Endpoint id, call id: base64url of 16 bytes. */
export type EndpointId = string;
export type CallId = string;
/** base64url of 32 bytes, SHA-256. */
export type Hash = string;

export type SignedType = 'Policy' | 'Hello' | 'Roster' | 'SenderKey' | 'KeyAck' | 'Activated' | 'Progress';

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

/** Kinds of base keys: 1 audio (slot 0), 2 pictures (slots 1 and 2). */
export type KeyKind = 1 | 2;
/** Slots of an endpoint: 0 microphone, 1 camera, 2 screen. */
export type Slot = 0 | 1 | 2;

export interface PolicyType {
  type_id: string;
  version: number;
  record: 'required' | 'optional' | 'never';
  kinds: ('a' | 'v')[];
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
}

export interface RosterRecorder {
  idx: number;
  kem: string;
  sig: string;
}

export interface Roster {
  call: CallId;
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
  commits: { a: Hash; v: Hash };
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

export interface SignedBodies {
  Policy: Policy;
  Hello: Hello;
  Roster: Roster;
  SenderKey: SenderKey;
  KeyAck: KeyAck;
  Activated: Activated;
  Progress: Progress;
}
