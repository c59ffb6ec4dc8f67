// The codec shim: what a VP8 frame must show in front of its ciphertext so that browsers' packetizers and the server can
// tell key frames from others. Constant bytes; nothing of the real frame is clear, not even its size. Isolated here because
// it is no standard packetization (a future one is a new protocol label).

import { concat, type Bytes } from '../bytes';

const delta = new Uint8Array([0x11]);
const key = new Uint8Array([0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x00, 0x00, 0x00, 0x00]);

/** VP8's own key bit: bit 0 of byte 0, zero for a key frame (RFC 6386 9.1). */
export function isKeyFrame(frame: Uint8Array): boolean {
  return frame.length > 0 && (frame[0]! & 1) === 0;
}

export function shimFor(keyFrame: boolean): Bytes {
  return keyFrame ? key : delta;
}

/** In front of an SFrame. */
export function addShim(shim: Bytes, sframe: Bytes): Bytes {
  return concat(shim, sframe);
}

/** Splits; null for any shim but the two. `sframe` is a view, nothing is copied. */
export function stripShim(frame: Bytes): { shim: Bytes; keyFrame: boolean; sframe: Bytes } | null {
  const keyFrame = isKeyFrame(frame);
  const shim = shimFor(keyFrame);
  if (frame.length < shim.length) return null;
  for (let i = 0; i < shim.length; i++) if (frame[i] !== shim[i]) return null;
  return { shim, keyFrame, sframe: frame.subarray(shim.length) };
}
