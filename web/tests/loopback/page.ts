// Runs in a real browser: the call's own Peer and worker against a hand-made other end that offers as the server does, with
// a worker of its own. Both ends use the fake devices. The test reads the results from `window.loopback`.

import { checkBrowser, listDevices, LocalMedia } from '../../src/call';
import { base64url, random } from '../../src/call/bytes';
import { startCryptoWorker, type CryptoWorker } from '../../src/call/crypto_worker';
import { Peer } from '../../src/call/peer';
import { selfTest } from '../../src/call/selftest';
import type { FrameCounts, TransformOptions, WorkerEvent } from '../../src/call/worker/protocol';

interface Result {
  /** Whole frames by worker: at the peer (idx 0), at the other end (idx 1). */
  counts: [FrameCounts, FrameCounts];
  /** Picture sizes after decoding. */
  sizes: [number, number];
  framesDecoded: [number, number];
  /** KIDs' first authentic frames: "idx/epoch/slot". */
  heard: [string[], string[]];
  labels: string[];
  longestStallMs: number;
  answer: string;
}

const none: FrameCounts = {
  sent: 0,
  opened: 0,
  foreign: 0,
  rejected: { auth: 0, replay: 0, shim: 0, key_bit: 0, header: 0, slot: 0, stranger: 0, old: 0, no_key: 0 }, streams: {},
};

