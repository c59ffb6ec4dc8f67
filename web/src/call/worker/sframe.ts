// SFrame (RFC 9605), suite 0x0005 AES_256_GCM_SHA512_128. Suite 0x0004 is here for the RFC's vectors only.
// A header other than the shortest one is refused (RFC 9605 4.3), so a (KID, CTR) pair has one encoding.
// Numbers: CTR < 2^32 and KID < 2^24 in the protocol; vectors go to 2^64 - 1 and use bigint.

import { concat, utf8, type Bytes } from '../bytes';

export const tagBytes = 16;

export interface Header {
  kid: bigint;
  ctr: bigint;
  /** Bytes that the header takes. */
  length: number;
}

function byteWidth(value: bigint): number {
  let width = 1;
  for (let rest = value >> 8n; rest > 0n; rest >>= 8n) width++;
  return width;
}

function writeBig(value: bigint, width: number): Bytes {
  const out = new Uint8Array(width);
  for (let i = width - 1, rest = value; i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 0xffn);
  return out;
}

/** Config byte X KKK Y CCC, then KID, then CTR: values below 8 sit in the config byte itself. */
export function encodeHeader(kid: bigint, ctr: bigint): Bytes {
  const long = (v: bigint): boolean => v >= 8n;
  const kidWidth = long(kid) ? byteWidth(kid) : 0;
  const ctrWidth = long(ctr) ? byteWidth(ctr) : 0;
  const config =
    (kidWidth > 0 ? 0x80 | ((kidWidth - 1) << 4) : Number(kid) << 4) | (ctrWidth > 0 ? 0x08 | (ctrWidth - 1) : Number(ctr));
  return concat(new Uint8Array([config]), writeBig(kid, kidWidth), writeBig(ctr, ctrWidth));
}

function readField(bytes: Uint8Array, at: number, long: boolean, bits: number): { value: bigint; next: number } | null {
  if (!long) return { value: BigInt(bits), next: at };
  const width = bits + 1;
  if (at + width > bytes.length) return null;
  let value = 0n;
  for (let i = 0; i < width; i++) value = (value << 8n) | BigInt(bytes[at + i]!);
  if (value < 8n || byteWidth(value) !== width) return null;
  return { value, next: at + width };
}

export function decodeHeader(bytes: Uint8Array): Header | null {
  const config = bytes[0];
  if (config === undefined) return null;
  const kid = readField(bytes, 1, (config & 0x80) !== 0, (config >> 4) & 7);
  if (!kid) return null;
  const ctr = readField(bytes, kid.next, (config & 0x08) !== 0, config & 7);
  return ctr ? { kid: kid.value, ctr: ctr.value, length: ctr.next } : null;
}

export interface FrameKey {
  key: CryptoKey;
  salt: Bytes;
}

const suites = {
  4: { hash: 'SHA-256', keyBytes: 16 },
  5: { hash: 'SHA-512', keyBytes: 32 },
} as const;

/** RFC 9605 4.4.2. The derived key can't be read back. `forVectors` makes it readable. */
export async function deriveFrameKey(baseKey: Bytes, kid: bigint, suite: 4 | 5 = 5, forVectors = false): Promise<FrameKey> {
  const { hash, keyBytes } = suites[suite];
  const secret = await crypto.subtle.importKey('raw', baseKey, 'HKDF', false, ['deriveBits']);
  const derive = async (name: string, length: number): Promise<Bytes> => {
    const info = concat(utf8(name), writeBig(kid, 8), new Uint8Array([0, suite]));
    return new Uint8Array(await crypto.subtle.deriveBits({ name: 'HKDF', hash, salt: new Uint8Array(0), info }, secret, length * 8));
  };
  const raw = await derive('SFrame 1.0 Secret key ', keyBytes);
  const salt = await derive('SFrame 1.0 Secret salt ', 12);
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', forVectors, ['encrypt', 'decrypt']);
  raw.fill(0);
  return { key, salt };
}

/** salt XOR ctr, RFC 9605 4.4.3. */
function nonceOf(salt: Bytes, ctr: bigint): Bytes {
  const nonce = salt.slice();
  for (let i = nonce.length - 1, rest = ctr; rest > 0n; i--, rest >>= 8n) nonce[i]! ^= Number(rest & 0xffn);
  return nonce;
}

/** `aad` is what follows the header in the additional data: metadata of RFC 9605, our shim. */
export async function encryptFrame(frameKey: FrameKey, kid: bigint, ctr: bigint, aad: Bytes, plaintext: BufferSource): Promise<Bytes> {
  const header = encodeHeader(kid, ctr);
  const ct = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: nonceOf(frameKey.salt, ctr), additionalData: concat(header, aad), tagLength: tagBytes * 8 },
    frameKey.key,
    plaintext,
  );
  return concat(header, new Uint8Array(ct));
}

/** Null when the frame is not authentic. `frame` starts with its header, `header` is that header decoded. */
export async function decryptFrame(frameKey: FrameKey, header: Header, aad: Bytes, frame: Bytes): Promise<ArrayBuffer | null> {
  if (frame.length < header.length + tagBytes) return null;
  try {
    return await crypto.subtle.decrypt(
      {
        name: 'AES-GCM',
        iv: nonceOf(frameKey.salt, header.ctr),
        additionalData: concat(frame.subarray(0, header.length), aad),
        tagLength: tagBytes * 8,
      },
      frameKey.key,
      frame.subarray(header.length),
    );
  } catch {
    return null;
  }
}
