// Media of this page: the connection to the server, what goes up, what comes down and whose it is.
//
// Tracks go onto uplinks only while `carry` holds, that is, while keys are active. Pictures and sound that come down are
// labelled by their authentic frames (worker event `label`), never by the server's map; the map only tells which downlinks
// are in use.

import { offerFault } from './offer';
import type { MediaPath, Slot, StreamMapEntry } from '../protocol';
import type { LocalMedia } from './devices';
import { LevelMeter, SpeakingMark } from './level';
import { pathPatienceMs, untriedMs } from './path_check';
import type { Downlink, PeerEvents } from './peer';
import type { WorkerEvent } from './worker/protocol';

/** What is used of `Peer`; tests put another one here. */
export interface PeerLike {
  readonly session: string | null;
  readonly state: RTCPeerConnectionState;
  accept(offer: string): Promise<string>;
  noteAttached(stream: string): void;
  carry(slot: Slot, track: MediaStreamTrack | null): Promise<boolean>;
  requestKeyFrame(slot: Slot): Promise<void>;
  framesDecoded(): Promise<ReadonlyMap<string, number>>;
  close(): void;
}

export interface MediaLinkPorts {
  makePeer(events: PeerEvents): PeerLike;
  sessionOf(sdp: string): string;
  answer(gen: number, sdp: string): void;
  /** Our connection has failed or hangs: the server shall offer anew. False: it cannot be asked now. */
  restart(): boolean;
  /** The server asks for something that would tell what is said. */
  refused(check: string): void;
  failed(detail: string): void;
  /** What failed before works. */
  mended(): void;
  changed(): void;
}

interface Incoming extends Downlink {
  stream_: MediaStream;
  label: { idx: number; slot: Slot } | null;
  meter: LevelMeter | null;
  mark: SpeakingMark;
  /** How far the worker's and the browser's counters were seen, and when they rose last. */
  opened: number;
  openedAtMs: number;
  decoded: number;
  decodedAtMs: number;
  still: boolean;
  /** A screen of a share that is over: shown again only by a picture that comes later. Null: its count is not known yet. */
  overAt: number | null | 'live';
}

export interface IncomingTile {
  id: string;
  idx: number;
  slot: 'camera' | 'screen';
  stream: MediaStream;
  still: boolean;
  fromMs: number;
}

/** A connection that is "disconnected" often comes back by itself within this time. */
const patienceMs = 3000;
const restartEveryMs = 5000;
const levelEveryMs = 100;
/** Looked at twice a second; with the worker's 0.5 s a picture that stops is named within 3 s. */
const lookEveryMs = 500;
const lookSoonMs = 100;
const stillAfterMs = 2000;

export class MediaLink {
  private peer_: PeerLike | null = null;
  private incoming_ = new Map<string, Incoming>();
  private mids_ = new Set<string>();
  private offers_: Promise<void> = Promise.resolve();
  private newest_ = { session: '', gen: -1 };
  private carrying_ = false;
  private allowed_ = false;
  /** The gate has been open: before that nothing is on an uplink, so that no frame is counted that the server must drop. */
  private opened_ = false;
  private screenGranted_ = false;
  private muted_: { microphone: boolean; camera: boolean };
  private path_: MediaPath = 'pending';
  private pathTimers_: ReturnType<typeof setTimeout>[] = [];
  private pathRetry_: ReturnType<typeof setInterval> | null = null;
  private restartAtMs_ = -Infinity;
  private patience_: ReturnType<typeof setTimeout> | null = null;
  private look_: ReturnType<typeof setTimeout> | null = null;
  private sharing_ = false;
  private sharedAtMs_ = 0;
  private readonly levels_: ReturnType<typeof setInterval> | null;
  private speaking_ = new Set<number>();
  private selfMeter_: { track: MediaStreamTrack; meter: LevelMeter; mark: SpeakingMark } | null = null;
  private selfSpeaking_ = false;
  private closed_ = false;

  constructor(
    readonly local: LocalMedia | null,
    muted: { microphone: boolean; camera: boolean },
    private readonly ports_: MediaLinkPorts,
  ) {
    this.muted_ = { ...muted };
    this.levels_ = typeof AudioContext === 'function' ? setInterval(() => this.measure_(), levelEveryMs) : null;
    this.applyEnabled_();
  }

  get state(): RTCPeerConnectionState | null {
    return this.peer_?.state ?? null;
  }

  get path(): MediaPath {
    return this.path_;
  }

  get muted(): { microphone: boolean; camera: boolean } {
    return this.muted_;
  }

  get selfSpeaking(): boolean {
    return this.selfSpeaking_;
  }

