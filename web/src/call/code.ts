// The security code (e2ee.md 5): six groups of five digits that both sides read to each other. It covers the call, the
// organisation key, the Policy, the type and all members' keys; pause and resume leave it, because the recorder isn't in it.

import type { RosterMember } from '../protocol';
import { compare, concat, sha256, u8, uint, utf8, fromBase64urlOf, type Bytes } from './bytes';

export const codeRounds = 100_000;

export interface CodeInput {
  /** 16 bytes. */
  call: Bytes;
  /** The organisation key's public point, 65 bytes; its SHA-256 is the root fingerprint. */
  root: Bytes;
  /** Hash of the Policy, 32 bytes. */
  policy: Bytes;
  typeId: string;
  typeVersion: number;
  members: readonly Pick<RosterMember, 'role' | 'sig' | 'kem'>[];
}

export async function codeHash(input: CodeInput): Promise<Bytes> {
  const members = input.members
    .map((m) => concat(u8(m.role), fromBase64urlOf(m.sig, 65) ?? u8(0), fromBase64urlOf(m.kem, 65) ?? u8(0)))
    .sort(compare);
  return sha256(
    concat(
      utf8('Parlour/1 code'),
      u8(0),
      input.call,
      await sha256(input.root),
      input.policy,
      utf8(input.typeId),
      uint(input.typeVersion, 4),
      ...members,
    ),
  );
}

export async function securityCode(input: CodeInput): Promise<string[]> {
  const x = await crypto.subtle.importKey('raw', await codeHash(input), 'PBKDF2', false, ['deriveBits']);
  const derived = await crypto.subtle.deriveBits(
    { name: 'PBKDF2', hash: 'SHA-256', salt: utf8('Parlour/1 code'), iterations: codeRounds },
    x,
    240,
  );
  const c = new Uint8Array(derived);
  return Array.from({ length: 6 }, (_, i) => {
    const u40 = c.subarray(5 * i, 5 * i + 5).reduce((value, byte) => value * 256 + byte, 0);
    return String(u40 % 100_000).padStart(5, '0');
  });
}
