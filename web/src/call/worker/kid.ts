// KID = epoch·2^12 + idx·2^4 + slot.

import { maxEpoch, recorderIdx, type KeyKind, type Slot } from '../../protocol';

export function kidOf(epoch: number, idx: number, slot: Slot): number {
  return epoch * 4096 + idx * 16 + slot;
}

/** Null for slots that are not built (3 sound of a screen, 4 data, 8 and 9 layers of the camera) or unknown, for epoch 0, for the recorder (it never sends), and beyond the limits. */
export function splitKid(kid: bigint): { epoch: number; idx: number; slot: Slot } | null {
  if (kid > BigInt(maxEpoch) * 4096n + 4095n) return null;
  const value = Number(kid);
  const slot = value & 15;
  const idx = (value >> 4) & 255;
  const epoch = value >> 12;
  if (epoch < 1 || idx === recorderIdx || slot > 2) return null;
  return { epoch, idx, slot: slot as Slot };
}

export function kindOf(slot: Slot): KeyKind {
  return slot === 0 ? 1 : 2;
}

export const slots: readonly Slot[] = [0, 1, 2];