  get speaking(): ReadonlySet<number> {
    return this.speaking_;
  }

  /** Uplinks that have something to send: for Activated. */
  slots(): Slot[] {
    const out: Slot[] = [];
    if (this.local?.microphone) out.push(0);
    if (this.local?.camera) out.push(1);
    if (this.local?.screen && this.screenGranted_) out.push(2);
    return out;
  }

  tiles(): IncomingTile[] {
    const out: IncomingTile[] = [];
    for (const incoming of this.incoming_.values()) {
      if (incoming.kind !== 'video' || !incoming.label || !this.mids_.has(incoming.mid)) continue;
      const { idx, slot } = incoming.label;
      if (slot === 2 && incoming.overAt !== 'live') continue;
      out.push({ id: `${incoming.stream}/${idx}/${slot}`, idx, slot: slot === 2 ? 'screen' : 'camera', stream: incoming.stream_, still: incoming.still, fromMs: this.sharedAtMs_ });
    }
    return out;
  }

  sounds(): MediaStream[] {
    return [...this.incoming_.values()].filter((i) => i.kind === 'audio' && i.label !== null).map((i) => i.stream_);
  }

  /**
   * Offers are answered one after another; an older one is not answered when a newer one is there. Generations are counted within
   * a session: where the server makes a new endpoint for us (it was restarted, or had forgotten us), they begin anew.
   */
  offer(gen: number, sdp: string, map: readonly StreamMapEntry[]): void {
    const session = this.ports_.sessionOf(sdp);
    this.newest_ = { session, gen: session === this.newest_.session ? Math.max(this.newest_.gen, gen) : gen };
    this.offers_ = this.offers_.then(async () => {
      if (this.closed_ || session !== this.newest_.session || gen < this.newest_.gen) return;
      const fault = offerFault(sdp);
      if (fault !== null) return this.ports_.refused(fault);
      if (this.peer_?.session && this.peer_.session !== session) this.dropPeer_();
      const peer = (this.peer_ ??= this.ports_.makePeer({
        downlink: (downlink) => {
          this.addDownlink_(downlink);
          this.lookIn_(lookEveryMs);
        },
        connection: (state) => this.connectionState_(state),
      }));
      try {
        const answer = await peer.accept(sdp);
        if (this.closed_ || this.peer_ !== peer) return;
        this.mids_ = new Set(map.map((m) => m.mid));
        this.ports_.answer(gen, answer);
        this.watchPath_(peer);
      } catch (error) {
        // A connection in an unknown state can't be trusted with a picture: torn down, the server offers anew.
        if (this.peer_ === peer) this.dropPeer_();
        this.ports_.failed(error instanceof Error ? error.name : 'offer');
        this.askRestart_();
        return;
      }
      if (this.carrying_) void this.carryAll_();
      this.ports_.changed();
    });
  }

  onWorkerEvent(event: WorkerEvent): void {
    if (event.type === 'attached') this.peer_?.noteAttached(event.stream);
    else if (event.type === 'want_key_frame') void this.peer_?.requestKeyFrame(event.slot);
    else if (event.type === 'broken') this.ports_.failed('encrypt');
    else if (event.type === 'label') {
      const incoming = this.incoming_.get(event.stream);
      if (!incoming) return;
      incoming.label = { idx: event.idx, slot: event.slot };
      incoming.overAt = 'live';
      incoming.openedAtMs = incoming.decodedAtMs = Date.now();
      this.ports_.changed();
    } else if (event.type === 'counts') {
      for (const [stream, count] of Object.entries(event.counts.streams)) {
        const incoming = this.incoming_.get(stream);
        if (!incoming || incoming.opened === count) continue;
        incoming.opened = count;
        incoming.openedAtMs = Date.now();
      }
    }
  }

  /** A share begins or is over: the last picture of one that is over is never shown again, not even under the next one. */
  screensChanged(sharing: boolean): void {
    if (sharing && !this.sharing_) this.sharedAtMs_ = performance.now();
    this.sharing_ = sharing;
    for (const incoming of this.incoming_.values()) {
      if (incoming.label?.slot !== 2 || sharing) continue;
      incoming.overAt = null;
      // An element that begins anew shows nothing of what was.
      incoming.stream_ = new MediaStream([incoming.track]);
    }
    this.lookIn_(0);
  }

  /** Keys are active: tracks may leave. False: tracks are taken off at once. */
  async setCarrying(carrying: boolean): Promise<void> {
    this.carrying_ = carrying;
    this.applyEnabled_();
    await this.carryAll_();
  }

