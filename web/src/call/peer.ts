// THE module that owns RTCPeerConnection. No other file may mention it; a test holds that.
//
// Browsers fail open: a transform that is set one task too late sends plaintext for the whole call, without an error. So,
// exactly in this order (e2ee.md 8):
//   1. `encodedInsertableStreams: true` (Chromium then sends nothing without a transform);
//   2. the server offers; in the continuation of `await setRemoteDescription`, before any other await: transforms on the
//      uplinks (mids 0, 1, 2) and on new downlinks, then directions, then the answer;
//   3. a track is given by `replaceTrack` only, and only after the worker has said "attached" and a key is active;
//   4. a transform is never taken away: the connection is torn down instead.
//
//        server's offer ──► accept() ──► answer ──► server
//        worker "attached" ──► mayCarry() ──► carry(slot, track) ──► replaceTrack
//
// Thread: the page's.

import type { Slot } from '../protocol';
import type { TransformOptions } from './worker/protocol';

interface ConnectionConfiguration extends RTCConfiguration {
  encodedInsertableStreams: boolean;
}

interface KeyFrameOptions {
  encodingOptions: { keyFrame: boolean }[];
}

export interface Downlink {
  /** Stable name of the stream in worker events: generation and mid. */
  stream: string;
  mid: string;
  kind: 'audio' | 'video';
  track: MediaStreamTrack;
}

export interface PeerEvents {
  downlink(downlink: Downlink): void;
  /** 'connected', 'disconnected', 'failed', ... of the whole connection. */
  connection(state: RTCPeerConnectionState): void;
}

let generations = 0;

/** Names the session of an SDP: another DTLS certificate or another origin line means another peer on the other side. */
export function sessionOf(sdp: string): string {
  const fingerprint = /^a=fingerprint:(.*)$/m.exec(sdp)?.[1]?.trim() ?? '';
  const origin = /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? '';
  return `${origin} ${fingerprint}`;
}

export class Peer {
  private readonly connection_: RTCPeerConnection;
  private readonly generation_ = ++generations;
  private readonly uplinks_ = new Map<Slot, RTCRtpSender>();
  private readonly armed_ = new Set<string>();
  private readonly attached_ = new Set<string>();
  private attachedWaiters_: (() => void)[] = [];
  private closed_ = false;

  constructor(
    /** The real Worker: transforms live in it. */
    private readonly worker_: Worker,
    private readonly events_: PeerEvents,
  ) {
    const configuration: ConnectionConfiguration = {
      encodedInsertableStreams: true,
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
      iceServers: [],
    };
    this.connection_ = new RTCPeerConnection(configuration);
    this.connection_.onconnectionstatechange = () => {
      if (!this.closed_) this.events_.connection(this.connection_.connectionState);
    };
  }

  /** The remote session that this connection belongs to; null before the first offer. */
  get session(): string | null {
    const sdp = this.connection_.remoteDescription?.sdp;
    return sdp ? sessionOf(sdp) : null;
  }

  get state(): RTCPeerConnectionState {
    return this.connection_.connectionState;
  }

  /** Answers a server's offer. Rejects where the browser can't; tear down then. */
  async accept(offer: string): Promise<string> {
    await this.connection_.setRemoteDescription({ type: 'offer', sdp: offer });
    // No await between here and the end of the loop.
    const fresh: Downlink[] = [];
    for (const transceiver of this.connection_.getTransceivers()) {
      const mid = transceiver.mid;
      if (mid === null || transceiver.direction === 'stopped') continue;
      const stream = this.streamName(mid);
      const slot = slotOfMid(mid);
      if (slot !== null) {
        if (!this.armed_.has(stream)) {
          this.armed_.add(stream);
          const options: TransformOptions = { direction: 'send', stream, slot };
          transceiver.sender.transform = new RTCRtpScriptTransform(this.worker_, options);
          this.uplinks_.set(slot, transceiver.sender);
        }
        transceiver.direction = 'sendonly';
        continue;
      }
      if (!this.armed_.has(stream)) {
        this.armed_.add(stream);
        const kind = transceiver.receiver.track.kind as 'audio' | 'video';
        const options: TransformOptions = { direction: 'receive', stream, kind };
        transceiver.receiver.transform = new RTCRtpScriptTransform(this.worker_, options);
        fresh.push({ stream, mid, kind, track: transceiver.receiver.track });
      }
      transceiver.direction = 'recvonly';
    }
    const answer = await this.connection_.createAnswer();
    await this.connection_.setLocalDescription(answer);
    for (const downlink of fresh) this.events_.downlink(downlink);
    return this.connection_.localDescription?.sdp ?? '';
  }

