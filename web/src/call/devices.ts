// Microphone, camera and screen as this browser gives them. A missing or forbidden device is an answer, not an error: the
// call goes on with what there is, and the page says what is missing and why.

/** denied: the person or the system said no. missing: there is none. busy: another program holds it. failed: anything else. */
export type DeviceTrouble = 'denied' | 'missing' | 'busy' | 'failed';

export interface DeviceList {
  microphones: MediaDeviceInfo[];
  cameras: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
}

export type LocalKind = 'microphone' | 'camera';

const audioWish: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
const videoWish: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

export function troubleOf(error: unknown): DeviceTrouble {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'failed';
}

export async function listDevices(): Promise<DeviceList> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return {
    microphones: all.filter((d) => d.kind === 'audioinput'),
    cameras: all.filter((d) => d.kind === 'videoinput'),
    speakers: all.filter((d) => d.kind === 'audiooutput'),
  };
}

/**
 * The devices that are open in this page. Owner of its tracks: `close()` ends them. `onChange` is called when a track
 * appears, is replaced, or ends by itself (unplugged, permission withdrawn).
 */
export class LocalMedia {
  microphone: MediaStreamTrack | null = null;
  camera: MediaStreamTrack | null = null;
  screen: MediaStreamTrack | null = null;
  readonly trouble: { microphone: DeviceTrouble | null; camera: DeviceTrouble | null } = { microphone: null, camera: null };
  onChange: ((kind: LocalKind | 'screen', lost: boolean) => void) | null = null;
  private facing_: 'user' | 'environment' = 'user';

  /** Asks for both at once (one prompt), then for each alone, so that a missing camera doesn't cost the microphone. Never rejects. */
  static async open(want: { microphone: boolean; camera: boolean }): Promise<LocalMedia> {
    const media = new LocalMedia();
    if (want.microphone && want.camera) {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: audioWish, video: { ...videoWish, facingMode: 'user' } });
        media.adopt_('microphone', stream.getAudioTracks()[0] ?? null);
        media.adopt_('camera', stream.getVideoTracks()[0] ?? null);
        return media;
      } catch {
        // One of the two is the trouble; the single requests below tell which.
      }
    }
    if (want.microphone) await media.acquire('microphone');
    if (want.camera) await media.acquire('camera');
    return media;
  }

  /** Opens or replaces one device. True when there is a track afterwards. */
  async acquire(kind: LocalKind, deviceId?: string): Promise<boolean> {
    const exact = deviceId ? { deviceId: { exact: deviceId } } : {};
    try {
      const stream = await navigator.mediaDevices.getUserMedia(
        kind === 'microphone'
          ? { audio: { ...audioWish, ...exact } }
          : { video: { ...videoWish, ...(deviceId ? exact : { facingMode: this.facing_ }) } },
      );
      const track = (kind === 'microphone' ? stream.getAudioTracks() : stream.getVideoTracks())[0] ?? null;
      this.trouble[kind] = track ? null : 'missing';
      this.adopt_(kind, track);
      return track !== null;
    } catch (error) {
      this.trouble[kind] = troubleOf(error);
      return this[kind] !== null;
    }
  }

  /** Telephones hold one camera at a time: the old one is stopped before the other is opened. */
  async switchCamera(): Promise<boolean> {
    this.facing_ = this.facing_ === 'user' ? 'environment' : 'user';
    this.drop_('camera');
    if (await this.acquire('camera')) return true;
    this.facing_ = this.facing_ === 'user' ? 'environment' : 'user';
    return this.acquire('camera');
  }

  /** False when the person cancelled the browser's own dialogue. */
  async openScreen(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 10, max: 15 } }, audio: false });
      const track = stream.getVideoTracks()[0] ?? null;
      // Text on a shared screen has to stay sharp: fewer pictures rather than fewer pixels.
      if (track) track.contentHint = 'detail';
      this.adopt_('screen', track);
      return track !== null;
    } catch {
      return false;
    }
  }

  closeScreen(): void {
    this.drop_('screen');
  }

  close(): void {
    this.onChange = null;
    this.drop_('microphone');
    this.drop_('camera');
    this.drop_('screen');
  }

  private adopt_(kind: LocalKind | 'screen', track: MediaStreamTrack | null): void {
    this.drop_(kind);
    this[kind] = track;
    track?.addEventListener('ended', () => {
      if (this[kind] !== track) return;
      this[kind] = null;
      this.onChange?.(kind, true);
    });
    if (track) this.onChange?.(kind, false);
  }

  private drop_(kind: LocalKind | 'screen'): void {
    const track = this[kind];
    this[kind] = null;
    track?.stop();
  }
}