  /** The server's gate. While it is closed, silence and black leave at most. */
  setAllowed(allowed: boolean): void {
    this.allowed_ = allowed;
    this.applyEnabled_();
    if (!allowed) {
      // Nothing passes: nobody is heard speaking, whatever the last moment was.
      this.speaking_ = new Set();
      this.selfSpeaking_ = false;
    }
    if (!allowed || this.opened_) return;
    this.opened_ = true;
    if (this.carrying_) void this.carryAll_();
  }

  setMuted(kind: 'microphone' | 'camera', muted: boolean): void {
    this.muted_[kind] = muted;
    this.applyEnabled_();
  }

  /** The server has given us the meeting's one share, or it is over. */
  async setScreenGranted(granted: boolean): Promise<void> {
    this.screenGranted_ = granted;
    await this.localChanged();
  }

  /** A device came, went, or was replaced. */
  async localChanged(): Promise<void> {
    this.applyEnabled_();
    if (this.carrying_) await this.carryAll_();
  }

  /** A hint that the network has changed. */
  networkChanged(): void {
    if (this.peer_ && this.peer_.state !== 'connected') this.askRestart_();
  }

  /** From the first answer on: a browser that never tries, and one that tries for too long. */
  private watchPath_(peer: PeerLike): void {
    if (peer.state === 'connected') return this.setPath_('up');
    if (this.path_ !== 'pending' || this.pathTimers_.length > 0) return;
    this.pathTimers_ = [
      setTimeout(() => {
        if (this.peer_ === peer && peer.state === 'new') this.setPath_('none', 'connection: new');
      }, untriedMs),
      setTimeout(() => {
        if (this.peer_?.state !== 'connected') this.setPath_('none', `connection: ${this.peer_?.state ?? 'none'}`);
      }, pathPatienceMs),
    ];
  }

  private setPath_(path: MediaPath, detail = ''): void {
    if (this.closed_ || this.path_ === path) return;
    this.stopPathTimers_();
    this.path_ = path;
    if (path === 'up') this.ports_.mended();
    if (path !== 'none') return;
    this.ports_.failed(detail);
    // Somebody who changes the network is connected again without a touch.
    this.askRestart_();
    this.pathRetry_ = setInterval(() => this.askRestart_(), restartEveryMs + 100);
  }

  private stopPathTimers_(): void {
    for (const timer of this.pathTimers_.splice(0)) clearTimeout(timer);
    if (this.pathRetry_ !== null) clearInterval(this.pathRetry_);
    this.pathRetry_ = null;
  }

  private dropPeer_(): void {
    this.peer_?.close();
    this.peer_ = null;
    for (const incoming of this.incoming_.values()) incoming.meter?.close();
    this.incoming_.clear();
    this.speaking_.clear();
    this.ports_.changed();
  }

  close(): void {
    this.closed_ = true;
    if (this.levels_ !== null) clearInterval(this.levels_);
    if (this.patience_) clearTimeout(this.patience_);
    if (this.look_) clearTimeout(this.look_);
    this.stopPathTimers_();
    this.dropPeer_();
    this.selfMeter_?.meter.close();
    this.selfMeter_ = null;
  }

  private addDownlink_(downlink: Downlink): void {
    const stream = new MediaStream([downlink.track]);
    const now = Date.now();
    this.incoming_.set(downlink.stream, {
      ...downlink,
      stream_: stream,
      label: null,
      meter: null,
      mark: new SpeakingMark(),
      opened: 0,
      openedAtMs: now,
      decoded: 0,
      decodedAtMs: now,
      still: false,
      overAt: 'live',
    });
  }

  private lookIn_(ms: number): void {
    if (this.closed_) return;
    if (this.look_) clearTimeout(this.look_);
    this.look_ = setTimeout(() => {
      this.look_ = null;
      void this.lookAtPictures_();
    }, ms);
  }