  streamName(mid: string): string {
    return `${this.generation_}/${mid}`;
  }

  /** From the worker's event. Events of other connections' streams are ignored. */
  noteAttached(stream: string): void {
    this.attached_.add(stream);
    for (const wake of this.attachedWaiters_.splice(0)) wake();
  }

  /** The uplink exists and the worker has attached its transform. */
  mayCarry(slot: Slot): boolean {
    return this.uplinks_.has(slot) && this.attached_.has(this.streamName(String(slot)));
  }

  /**
   * Puts a track onto an uplink, or takes it off (null). The caller says by calling that a key is active; that the transform
   * is attached is waited for here. False when there is no such uplink (yet), or the connection has closed meanwhile.
   */
  async carry(slot: Slot, track: MediaStreamTrack | null): Promise<boolean> {
    const sender = this.uplinks_.get(slot);
    if (!sender) return false;
    while (track && !this.closed_ && !this.mayCarry(slot)) {
      await new Promise<void>((resolve) => this.attachedWaiters_.push(resolve));
    }
    if (this.closed_) return false;
    if (sender.track === track) return true;
    await sender.replaceTrack(track);
    return !this.closed_;
  }

  carried(slot: Slot): MediaStreamTrack | null {
    return this.uplinks_.get(slot)?.track ?? null;
  }

  /** Chromium's way to ask its own encoder; elsewhere the worker does it. A browser that knows neither is switched after 500 ms. */
  async requestKeyFrame(slot: Slot): Promise<void> {
    const sender = this.uplinks_.get(slot);
    if (!sender?.track || this.closed_) return;
    const parameters = sender.getParameters();
    const options: KeyFrameOptions = { encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })) };
    const setParameters = sender.setParameters.bind(sender) as (p: RTCRtpSendParameters, o?: KeyFrameOptions) => Promise<void>;
    await setParameters(parameters, options).catch(() => undefined);
  }

  /** Round trip and losses of what arrives, from the browser's own counters. */
  async figures(): Promise<{ rttMs: number | null; received: number; lost: number }> {
    const out = { rttMs: null as number | null, received: 0, lost: 0 };
    if (this.closed_) return out;
    for (const report of (await this.connection_.getStats()).values() as Iterable<Record<string, unknown>>) {
      if (report['type'] === 'candidate-pair' && report['nominated'] === true && typeof report['currentRoundTripTime'] === 'number') {
        out.rttMs = Math.round(report['currentRoundTripTime'] * 1000);
      }
      if (report['type'] === 'inbound-rtp') {
        out.received += Number(report['packetsReceived'] ?? 0);
        out.lost += Math.max(0, Number(report['packetsLost'] ?? 0));
      }
    }
    return out;
  }

  /** Pictures that the browser has decoded, by stream: its own counters. */
  async framesDecoded(): Promise<Map<string, number>> {
    const out = new Map<string, number>();
    if (this.closed_) return out;
    for (const report of (await this.connection_.getStats()).values() as Iterable<Record<string, unknown>>) {
      const { type, kind, mid, framesDecoded } = report;
      if (type === 'inbound-rtp' && kind === 'video' && typeof mid === 'string' && typeof framesDecoded === 'number') out.set(this.streamName(mid), framesDecoded);
    }
    return out;
  }

  /** The only way to stop a stream for good. */
  close(): void {
    if (this.closed_) return;
    this.closed_ = true;
    for (const wake of this.attachedWaiters_.splice(0)) wake();
    this.connection_.close();
  }
}

function slotOfMid(mid: string): Slot | null {
  return mid === '0' ? 0 : mid === '1' ? 1 : mid === '2' ? 2 : null;
}
