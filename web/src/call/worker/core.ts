// The worker without its global scope: answers the page's messages, attaches transforms. worker.ts puts it into a real worker.

import type { Slot } from '../../protocol';
import { Keyring, systemClock, type Clock } from './keyring';
import { Opener, type Opened } from './opener';
import type { FrameCounts, PageMessage, TransformOptions, WorkerMessage, WorkerRequest } from './protocol';
import { Sealer } from './sealer';

/** What browsers hand to a transform; the fields that we use. */
export interface EncodedFrame {
  data: ArrayBuffer;
  getMetadata(): { synchronizationSource?: number };
}

export interface Transformer {
  readonly readable: ReadableStream<EncodedFrame>;
  readonly writable: WritableStream<EncodedFrame>;
  readonly options: unknown;
  /** Receivers. */
  sendKeyFrameRequest?(): Promise<unknown>;
  /** Senders; not in Chromium. */
  generateKeyFrame?(): Promise<unknown>;
}

const keyFrameEveryMs = 300;
const countsEveryMs = 500;
/** A key that stays away is told again at this pace, so that the page sees that it persists. */
const tellAgainMs = 1000;

export class WorkerCore {
  private readonly keyring_: Keyring;
  private readonly sealer_: Sealer;
  private readonly opener_: Opener;
  private readonly counts_: FrameCounts = {
    sent: 0,
    opened: 0,
    foreign: 0,
    rejected: { auth: 0, replay: 0, shim: 0, key_bit: 0, header: 0, slot: 0, stranger: 0, old: 0, no_key: 0 },
    streams: {},
  };
  private readonly told_ = new Map<string, number>();
  private readonly heard_ = new Set<string>();
  private countsChanged_ = false;
  private countsTimer_ = false;
  /** Ways to ask our own encoders for a key frame, by slot. */
  private readonly encoders_ = new Map<Slot, Transformer>();

  constructor(
    private readonly post_: (message: WorkerMessage) => void,
    private readonly clock_: Clock = systemClock,
  ) {
    this.keyring_ = new Keyring(clock_);
    this.sealer_ = new Sealer(this.keyring_, clock_, () => this.post_({ type: 'exhausted' }));
    this.opener_ = new Opener(this.keyring_, clock_, {
      unknownEpoch: (epoch) => this.tell_(`epoch ${epoch}`, { type: 'unknown_epoch', epoch }),
      missing: (epoch, idx) => this.tell_(`missing ${epoch} ${idx}`, { type: 'missing', epoch, idx }),
    });
  }

  async handle(message: PageMessage): Promise<void> {
    switch (message.type) {
      case 'retire':
        this.keyring_.retire(message.idx, message.epoch);
        return;
      case 'forget':
        this.keyring_.forget(message.idx);
        return;
      case 'halt':
        this.keyring_.halt();
        this.sealer_.wake();
        return;
      default:
        try {
          this.post_({ type: 'done', id: message.id, value: await this.answer_(message) });
        } catch (error) {
          this.post_({ type: 'failed', id: message.id, reason: error instanceof Error ? error.message : 'failed' });
        }
    }
  }

  /** Called for each RTCRtpScriptTransform of the page, at once when it is made. */
  attach(transformer: Transformer): void {
    const options = transformer.options as TransformOptions;
    const step =
      options.direction === 'send'
        ? this.sendStep_(options.stream, options.slot)
        : options.direction === 'receive'
          ? this.receiveStep_(options.stream, options.kind, transformer)
          : this.probeStep_(options.kind);
    if (options.direction === 'send') this.encoders_.set(options.slot, transformer);
    const stream = new TransformStream<EncodedFrame, EncodedFrame>({ transform: step });
    // Both ends close with the connection: no error of ours.
    void transformer.readable.pipeThrough(stream).pipeTo(transformer.writable).catch(() => undefined);
    this.post_({ type: 'attached', stream: options.stream });
  }

  private async answer_(message: WorkerRequest): Promise<unknown> {
    switch (message.type) {
      case 'init':
        return { kem: await this.keyring_.init() };
      case 'reset':
        this.sealer_.reset();
        this.keyring_.reset();
        this.heard_.clear();
        this.told_.clear();
        return {};
      case 'announce':
        return this.keyring_.announce(message);
      case 'accept':
        return this.keyring_.accept(message.senderKey);
      case 'activate': {
        const switching = this.sealer_.activate(message.epoch);
        this.askEncodersForKeyFrames_();
        return { last: await switching };
      }
      case 'counters':
        if (message.final) this.sealer_.stop();
        return { last: this.keyring_.lastCounters(message.epoch) };
      case 'ping':
        return {};
    }
  }