async function loopback(rekeys: number): Promise<Result> {
  const call = base64url(random(16));
  const workers: [CryptoWorker, CryptoWorker] = [startCryptoWorker(), startCryptoWorker()];
  const counts: [FrameCounts, FrameCounts] = [none, none];
  const heard: [string[], string[]] = [[], []];
  const labels: string[] = [];
  const attached = new Set<string>();
  let peer: Peer | null = null;
  workers.forEach((worker, i) => {
    worker.onEvent = (event: WorkerEvent) => {
      if (event.type === 'counts') counts[i] = event.counts;
      if (event.type === 'heard') heard[i]!.push(`${event.idx}/${event.epoch}/${event.slot}`);
      if (event.type === 'attached') {
        attached.add(event.stream);
        if (i === 0) peer?.noteAttached(event.stream);
      }
      if (event.type === 'label' && i === 0) labels.push(`${event.idx}/${event.slot}`);
      if (event.type === 'want_key_frame' && i === 0) void peer?.requestKeyFrame(event.slot);
    };
  });
  const kems = await Promise.all(workers.map((w) => w.request({ type: 'init' })));
  const rekey = async (epoch: number): Promise<void> => {
    const roster = base64url(random(32));
    const own = await Promise.all(
      workers.map((w, i) => w.request({ type: 'announce', call, epoch, roster, self: i, recipients: [{ idx: 1 - i, kem: kems[1 - i]!.kem, kinds: [1, 2] }] })),
    );
    for (const i of [0, 1] as const) {
      const accepted = await workers[i].request({ type: 'accept', senderKey: { epoch, roster, from: 1 - i, ...own[1 - i]! } });
      if (accepted.refused) throw new Error(accepted.refused);
    }
    await Promise.all(workers.map((w) => w.request({ type: 'activate', epoch })));
    for (const i of [0, 1] as const) workers[i].order({ type: 'retire', idx: 1 - i, epoch });
  };

  const mine = await LocalMedia.open({ microphone: true, camera: true });
  const theirs = await LocalMedia.open({ microphone: true, camera: true });
  if (!mine.microphone || !mine.camera || !theirs.microphone || !theirs.camera) throw new Error('fake devices');

  // The other end: uplinks at mids 0 to 2, downlinks at 3 and 4, as the server lays them out.
  const port = workers[1].port as Worker;
  const other = new RTCPeerConnection({ bundlePolicy: 'max-bundle', encodedInsertableStreams: true } as RTCConfiguration);
  const arm = (target: { transform: RTCRtpScriptTransform | null }, options: TransformOptions): void => {
    target.transform = new RTCRtpScriptTransform(port, options);
  };
  const transceivers = (['audio', 'video', 'video', 'audio', 'video'] as const).map((kind, mid) => {
    const transceiver = other.addTransceiver(kind, { direction: mid < 3 ? 'recvonly' : 'sendonly' });
    if (mid < 3) arm(transceiver.receiver, { direction: 'receive', stream: `other/${mid}`, kind });
    else arm(transceiver.sender, { direction: 'send', stream: `other/${mid}`, slot: mid === 3 ? 0 : 1 });
    return transceiver;
  });
  const received: MediaStreamTrack[] = [];
  peer = new Peer(workers[0].port as Worker, { downlink: (d) => received.push(d.track), connection: () => undefined });
  const gathered = new Promise<void>((resolve) => {
    other.onicegatheringstatechange = () => other.iceGatheringState === 'complete' && resolve();
  });
  await other.setLocalDescription(await other.createOffer());
  await Promise.race([gathered, new Promise((resolve) => setTimeout(resolve, 1500))]);
  const answer = await peer.accept(other.localDescription!.sdp);
  await other.setRemoteDescription({ type: 'answer', sdp: answer });

  // Keys first, tracks last: the order of a call.
  await rekey(1);
  if (!(await peer.carry(0, mine.microphone)) || !(await peer.carry(1, mine.camera))) throw new Error('not carried');
  await transceivers[3]!.sender.replaceTrack(theirs.microphone);
  await transceivers[4]!.sender.replaceTrack(theirs.camera);

  const atPeer = document.querySelector<HTMLVideoElement>('#at-peer')!;
  const atServer = document.querySelector<HTMLVideoElement>('#at-server')!;
  atPeer.srcObject = new MediaStream(received);
  atServer.srcObject = new MediaStream([transceivers[0]!.receiver.track, transceivers[1]!.receiver.track]);
  let lastFrame = 0;
  let longestStallMs = 0;
  const watch = (now: number): void => {
    if (lastFrame > 0) longestStallMs = Math.max(longestStallMs, now - lastFrame);
    lastFrame = now;
    atServer.requestVideoFrameCallback(watch);
  };
  await until(() => atServer.videoWidth > 2 && atPeer.videoWidth > 2, 15_000);
  await pause(1000);
  atServer.requestVideoFrameCallback(watch);
  for (let epoch = 2; epoch < 2 + rekeys; epoch++) {
    await rekey(epoch);
    await pause(1500);
  }
  await pause(1500);
  const figures = await Promise.all([decoded(other, 'inbound-rtp')]);
  const result: Result = {
    counts,
    sizes: [atPeer.videoWidth, atServer.videoWidth],
    framesDecoded: [await quality(atPeer), figures[0]],
    heard,
    labels,
    longestStallMs: Math.round(longestStallMs),
    answer,
  };
  peer.close();
  other.close();
  mine.close();
  theirs.close();
  for (const worker of workers) worker.end();
  return result;
}

async function quality(video: HTMLVideoElement): Promise<number> {
  return video.getVideoPlaybackQuality().totalVideoFrames;
}

async function decoded(connection: RTCPeerConnection, type: string): Promise<number> {
  let frames = 0;
  for (const report of (await connection.getStats()).values() as Iterable<Record<string, unknown>>) {
    if (report['type'] === type && report['kind'] === 'video') frames += Number(report['framesDecoded'] ?? 0);
  }
  return frames;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
async function until(fact: () => boolean, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (!fact()) {
    if (Date.now() > end) throw new Error('no picture in time');
    await pause(50);
  }
}

Object.assign(window, {
  loopback,
  checkBrowser,
  listDevices,
  runSelfTest: async () => {
    const worker = startCryptoWorker();
    try {
      return await selfTest(worker);
    } finally {
      worker.end();
    }
  },
  ready: true,
});
