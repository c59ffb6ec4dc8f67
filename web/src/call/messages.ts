// Signed messages: writing, signing, reading strictly, verifying. Bytes are signed, hashed and kept as they were sent.
//
// Reading refuses a body that is not what JSON.stringify(JSON.parse(b)) gives back (so: one spelling, no duplicate members),
// unknown or missing members, numbers that are not integers, byte strings of another length, lists beyond their limits.

import {
  maxEpoch,
  maxIdx,
  recorderIdx,
  type PolicyRecorder,
  type PolicyType,
  type Signed,
  type SignedBodies,
  type SignedType,
} from '../protocol';
import { base64url, concat, fromBase64url, fromBase64urlOf, sha256, u8, utf8, type Bytes } from './bytes';

export interface Message<T extends SignedType = SignedType> {
  t: T;
  /** `root`, `rec`, or the signer's endpoint id. */
  signer: string;
  body: SignedBodies[T];
  /** The bytes of `b` and their hash, base64url. */
  bytes: Bytes;
  hash: string;
  /** As it was sent. */
  signed: Signed;
}

export type AnyMessage = { [T in SignedType]: Message<T> }[SignedType];

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' };
const algorithm = { name: 'ECDSA', hash: 'SHA-256' };

type Check = (value: unknown) => boolean;

const integer = (low: number, high: number): Check => (v) => Number.isSafeInteger(v) && (v as number) >= low && (v as number) <= high;
/** At most this many bytes of UTF-8, no control characters, no halves of surrogate pairs. */
const text = (max: number, min = 0): Check => (v) =>
  typeof v === 'string' && v.length <= max && v.length >= min && utf8(v).length <= max && !/[\u0000-\u001f\u007f\p{Cs}]/u.test(v);
const oneOf = (...values: unknown[]): Check => (v) => values.includes(v);
const bytesOf = (length: number): Check => (v) => fromBase64urlOf(v, length) !== null;
const orNull = (check: Check): Check => (v) => v === null || check(v);
const isNull: Check = (v) => v === null;
const bool: Check = (v) => typeof v === 'boolean';

function list(check: Check, max: number, order?: (item: never) => number, min = 0): Check {
  return (v) => {
    if (!Array.isArray(v) || v.length > max || v.length < min || !v.every(check)) return false;
    // Strictly rising: sorted, and nothing twice.
    return !order || v.every((item, i) => i === 0 || order(v[i - 1] as never) < order(item as never));
  };
}

function object(members: Record<string, Check>): Check {
  const names = Object.keys(members);
  return (v) => {
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return false;
    const own = Object.keys(v);
    return own.length === names.length && names.every((n) => Object.hasOwn(v, n) && members[n]!((v as Record<string, unknown>)[n]));
  };
}

const hash = bytesOf(32);
const id = bytesOf(16);
const point = bytesOf(65);
const epoch = integer(1, maxEpoch);
const idx = integer(0, maxIdx);
const anyone: Check = (v) => idx(v) || v === recorderIdx;
const time = integer(0, Number.MAX_SAFE_INTEGER);
const uuid: Check = (v) => typeof v === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(v);
const kinds = list(oneOf('a', 'v'), 2, (k: string) => (k === 'a' ? 0 : 1));
const version = integer(0, 0xffffffff);
const kid = integer(0, 2 ** 24 - 1);
const counters = list(object({ kid, ctr: integer(0, 2 ** 32 - 1) }), 64, (c: { kid: number }) => c.kid);
const byReceiverAndKind = (w: { to?: number; idx?: number; k: number }): number => (w.to ?? w.idx ?? 0) * 4 + w.k;

const policyType = object({ type_id: uuid, version, record: oneOf('required', 'optional', 'never'), kinds, pause_max_s: integer(0, 86_400) });
const policyTypes: Check = (v) =>
  list(policyType, 400)(v) &&
  (v as PolicyType[]).every((type) => (type.kinds.length === 0) === (type.record === 'never')) &&
  new Set((v as PolicyType[]).map((type) => `${type.type_id}/${type.version}`)).size === (v as PolicyType[]).length;
const policyRecorder: Check = (v) =>
  object({ id: text(600), kem: point, sig: point, nbf: time, exp: time })(v) && (v as PolicyRecorder).nbf < (v as PolicyRecorder).exp;

