// HPKE (RFC 9180), base mode, one message: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
// AES-128-GCM is here for the RFC's own vectors only; the protocol has one suite and negotiates nothing.
// Expected failures (a point that is not on the curve, a tag that doesn't fit) come back as null.

import { concat, uint, utf8, type Bytes } from '../bytes';

const kemId = 0x0010;
const kdfId = 0x0001;
export const aes128Gcm = 0x0001;
export const aes256Gcm = 0x0002;
type AeadId = typeof aes128Gcm | typeof aes256Gcm;

export interface Sealed {
  enc: Bytes;
  ct: Bytes;
}

const label = utf8('HPKE-v1');
const kemSuite = concat(utf8('KEM'), uint(kemId, 2));
const none = new Uint8Array(0);
const ecdh = { name: 'ECDH', namedCurve: 'P-256' };

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  // HMAC pads its key with zeros: 32 zero bytes equal the empty key, which WebCrypto refuses to import.
  const raw = key.length === 0 ? new Uint8Array(32) : key;
  const handle = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', handle, data));
}

function labeledExtract(salt: Bytes, suite: Bytes, name: string, ikm: Bytes): Promise<Bytes> {
  return hmac(salt, concat(label, suite, utf8(name), ikm));
}

/** HKDF-Expand of at most one hash: all that this suite ever needs. */
async function labeledExpand(prk: Bytes, suite: Bytes, name: string, info: Bytes, length: number): Promise<Bytes> {
  const block = await hmac(prk, concat(uint(length, 2), label, suite, utf8(name), info, new Uint8Array([1])));
  return block.slice(0, length);
}

async function sharedSecret(dh: Bytes, enc: Bytes, recipient: Bytes): Promise<Bytes> {
  const prk = await labeledExtract(none, kemSuite, 'eae_prk', dh);
  return labeledExpand(prk, kemSuite, 'shared_secret', concat(enc, recipient), 32);
}

async function contextOf(secret: Bytes, info: Bytes, aead: AeadId): Promise<{ key: CryptoKey; nonce: Bytes }> {
  const suite = concat(utf8('HPKE'), uint(kemId, 2), uint(kdfId, 2), uint(aead, 2));
  const pskIdHash = await labeledExtract(none, suite, 'psk_id_hash', none);
  const infoHash = await labeledExtract(none, suite, 'info_hash', info);
  const context = concat(new Uint8Array([0]), pskIdHash, infoHash);
  const prk = await labeledExtract(secret, suite, 'secret', none);
  const raw = await labeledExpand(prk, suite, 'key', context, aead === aes256Gcm ? 32 : 16);
  const nonce = await labeledExpand(prk, suite, 'base_nonce', context, 12);
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  raw.fill(0);
  return { key, nonce };
}

async function agree(secretKey: CryptoKey, point: Bytes): Promise<Bytes | null> {
  try {
    const publicKey = await crypto.subtle.importKey('raw', point, ecdh, false, []);
    return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: publicKey }, secretKey, 256));
  } catch {
    return null;
  }
}

/** A KEM key pair whose secret half never leaves WebCrypto; `point` is the 65-byte public half. */
export async function generateKem(): Promise<{ secretKey: CryptoKey; point: Bytes }> {
  const pair = (await crypto.subtle.generateKey(ecdh, false, ['deriveBits'])) as CryptoKeyPair;
  return { secretKey: pair.privateKey, point: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
}

export async function seal(recipient: Bytes, info: Bytes, aad: Bytes, plaintext: Bytes): Promise<Sealed | null> {
  return sealWith(await generateKem(), recipient, info, aad, plaintext, aes256Gcm);
}

/** With a given ephemeral key: vectors only. Reusing one for two messages gives the plaintext away. */
export async function sealWith(
  ephemeral: { secretKey: CryptoKey; point: Bytes },
  recipient: Bytes,
  info: Bytes,
  aad: Bytes,
  plaintext: Bytes,
  aead: AeadId,
): Promise<Sealed | null> {
  const dh = await agree(ephemeral.secretKey, recipient);
  if (!dh) return null;
  const { key, nonce } = await contextOf(await sharedSecret(dh, ephemeral.point, recipient), info, aead);
  const ct = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: aad }, key, plaintext);
  return { enc: ephemeral.point, ct: new Uint8Array(ct) };
}

export async function open(
  own: { secretKey: CryptoKey; point: Bytes },
  enc: Bytes,
  info: Bytes,
  aad: Bytes,
  ct: Bytes,
  aead: AeadId = aes256Gcm,
): Promise<Bytes | null> {
  const dh = await agree(own.secretKey, enc);
  if (!dh) return null;
  const { key, nonce } = await contextOf(await sharedSecret(dh, enc, own.point), info, aead);
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce, additionalData: aad }, key, ct));
  } catch {
    return null;
  }
}
