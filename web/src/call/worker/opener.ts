// The receive side: parse, find the key (or wait for it), open, check against replays and against the shim.
//
//   shim? ─► header ─► KID: member? slot fits the stream? ─► key? ──────────────► replay? ─► open ─► key bit = shim? ─► frame
//                                                             └ announced epoch: hold up to 2 s, then drop until it comes

import type { Slot } from '../../protocol';
import type { Bytes } from '../bytes';
import { kidOf, splitKid } from './kid';
import type { Clock, Keyring, ReceivingKey } from './keyring';
import type { RejectReason } from './protocol';
import { decodeHeader, decryptFrame, tagBytes, type Header } from './sframe';
import { isKeyFrame, stripShim } from './shim';

export const holdMs = 2000;
const noShim = new Uint8Array(0);

export type Opened =
  | { ok: true; data: ArrayBuffer; epoch: number; idx: number; slot: Slot }
  /** Empty frames are silence of the browser's own making: swallowed, never counted as attacks. */
  | { ok: false; reason: RejectReason | 'empty' };

export interface OpenerEvents {
  unknownEpoch(epoch: number): void;
  missing(epoch: number, idx: number): void;
}

interface Parsed {
  shim: Bytes;
  keyFrame: boolean;
  sframe: Bytes;
  header: Header;
  epoch: number;
  idx: number;
  slot: Slot;
}

export class Opener {
  private readonly missingSinceMs_ = new Map<number, number>();

  constructor(
    private readonly keyring_: Keyring,
    private readonly clock_: Clock,
    private readonly events_: OpenerEvents,
  ) {}

  async open(kind: 'audio' | 'video', frame: Bytes): Promise<Opened> {
    if (frame.length === 0) return { ok: false, reason: 'empty' };
    const parsed = parse(kind, frame);
    if (typeof parsed === 'string') return { ok: false, reason: parsed };
    const { epoch, idx, slot, header } = parsed;
    if (!this.keyring_.announced(epoch, idx)) {
      if (epoch > this.keyring_.newestEpoch()) this.events_.unknownEpoch(epoch);
      return { ok: false, reason: epoch < this.keyring_.newestEpoch() ? 'old' : 'stranger' };
    }
    const receiving = this.keyring_.receivingKey(epoch, idx, slot) ?? (await this.hold_(epoch, idx, slot));
    // Keys that were wiped after a switch look like keys that never came; the difference is the newer epoch.
    if (!receiving) return { ok: false, reason: epoch < this.keyring_.newestEpoch() ? 'old' : 'no_key' };
    const ctr = Number(header.ctr);
    if (header.ctr >= 2n ** 32n) return { ok: false, reason: 'header' };
    if (!receiving.replay.fresh(ctr)) return { ok: false, reason: 'replay' };
    const data = await decryptFrame(receiving.frameKey, header, parsed.shim, parsed.sframe);
    if (!data) return { ok: false, reason: 'auth' };
    // Asked again: the same frame may have come twice while the first was being opened.
    if (!receiving.replay.fresh(ctr)) return { ok: false, reason: 'replay' };
    receiving.replay.mark(ctr);
    if (kind === 'video' && isKeyFrame(new Uint8Array(data)) !== parsed.keyFrame) return { ok: false, reason: 'key_bit' };
    return { ok: true, data, epoch, idx, slot };
  }

  /** Self-test: is this a frame that this very worker sent? */
  async openOwn(kind: 'audio' | 'video', frame: Bytes): Promise<Opened> {
    if (frame.length === 0) return { ok: false, reason: 'empty' };
    const parsed = parse(kind, frame);
    if (typeof parsed === 'string') return { ok: false, reason: parsed };
    const key = this.keyring_.ownKey(parsed.epoch, parsed.slot);
    const data = key && (await decryptFrame(key, parsed.header, parsed.shim, parsed.sframe));
    if (!data) return { ok: false, reason: 'auth' };
    return { ok: true, data, epoch: parsed.epoch, idx: parsed.idx, slot: parsed.slot };
  }

  private async hold_(epoch: number, idx: number, slot: Slot): Promise<ReceivingKey | null> {
    const name = kidOf(epoch, idx, slot);
    const now = this.clock_.now();
    const since = this.missingSinceMs_.get(name) ?? now;
    this.missingSinceMs_.set(name, since);
    const left = since + holdMs - now;
    // A wiped key of an older epoch never comes back: don't hold the newer frames behind it.
    if (left > 0 && epoch === this.keyring_.newestEpoch()) await this.keyring_.waitFor(epoch, idx, left);
    const found = this.keyring_.receivingKey(epoch, idx, slot);
    if (found) this.missingSinceMs_.delete(name);
    else if (epoch === this.keyring_.newestEpoch()) this.events_.missing(epoch, idx);
    return found;
  }
}

function parse(kind: 'audio' | 'video', frame: Bytes): Parsed | RejectReason {
  const split = kind === 'video' ? stripShim(frame) : { shim: noShim, keyFrame: false, sframe: frame };
  if (!split) return 'shim';
  const header = decodeHeader(split.sframe);
  const kid = header && splitKid(header.kid);
  if (!header || !kid || split.sframe.length < header.length + tagBytes) return 'header';
  if ((kid.slot === 0) !== (kind === 'audio')) return 'slot';
  return { ...split, ...kid, header };
}
