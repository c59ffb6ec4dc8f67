// Can this browser encrypt the call end to end? Asked before the camera is: features first, then one second of a real
// connection inside the page, in the answerer's role, built by the very module that the call uses (peer.ts). The other end
// counts what arrives: plaintext must not appear, and a frame must decrypt.
//
//   canvas picture ─► Peer (answerer, transforms as in a call) ══ RTP ══► tester (offers, only receives; probe transforms)
//
// This file mentions RTCPeerConnection for the tester's end only, which never sends.

import { CryptoWorker, startCryptoWorker } from './crypto_worker';
import { Peer } from './peer';
import type { FrameCounts, TransformOptions } from './worker/protocol';

export type BrowserCheck =
  | { ok: true }
  /**
   * `api`: something that encryption needs is not there (`what` names it). `plaintext`: the self-test saw an unencrypted frame.
   * `silent`: nothing arrived in time; the browser may be blocked from connecting to itself.
   */
  | { ok: false; reason: 'api' | 'plaintext' | 'silent'; what: string };

const watchMs = 1000;
const giveUpMs = 6000;

export function missingFeature(): string | null {
  if (!globalThis.isSecureContext) return 'secure context';
  if (typeof globalThis.crypto?.subtle?.deriveBits !== 'function') return 'WebCrypto';
  if (typeof RTCPeerConnection !== 'function') return 'RTCPeerConnection';
  if (typeof RTCRtpScriptTransform !== 'function') return 'RTCRtpScriptTransform';
  if (typeof Worker !== 'function') return 'Worker';
  if (typeof navigator.mediaDevices?.getUserMedia !== 'function') return 'getUserMedia';
  return null;
}

let known: Promise<BrowserCheck> | null = null;

/** Once per page; a failure is tried again at the next call. Never rejects. */
export function checkBrowser(): Promise<BrowserCheck> {
  known ??= run().catch((error: unknown): BrowserCheck => ({ ok: false, reason: 'api', what: error instanceof Error ? error.message : 'unknown' }));
  const asked = known;
  void asked.then((result) => {
    if (!result.ok && known === asked) known = null;
  });
  return asked;
}

async function run(): Promise<BrowserCheck> {
  const missing = missingFeature();
  if (missing) return { ok: false, reason: 'api', what: missing };
  let worker: CryptoWorker;
  try {
    worker = startCryptoWorker();
  } catch {
    return { ok: false, reason: 'api', what: 'module worker' };
  }
  try {
    return await selfTest(worker);
  } finally {
    worker.end();
  }
}

function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(what)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A picture that changes, without asking for a camera. */
function movingPicture(): { track: MediaStreamTrack; stop: () => void } {
  const canvas = document.createElement('canvas');
  canvas.width = 160;
  canvas.height = 120;
  const pen = canvas.getContext('2d');
  const stream = canvas.captureStream(15);
  let step = 0;
  const timer = setInterval(() => {
    if (!pen) return;
    pen.fillStyle = `hsl(${(step * 40) % 360} 80% 50%)`;
    pen.fillRect((step * 7) % 160, (step * 5) % 120, 40, 40);
    step++;
  }, 50);
  const track = stream.getVideoTracks()[0];
  if (!track) throw new Error('captureStream');
  return { track, stop: () => (clearInterval(timer), track.stop()) };
}

/** Exported for the browser test; the page calls `checkBrowser`. */
export async function selfTest(worker: CryptoWorker): Promise<BrowserCheck & { counts?: FrameCounts }> {
  const port = worker.port as Worker;
  let counts: FrameCounts | null = null;
  let firstOpened: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (firstOpened = resolve));
  let peer: Peer | null = null;
  worker.onEvent = (event) => {
    if (event.type === 'attached') peer?.noteAttached(event.stream);
    if (event.type === 'want_key_frame') void peer?.requestKeyFrame(event.slot);
    if (event.type === 'counts') {
      counts = event.counts;
      if (event.counts.opened > 0 || event.counts.foreign > 0) firstOpened();
    }
  };
  // Keys as in a call, wrapped to nobody.
  await within(worker.request({ type: 'init' }), giveUpMs, 'module worker');
  const zeros = (bytes: number): string => 'A'.repeat(Math.ceil((bytes * 4) / 3));
  await worker.request({ type: 'announce', call: zeros(16), epoch: 1, roster: zeros(32), self: 0, recipients: [] });

  const tester = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const picture = movingPicture();
  const sound = testSound();
  try {
    for (const kind of ['audio', 'video'] as const) {
      const { receiver } = tester.addTransceiver(kind, { direction: 'recvonly' });
      const options: TransformOptions = { direction: 'probe', stream: `probe/${kind}`, kind };
      receiver.transform = new RTCRtpScriptTransform(port, options);
    }
    peer = new Peer(port, { downlink: () => undefined, connection: () => undefined });
    const gathered = new Promise<void>((resolve) => {
      tester.onicegatheringstatechange = () => {
        if (tester.iceGatheringState === 'complete') resolve();
      };
    });
    await tester.setLocalDescription(await tester.createOffer());
    // Some networks never end gathering; what is there after a second is enough for two ends in one page.
    await Promise.race([gathered, new Promise((resolve) => setTimeout(resolve, 1000))]);
    const answer = await peer.accept(tester.localDescription?.sdp ?? '');
    await tester.setRemoteDescription({ type: 'answer', sdp: answer });
    await worker.request({ type: 'activate', epoch: 1 });
    const carrying = Promise.all([peer.carry(1, picture.track), sound.track ? peer.carry(0, sound.track) : true]);
    const carried = await within(carrying, giveUpMs, 'transform');
    if (!carried.every(Boolean)) return { ok: false, reason: 'silent', what: 'no uplink' };
    await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, giveUpMs))]);
    await new Promise((resolve) => setTimeout(resolve, watchMs));
    const seen = counts as FrameCounts | null;
    if (!seen || (seen.opened === 0 && seen.foreign === 0)) return { ok: false, reason: 'silent', what: tester.connectionState };
    if (seen.foreign > 0 || seen.opened === 0) return { ok: false, reason: 'plaintext', what: `${seen.foreign} frames` };
    return { ok: true, counts: seen };
  } finally {
    picture.stop();
    sound.stop();
    peer?.close();
    tester.close();
    worker.onEvent = null;
  }
}

/** A quiet tone, where the page may make sound already; without a gesture the picture alone is tested. */
function testSound(): { track: MediaStreamTrack | null; stop: () => void } {
  const context = new AudioContext();
  if (context.state !== 'running') {
    void context.close();
    return { track: null, stop: () => undefined };
  }
  const tone = context.createOscillator();
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  return { track: out.stream.getAudioTracks()[0] ?? null, stop: () => void context.close() };
}
