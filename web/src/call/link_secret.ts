// The secret of a link (e2ee.md 5): 128 random bits that the browser of the scheduling adviser makes, that stand in the link's
// fragment, and that no server ever sees. With it both sides prove to each other that nobody swapped them:
//
//   customer  Hello.cred = HMAC(secret, "Parlour/1 link" ‖ 0x00 ‖ "C" ‖ bind of his Hello)
//   steward   LinkProof  = HMAC(secret, "Parlour/1 link" ‖ 0x00 ‖ "A" ‖ hash of a Roster that lists him)
//
// It proves that who holds it has the message with the link, no more. Pure but for WebCrypto.

import { linkSecretLetters, type Hello } from '../protocol';
import { base64url, concat, fromBase64urlOf, sha256, u8, utf8, type Bytes } from './bytes';

export const secretBytes = 16;
const letters = 'abcdefghijklmnopqrstuvwxyz234567';
/** The last of its letters holds three bits and two zeros. */

/** Lower-case base32 (RFC 4648) without padding: survives being read out, and no mail program cuts into it. */
export function writeSecret(secret: Uint8Array): string {
  let out = '';
  let held = 0;
  let bits = 0;
  for (const byte of secret) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += letters[(held >> (bits - 5)) & 31]!;
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? out + letters[(held << (5 - bits)) & 31]! : out;
}

/** Null for anything but the one spelling of 16 bytes. */
export function readSecret(text: string): Bytes | null {
  if (text.length !== linkSecretLetters) return null;
  const out = new Uint8Array(secretBytes);
  let at = 0;
  let held = 0;
  let bits = 0;
  for (const letter of text) {
    const value = letters.indexOf(letter);
    if (value < 0) return null;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? out : null;
}

/** As a key that cannot be read back, for a page that only has to prove and to check. */
export function importLinkSecret(secret: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
}

const subjectOf = (side: 'A' | 'C', subject: Bytes): Bytes => concat(utf8('Parlour/1 link'), u8(0), utf8(side), subject);

export async function linkMac(secret: CryptoKey, side: 'A' | 'C', subject: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', secret, subjectOf(side, subject)));
}

async function holds(secret: CryptoKey, side: 'A' | 'C', subject: Bytes, mac: string): Promise<boolean> {
  const bytes = fromBase64urlOf(mac, 32);
  return bytes !== null && crypto.subtle.verify('HMAC', secret, bytes, subjectOf(side, subject));
}

type Bound = Pick<Hello, 'call' | 'ep' | 'sig' | 'kem'>;

/** SHA-256("Parlour/1 bind" ‖ 0x00 ‖ call ‖ ep ‖ sig ‖ kem) of a well-formed Hello: what a credential is bound to. */
export function bindOf(hello: Bound): Promise<Bytes> {
  const part = (text: string, length: number): Bytes => fromBase64urlOf(text, length) ?? u8(0);
  return sha256(concat(utf8('Parlour/1 bind'), u8(0), part(hello.call, 16), part(hello.ep, 16), part(hello.sig, 65), part(hello.kem, 65)));
}

export async function customerProof(secret: CryptoKey, hello: Bound): Promise<string> {
  return base64url(await linkMac(secret, 'C', await bindOf(hello)));
}

export async function customerProofHolds(secret: CryptoKey, hello: Hello): Promise<boolean> {
  return hello.cred.kind === 'link' && holds(secret, 'C', await bindOf(hello), hello.cred.proof);
}

/** `roster`: base64url of a Roster's hash. */
export async function stewardProof(secret: CryptoKey, roster: string): Promise<string> {
  return base64url(await linkMac(secret, 'A', fromBase64urlOf(roster, 32) ?? u8(0)));
}

export function stewardProofHolds(secret: CryptoKey, roster: string, mac: string): Promise<boolean> {
  return holds(secret, 'A', fromBase64urlOf(roster, 32) ?? u8(0), mac);
}
