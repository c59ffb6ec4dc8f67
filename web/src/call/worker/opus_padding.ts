// Pads each sound frame before it is encrypted, so that the length of a ciphertext says nothing of what is spoken:
// a browser may send a variable rate whatever was agreed (`cbr=1`), 3 bytes when muted and 39 to 95 when not.
//
// The padding is Opus's own (RFC 6716 3.2.5), so receivers, vault and players decode the packet as it is:
//
//   code 0, 1, 2 or 3 ─► code 3:  TOC | v p M | padding lengths | frame lengths (v) | frames | zeros (p)
//
// A packet that does not fit makes the next step the target, for as long as the sender lives: what is learnt is that one
// packet was large, once. Browsers' own rates for our offer (39 to 95 bytes for 20 ms) stay within the first.

import type { Bytes } from '../bytes';

/** Plaintext bytes. The first holds 50 kbit/s in packets of 20 ms; the last is what one datagram carries. */
export const paddingSteps = [128, 256, 512, 1024] as const;

const framesMax = 48;

interface Parts {
  /** Byte 0 with its code bits set to 3. */
  toc: number;
  /** v and M of the frame count byte. */
  count: number;
  /** Frame lengths and frames, as code 3 has them behind the padding lengths. */
  body: Bytes;
}

/** F8 FF FE: 20 ms of silence (CELT, full band, mono). */
const silence: Parts = { toc: 0xfb, count: 1, body: new Uint8Array([0xff, 0xfe]) };

/** Null: no Opus packet. */
function split(packet: Bytes): Parts | null {
  if (packet.length === 0) return null;
  const toc = packet[0]! | 3;
  const rest = packet.subarray(1);
  switch (packet[0]! & 3) {
    case 0:
      return { toc, count: 1, body: rest };
    case 1:
      return rest.length % 2 === 0 ? { toc, count: 2, body: rest } : null;
    case 2: {
      const first = frameLength(rest, 0);
      return first && first.next + first.length <= rest.length ? { toc, count: 0x80 | 2, body: rest } : null;
    }
    default:
      return splitCode3(toc, rest);
  }
}

function splitCode3(toc: number, rest: Bytes): Parts | null {
  const count = rest[0];
  if (count === undefined) return null;
  const frames = count & 63;
  if (frames === 0 || frames > framesMax) return null;
  let at = 1;
  let padding = 0;
  if (count & 0x40) {
    for (;;) {
      const more = rest[at++];
      if (more === undefined) return null;
      padding += more === 255 ? 254 : more;
      if (more !== 255) break;
    }
  }
  if (at + padding > rest.length) return null;
  const body = rest.subarray(at, rest.length - padding);
  if ((count & 0x80) === 0) return body.length % frames === 0 ? { toc, count: count & 0xbf, body } : null;
  let next = 0;
  let lengths = 0;
  for (let frame = 1; frame < frames; frame++) {
    const one = frameLength(body, next);
    if (!one) return null;
    next = one.next;
    lengths += one.length;
  }
  return next + lengths <= body.length ? { toc, count: count & 0xbf, body } : null;
}

/** RFC 6716 3.2.1. */
function frameLength(bytes: Bytes, at: number): { length: number; next: number } | null {
  const first = bytes[at];
  if (first === undefined) return null;
  if (first < 252) return { length: first, next: at + 1 };
  const second = bytes[at + 1];
  return second === undefined ? null : { length: second * 4 + first, next: at + 2 };
}

/** `parts` in exactly `size` bytes; `size` is at least that of `parts` without padding. */
function join(parts: Parts, size: number): Bytes {
  const out = new Uint8Array(size);
  const added = size - 2 - parts.body.length;
  out[0] = parts.toc;
  out[1] = parts.count | (added > 0 ? 0x40 : 0);
  let at = 2;
  if (added > 0) {
    // Each 255 stands for itself and 254 bytes of padding, the last byte for itself and as many as it says.
    const wholes = Math.floor((added - 1) / 255);
    out.fill(255, at, at + wholes);
    at += wholes;
    out[at++] = (added - 1) % 255;
  }
  out.set(parts.body, at);
  return out;
}

/** The length of one sender's sound. */
export class OpusPadding {
  private step_ = 0;

  /** Bytes of every plaintext until a larger packet comes. */
  get target(): number {
    return paddingSteps[this.step_]!;
  }

  /**
   * The packet in `target + extra` bytes: `extra` takes up what this frame's header is shorter than the longest one. What is
   * not Opus, or larger than the last step, becomes silence: no receiver could play it, and its length would tell.
   */
  pad(packet: Bytes, extra = 0): Bytes {
    let parts = split(packet);
    if (!parts || parts.body.length + 2 > paddingSteps[paddingSteps.length - 1]!) parts = silence;
    while (parts.body.length + 2 > this.target) this.step_++;
    return join(parts, this.target + extra);
  }
}
