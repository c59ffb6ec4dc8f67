// Byte strings: base64url without padding, big-endian integers, concatenation.

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const reverse = new Map([...alphabet].map((letter, value) => [letter.charCodeAt(0), value]));

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function u8(value: number): Bytes {
  return new Uint8Array([value]);
}

/** Big-endian, `width` bytes; values up to 2^53 - 1. */
export function uint(value: number, width: number): Bytes {
  const out = new Uint8Array(width);
  let rest = value;
  for (let i = width - 1; i >= 0; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return out;
}

export function base64url(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const n = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += alphabet[n >> 18]! + alphabet[(n >> 12) & 63]!;
    if (left > 1) out += alphabet[(n >> 6) & 63]!;
    if (left > 2) out += alphabet[n & 63]!;
  }
  return out;
}

/** Null for anything but the one canonical form: no padding, no stray bits in the last letter. */
export function fromBase64url(text: string): Bytes | null {
  const tail = text.length % 4;
  if (tail === 1) return null;
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const value = reverse.get(text.charCodeAt(i));
    if (value === undefined) return null;
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 0xff;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? out : null;
}

/** As above, and of exactly this many bytes. */
export function fromBase64urlOf(text: unknown, length: number): Bytes | null {
  if (typeof text !== 'string') return null;
  const bytes = fromBase64url(text);
  return bytes && bytes.length === length ? bytes : null;
}

/** The 16 bytes of a UUID as base64url; null for anything else. */
export function uuid16(text: string): string | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)) return null;
  return base64url(new Uint8Array(text.replaceAll('-', '').match(/../g)!.map((pair) => parseInt(pair, 16))));
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** Negative, zero, positive, as bytes sort. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}
