// The cryptography of a SenderKey (e2ee.md 3): commits, and wraps of base keys by HPKE.

import type { KeyKind } from '../../protocol';
import { concat, sha256, u8, uint, utf8, type Bytes } from '../bytes';

export interface KeyContext {
  /** 16 bytes. */
  call: Bytes;
  epoch: number;
  /** Hash of the Roster, 32 bytes. */
  roster: Bytes;
}

export function commitOf(context: KeyContext, from: number, k: KeyKind, key: Bytes): Promise<Bytes> {
  return sha256(concat(utf8('Parlour/1 commit'), u8(0), context.call, uint(context.epoch, 2), u8(from), u8(k), key));
}

export function wrapInfo(context: KeyContext, from: number, to: number, k: KeyKind): Bytes {
  return concat(utf8('Parlour/1 sk'), u8(0), context.call, uint(context.epoch, 2), u8(from), u8(to), u8(k), context.roster);
}
