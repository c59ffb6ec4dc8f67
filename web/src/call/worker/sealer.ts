// The send side: which epoch a frame is encrypted under, and the encryption itself.
//
// Never drops a frame: a gap freezes the receiver's picture for seconds. Without an active key a frame waits here; nothing
// leaves unencrypted. The switch of epochs is kept per SSRC, because one transform sees all simulcast layers. Sound is padded
// to one length (opus_padding.ts).

import type { CounterLast, Slot } from '../../protocol';
import type { Bytes } from '../bytes';
import { kidOf } from './kid';
import type { Clock, Keyring } from './keyring';
import { OpusPadding } from './opus_padding';
import { encodeHeader, encryptFrame } from './sframe';
import { addShim, isKeyFrame, shimFor } from './shim';

/** Video waits for a key frame at most this long. */
export const switchMs = 500;
/** An SSRC without a frame for this long doesn't hold the switch up. */
const idleMs = 400;
const noShim = new Uint8Array(0);
/** SFrame headers of the protocol: config byte, KID < 2^24, CTR < 2^32. */
const headerBytesMax = 8;

interface VideoSource {
  epoch: number;
  lastFrameMs: number;
}

export class Sealer {
  /** The epoch in which we send; 0 before the first. */
  private current_ = 0;
  private forceAtMs_ = 0;
  private readonly video_ = new Map<string, VideoSource>();
  private switched_: (() => void) | null = null;
  private activeWaiters_: (() => void)[] = [];
  private stopped_ = false;
  private readonly padding_ = new OpusPadding();
  sent = 0;

  constructor(
    private readonly keyring_: Keyring,
    private readonly clock_: Clock,
    private readonly onExhausted_: () => void,
  ) {}

  get epoch(): number {
    return this.current_;
  }

  /** Resolves with the last counters of the epoch before, once nothing is encrypted under it any more. */
  async activate(epoch: number): Promise<CounterLast[]> {
    if (epoch <= this.current_ || !this.keyring_.ownKey(epoch, 0)) throw new Error('epoch');
    // A switch that is still waiting for a key frame ends now: two epochs are enough.
    this.finishSwitch_();
    const before = this.current_;
    const now = this.clock_.now();
    this.current_ = epoch;
    this.forceAtMs_ = now + switchMs;
    for (const wake of this.activeWaiters_.splice(0)) wake();
    if (before === 0) return [];
    await new Promise<void>((resolve) => {
      this.switched_ = resolve;
      this.clock_.later(switchMs, () => {
        if (this.current_ === epoch) this.finishSwitch_();
      });
      this.checkSwitched_();
    });
    this.keyring_.dropOwnBefore(epoch);
    return this.keyring_.lastCounters(before);
  }

  /**
   * The encrypted frame as it goes onto the wire; null when nothing may ever leave again (halted, exhausted), and for an empty
   * sound frame, which holds nothing and takes no counter. `source` names the SSRC.
   */
  async seal(slot: Slot, source: string, frame: Bytes): Promise<Bytes | null> {
    if (slot === 0 && frame.length === 0) return null;
    while (this.current_ === 0 && !this.keyring_.halted) {
      await new Promise<void>((resolve) => this.activeWaiters_.push(resolve));
    }
    const video = slot !== 0;
    const keyFrame = video && isKeyFrame(frame);
    const epoch = video ? this.epochOfVideo_(`${slot}/${source}`, keyFrame) : this.current_;
    const frameKey = this.keyring_.ownKey(epoch, slot);
    const self = this.keyring_.selfIdx(epoch);
    if (!frameKey || self === null || this.keyring_.halted || this.stopped_) return null;
    const kid = kidOf(epoch, self, slot);
    const ctr = this.keyring_.takeCounter(kid);
    if (ctr === null) {
      this.onExhausted_();
      return null;
    }
    this.sent++;
    if (!video) {
      // The header grows with the counter; the plaintext gives way, so that all ciphertexts have one length.
      const extra = headerBytesMax - encodeHeader(BigInt(kid), BigInt(ctr)).length;
      return encryptFrame(frameKey, BigInt(kid), BigInt(ctr), noShim, this.padding_.pad(frame, extra));
    }
    const shim = shimFor(keyFrame);
    return addShim(shim, await encryptFrame(frameKey, BigInt(kid), BigInt(ctr), shim, frame));
  }

  /** A new call: frames wait until its first epoch is active. */
  reset(): void {
    this.finishSwitch_();
    this.stopped_ = false;
    this.current_ = 0;
    this.video_.clear();
  }

  /** The last counters are about to be attested for good: no frame takes another one. */
  stop(): void {
    this.stopped_ = true;
  }

  /** After `halt` of the keyring: lets waiting frames go, to nowhere. */
  wake(): void {
    for (const wake of this.activeWaiters_.splice(0)) wake();
    this.finishSwitch_();
  }

  private epochOfVideo_(name: string, keyFrame: boolean): number {
    const now = this.clock_.now();
    const source = this.video_.get(name);
    if (!source) {
      this.video_.set(name, { epoch: this.current_, lastFrameMs: now });
      return this.current_;
    }
    source.lastFrameMs = now;
    if (source.epoch !== this.current_ && (keyFrame || now >= this.forceAtMs_ || this.switched_ === null)) {
      source.epoch = this.current_;
      this.checkSwitched_();
    }
    return source.epoch;
  }

  private checkSwitched_(): void {
    const now = this.clock_.now();
    const waiting = [...this.video_.values()].some((s) => s.epoch !== this.current_ && now - s.lastFrameMs < idleMs);
    if (!waiting) this.finishSwitch_();
  }

  private finishSwitch_(): void {
    for (const source of this.video_.values()) source.epoch = this.current_;
    this.switched_?.();
    this.switched_ = null;
  }
}