const checks: { [T in SignedType]: Check } = {
  Policy: object({
    org: text(600),
    ver: time,
    types: policyTypes,
    rec: policyRecorder,
    staff: list(() => false, 0),
    next_root: orNull(point),
  }),
  Hello: object({
    call: id,
    ep: id,
    role: integer(1, 3),
    name: text(600),
    sig: point,
    kem: point,
    nonce: id,
    iat: time,
    caps: list(text(64), 32),
    renews: orNull(id),
    cred: object({ kind: oneOf('passkey', 'oidc', 'link', 'server'), proof: text(16_384) }),
  }),
  Roster: object({
    call: id,
    meeting: id,
    epoch,
    prev: hash,
    type_id: uuid,
    type_version: version,
    policy: hash,
    steward: idx,
    members: list(object({ idx, ep: id, role: integer(1, 3), sig: point, kem: point, hello: hash, kinds }), 64, (m: { idx: number }) => m.idx, 1),
    mode: oneOf('recorded', 'paused', 'off'),
    rec: orNull(object({ idx: oneOf(recorderIdx), kem: point, sig: point })),
    reason: text(64),
    t: time,
  }),
  SenderKey: object({
    call: id,
    epoch,
    roster: hash,
    from: idx,
    commits: object({ a: hash, v: hash, d: isNull }),
    wraps: list(object({ to: anyone, k: oneOf(1, 2), enc: point, ct: bytesOf(48) }), 128, byReceiverAndKind),
  }),
  KeyAck: object({
    call: id,
    epoch,
    roster: hash,
    from: anyone,
    have: list(object({ idx, k: oneOf(1, 2), commit: hash }), 128, byReceiverAndKind),
  }),
  Activated: object({ call: id, epoch, roster: hash, from: idx, slots: list(kid, 3, (n: number) => n), last: counters }),
  Progress: object({ call: id, epoch, roster: hash, from: idx, last: counters, final: bool }),
  LinkProof: object({ call: id, roster: hash, to: idx, mac: bytesOf(32) }),
};

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads without verifying; null for anything malformed or unknown. Whoever uses the body verifies it first. */
export async function readSigned(signed: unknown): Promise<AnyMessage | null> {
  if (!object({ t: text(16), k: text(32), b: text(64_000), s: bytesOf(64) })(signed)) return null;
  const outer = signed as Signed;
  if (!Object.hasOwn(checks, outer.t)) return null;
  const bytes = fromBase64url(outer.b);
  if (!bytes) return null;
  let body: unknown;
  try {
    const written = decoder.decode(bytes);
    body = JSON.parse(written);
    if (JSON.stringify(body) !== written) return null;
  } catch {
    return null;
  }
  if (!checks[outer.t](body)) return null;
  return { t: outer.t, signer: outer.k, body, bytes, hash: base64url(await sha256(bytes)), signed: outer } as AnyMessage;
}

/** Reads a message that must be of one type. */
export async function readSignedAs<T extends SignedType>(t: T, signed: unknown): Promise<Message<T> | null> {
  const message = await readSigned(signed);
  return message && message.t === t ? (message as Message<T>) : null;
}

function signedBytes(t: SignedType, bytes: Bytes): Bytes {
  return concat(utf8(`Parlour/1 ${t}`), u8(0), bytes);
}

/** `key`: base64url of the signer's 65-byte point. */
export async function verifySigned(message: AnyMessage, key: string): Promise<boolean> {
  const raw = fromBase64urlOf(key, 65);
  const signature = fromBase64urlOf(message.signed.s, 64);
  if (!raw || !signature) return false;
  try {
    const publicKey = await crypto.subtle.importKey('raw', raw, ecdsa, false, ['verify']);
    return await crypto.subtle.verify(algorithm, publicKey, signature, signedBytes(message.t, message.bytes));
  } catch {
    return false;
  }
}

/** Signs a body; members must be in the order of protocol/signed.ts. Throws when the body is not what a reader would take: a bug. */
export async function sign<T extends SignedType>(t: T, signer: string, body: SignedBodies[T], key: CryptoKey): Promise<Message<T>> {
  const bytes = utf8(JSON.stringify(body));
  const signature = await crypto.subtle.sign(algorithm, key, signedBytes(t, bytes));
  const signed: Signed = { t, k: signer, b: base64url(bytes), s: base64url(new Uint8Array(signature)) };
  const message = await readSignedAs(t, signed);
  if (!message) throw new Error(`malformed ${t}`);
  return message;
}