  /** Which pictures stand still, by what was really opened and decoded. Counts are compared, so a page that sleeps sees nothing still. */
  private async lookAtPictures_(): Promise<void> {
    const peer = this.peer_;
    const decoded = (await peer?.framesDecoded().catch(() => null)) ?? null;
    if (this.closed_ || this.peer_ !== peer) return this.lookIn_(lookEveryMs);
    const now = Date.now();
    const pictures = [...this.incoming_.values()].filter((incoming) => incoming.kind === 'video' && incoming.label !== null);
    const before = pictures.map((incoming) => [incoming.still, incoming.overAt === 'live'].join());
    for (const incoming of pictures) {
      const count = decoded?.get(incoming.stream) ?? incoming.decoded;
      if (count !== incoming.decoded) {
        incoming.decoded = count;
        incoming.decodedAtMs = now;
      }
      // What was on its way when the share ended is of that share, however late it is decoded.
      if (incoming.overAt === null || (incoming.overAt !== 'live' && !this.sharing_)) incoming.overAt = count;
      else if (incoming.overAt !== 'live' && count > incoming.overAt) incoming.overAt = 'live';
      // A screen on which nothing moves may send nothing; where its member's sound comes, the way is there.
      const cameAtMs = incoming.label?.slot === 2 ? this.heardAtMs_(incoming.label.idx) : Math.min(incoming.openedAtMs, incoming.decodedAtMs);
      incoming.still = now - cameAtMs > stillAfterMs;
    }
    if (pictures.some((incoming, index) => [incoming.still, incoming.overAt === 'live'].join() !== before[index])) this.ports_.changed();
    const due = this.sharing_ && pictures.some((incoming) => incoming.overAt !== 'live');
    this.lookIn_(due ? lookSoonMs : lookEveryMs);
  }

  private heardAtMs_(idx: number): number {
    return Math.max(...[...this.incoming_.values()].filter((incoming) => incoming.label?.idx === idx).map((incoming) => incoming.openedAtMs));
  }

  private connectionState_(state: RTCPeerConnectionState): void {
    if (this.patience_) clearTimeout(this.patience_);
    this.patience_ = null;
    if (state === 'connected') this.setPath_('up');
    if (state === 'failed') {
      this.setPath_('none', 'connection: failed');
      this.askRestart_();
    }
    if (state === 'disconnected') this.patience_ = setTimeout(() => this.askRestart_(), patienceMs);
    this.ports_.changed();
  }

  private askRestart_(): void {
    const now = Date.now();
    if (this.closed_ || now - this.restartAtMs_ < restartEveryMs) return;
    // Without a link nothing is asked, and so nothing waits to be asked many times when it is back: see networkChanged.
    if (this.ports_.restart()) this.restartAtMs_ = now;
    // Asked again while it doesn't help.
    if (this.patience_) clearTimeout(this.patience_);
    this.patience_ = setTimeout(() => {
      if (!this.closed_ && this.peer_?.state !== 'connected') this.askRestart_();
    }, restartEveryMs + 100);
  }

  private async carryAll_(): Promise<void> {
    const peer = this.peer_;
    if (!peer) return;
    const { local } = this;
    const carrying = this.carrying_ && this.opened_;
    const tracks: [Slot, MediaStreamTrack | null][] = [
      [0, local?.microphone ?? null],
      [1, local?.camera ?? null],
      [2, this.screenGranted_ ? (local?.screen ?? null) : null],
    ];
    await Promise.all(tracks.map(([slot, track]) => peer.carry(slot, carrying ? track : null).catch(() => false)));
  }

  private applyEnabled_(): void {
    // Before keys are active nothing is on an uplink: the own preview stays lit in the waiting room.
    const open = this.allowed_ || !this.carrying_;
    if (this.local?.microphone) this.local.microphone.enabled = open && !this.muted_.microphone;
    if (this.local?.camera) this.local.camera.enabled = open && !this.muted_.camera;
    if (this.local?.screen) this.local.screen.enabled = open;
  }

  private measure_(): void {
    if (!this.allowed_) return;
    const now = performance.now();
    const speaking = new Set<number>();
    for (const incoming of this.incoming_.values()) {
      if (incoming.kind !== 'audio' || !incoming.label) continue;
      incoming.meter ??= makeMeter(incoming.track);
      if (incoming.meter && incoming.mark.update(incoming.meter.level(), now)) speaking.add(incoming.label.idx);
    }
    const microphone = this.local?.microphone ?? null;
    if (this.selfMeter_?.track !== microphone) {
      this.selfMeter_?.meter.close();
      const meter = microphone && makeMeter(microphone);
      this.selfMeter_ = microphone && meter ? { track: microphone, meter, mark: new SpeakingMark() } : null;
    }
    const selfSpeaking = this.selfMeter_?.mark.update(this.selfMeter_.meter.level(), now) ?? false;
    const same = speaking.size === this.speaking_.size && [...speaking].every((idx) => this.speaking_.has(idx));
    if (same && selfSpeaking === this.selfSpeaking_) return;
    this.speaking_ = speaking;
    this.selfSpeaking_ = selfSpeaking;
    this.ports_.changed();
  }
}

function makeMeter(track: MediaStreamTrack): LevelMeter | null {
  try {
    return new LevelMeter(track);
  } catch {
    return null;
  }
}