  private askEncodersForKeyFrames_(): void {
    for (const slot of [1, 2] as const) {
      const encoder = this.encoders_.get(slot);
      if (!encoder) continue;
      // Rejects where the slot has no track: there is nothing to switch then.
      if (encoder.generateKeyFrame) void encoder.generateKeyFrame().catch(() => undefined);
      else this.post_({ type: 'want_key_frame', slot });
    }
  }

  private sendStep_(stream: string, slot: Slot) {
    return async (frame: EncodedFrame, controller: TransformStreamDefaultController<EncodedFrame>): Promise<void> => {
      try {
        const source = String(frame.getMetadata().synchronizationSource ?? 0);
        const sealed = await this.sealer_.seal(slot, source, new Uint8Array(frame.data));
        // Only an encrypted frame is ever enqueued: a slip here must cost the frame, not the secret.
        if (!sealed) return;
        frame.data = sealed.buffer;
        controller.enqueue(frame);
        this.counts_.sent = this.sealer_.sent;
        this.countsSoon_();
      } catch {
        this.tell_(`broken ${stream}`, { type: 'broken', stream });
      }
    };
  }

  private receiveStep_(stream: string, kind: 'audio' | 'video', transformer: Transformer) {
    let label = -1;
    let askedAtMs = -Infinity;
    return async (frame: EncodedFrame, controller: TransformStreamDefaultController<EncodedFrame>): Promise<void> => {
      const opened = await this.opener_.open(kind, new Uint8Array(frame.data));
      if (!opened.ok) {
        if (opened.reason === 'empty') return;
        this.counts_.rejected[opened.reason]++;
        this.countsSoon_();
        // A key frame is of no use while its key is missing; once the key comes the gap shows as undecodable frames.
        if (kind === 'audio' || opened.reason === 'replay') return;
        const pace = opened.reason === 'auth' || opened.reason === 'key_bit' || opened.reason === 'shim' ? keyFrameEveryMs : tellAgainMs;
        const now = this.clock_.now();
        if (now - askedAtMs < pace) return;
        askedAtMs = now;
        void transformer.sendKeyFrameRequest?.().catch(() => undefined);
        return;
      }
      this.counts_.opened++;
      this.counts_.streams[stream] = (this.counts_.streams[stream] ?? 0) + 1;
      this.countsSoon_();
      this.noteHeard_(opened);
      if (label !== opened.idx * 16 + opened.slot) {
        label = opened.idx * 16 + opened.slot;
        this.post_({ type: 'label', stream, idx: opened.idx, slot: opened.slot });
      }
      if (opened.data.byteLength === 0) return;
      frame.data = opened.data;
      controller.enqueue(frame);
    };
  }

  private probeStep_(kind: 'audio' | 'video') {
    return async (frame: EncodedFrame, controller: TransformStreamDefaultController<EncodedFrame>): Promise<void> => {
      const opened = await this.opener_.openOwn(kind, new Uint8Array(frame.data));
      if (!opened.ok) {
        if (opened.reason !== 'empty') this.counts_.foreign++;
        this.countsSoon_();
        return;
      }
      this.counts_.opened++;
      this.countsSoon_();
      frame.data = opened.data;
      controller.enqueue(frame);
    };
  }

  private noteHeard_(opened: Opened & { ok: true }): void {
    const name = `${opened.epoch}/${opened.idx}/${opened.slot}`;
    if (this.heard_.has(name)) return;
    this.heard_.add(name);
    this.post_({ type: 'heard', idx: opened.idx, epoch: opened.epoch, slot: opened.slot });
  }

  private tell_(name: string, message: WorkerMessage): void {
    const now = this.clock_.now();
    if (now - (this.told_.get(name) ?? -Infinity) < tellAgainMs) return;
    this.told_.set(name, now);
    this.post_(message);
  }

  private countsSoon_(): void {
    this.countsChanged_ = true;
    if (this.countsTimer_) return;
    this.countsTimer_ = true;
    this.clock_.later(countsEveryMs, () => {
      this.countsTimer_ = false;
      if (!this.countsChanged_) return;
      this.countsChanged_ = false;
      this.post_({ type: 'counts', counts: { ...this.counts_, rejected: { ...this.counts_.rejected }, streams: { ...this.counts_.streams } } });
    });
  }
}

