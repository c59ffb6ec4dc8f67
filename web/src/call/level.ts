// Loudness of decoded sound, for meters and speaking marks. Works on what is heard, never on what the server says.

const speakingOn = 0.04;
const speakingOff = 0.02;
/** A mark that goes out between two words flickers; it stays this long. */
const speakingHoldMs = 600;

let shared: AudioContext | null = null;
/** One context for the page: browsers limit their number. Call it in a gesture (a click) or it stays suspended. */
export function audioContext(): AudioContext {
  shared ??= new AudioContext({ latencyHint: 'interactive' });
  if (shared.state === 'suspended') void shared.resume().catch(() => undefined);
  return shared;
}

/** `level()` is 0..1 (root mean square of the last 20 ms or so, stretched for a meter). `close()` frees the nodes, not the track. */
export class LevelMeter {
  private readonly source_: MediaStreamAudioSourceNode;
  private readonly analyser_: AnalyserNode;
  private readonly samples_: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack, context: AudioContext = audioContext()) {
    this.source_ = context.createMediaStreamSource(new MediaStream([track]));
    this.analyser_ = context.createAnalyser();
    this.analyser_.fftSize = 1024;
    this.samples_ = new Float32Array(this.analyser_.fftSize);
    this.source_.connect(this.analyser_);
  }

  level(): number {
    this.analyser_.getFloatTimeDomainData(this.samples_);
    return rootMeanSquare(this.samples_);
  }

  close(): void {
    this.source_.disconnect();
  }
}

export function rootMeanSquare(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

/** Turns levels into a mark that doesn't flicker: pure, time passed in. */
export class SpeakingMark {
  private speaking_ = false;
  private lastLoudMs_ = 0;

  update(level: number, nowMs: number): boolean {
    if (level >= (this.speaking_ ? speakingOff : speakingOn)) {
      this.speaking_ = true;
      this.lastLoudMs_ = nowMs;
    } else if (this.speaking_ && nowMs - this.lastLoudMs_ > speakingHoldMs) {
      this.speaking_ = false;
    }
    return this.speaking_;
  }
}

/** Two soft notes for "did you hear it?". Resolves when they have been played; `deviceId` picks the speaker where the browser can. */
export async function playTestSound(deviceId?: string): Promise<void> {
  const context = audioContext();
  const element = new Audio();
  const out = context.createMediaStreamDestination();
  element.srcObject = out.stream;
  if (deviceId && 'setSinkId' in element) await element.setSinkId(deviceId).catch(() => undefined);
  await element.play();
  const start = context.currentTime + 0.05;
  [523.25, 659.25].forEach((frequency, i) => {
    const note = context.createOscillator();
    const gain = context.createGain();
    const at = start + i * 0.35;
    note.frequency.value = frequency;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.2, at + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.4);
    note.connect(gain).connect(out);
    note.start(at);
    note.stop(at + 0.45);
  });
  await new Promise((resolve) => setTimeout(resolve, 900));
  element.pause();
  element.srcObject = null;
}
