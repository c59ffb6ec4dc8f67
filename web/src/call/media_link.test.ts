// What is shown of the others' pictures: which stand still (fault B7), and that a screen ends with its share (fault B6).

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MediaLink, type PeerLike } from './media_link';
import type { PeerEvents } from './peer';
import type { FrameCounts, WorkerEvent } from './worker/protocol';

class FakeStream {
  constructor(readonly tracks: unknown[]) {}
}

let decoded: Map<string, number>;
let opened: Record<string, number>;
let link: MediaLink;
let changes: number;
let answered: number[];

const counts = (): WorkerEvent => ({ type: 'counts', counts: { streams: { ...opened } } as unknown as FrameCounts });

/** Half a second of a call: `which` streams get frames. */
async function pass(ms: number, ...which: string[]): Promise<void> {
  for (let at = 0; at < ms; at += 500) {
    for (const stream of which) {
      opened[stream] = (opened[stream] ?? 0) + 5;
      decoded.set(stream, (decoded.get(stream) ?? 0) + 5);
    }
    link.onWorkerEvent(counts());
    await vi.advanceTimersByTimeAsync(500);
  }
}
const tile = (slot: 'camera' | 'screen') => link.tiles().find((one) => one.slot === slot);

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('MediaStream', FakeStream);
  decoded = new Map();
  opened = {};
  changes = 0;
  const peer: PeerLike = {
    session: null,
    state: 'connected',
    accept: async () => 'answer',
    noteAttached: () => undefined,
    carry: async () => true,
    requestKeyFrame: async () => undefined,
    framesDecoded: async () => decoded,
    close: () => undefined,
  };
  answered = [];
  let events: PeerEvents | null = null;
  link = new MediaLink(null, { microphone: false, camera: false }, {
    makePeer: (given) => ((events = given), peer),
    sessionOf: (sdp) => sdp,
    answer: (gen) => void answered.push(gen),
    restart: () => true,
    refused: () => undefined,
    mended: () => undefined,
    failed: () => undefined,
    changed: () => void changes++,
  });
  link.offer(1, 'v=0', [3, 4, 5].map((mid) => ({ mid: String(mid), ep: 'a', slot: 1 as const })));
  await vi.advanceTimersByTimeAsync(0);
  for (const [mid, kind] of [['3', 'audio'], ['4', 'video'], ['5', 'video']] as const) events!.downlink({ stream: `1/${mid}`, mid, kind, track: {} as MediaStreamTrack });
  for (const [mid, slot] of [['3', 0], ['4', 1], ['5', 2]] as const) link.onWorkerEvent({ type: 'label', stream: `1/${mid}`, idx: 7, slot });
});

afterEach(() => {
  link.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('offers', () => {
  it('fault C2: a server that was restarted counts anew, and is answered', async () => {
    for (const gen of [2, 3, 7]) link.offer(gen, 'v=0', []);
    await vi.advanceTimersByTimeAsync(0);
    expect(answered.at(-1)).toBe(7);
    link.offer(6, 'v=0', []);
    await vi.advanceTimersByTimeAsync(0);
    expect(answered.at(-1)).toBe(7);
    link.offer(1, 'another session', []);
    await vi.advanceTimersByTimeAsync(0);
    expect(answered.at(-1)).toBe(1);
  });
});

describe('fault B7: a picture that stands still', () => {
  it('is told within 3 s, and moves again with its frames', async () => {
    await pass(5000, '1/3', '1/4');
    expect(tile('camera')?.still).toBe(false);
    const before = changes;
    await pass(3000, '1/3');
    expect(tile('camera')?.still).toBe(true);
    expect(changes).toBeGreaterThan(before);
    await pass(1000, '1/3', '1/4');
    expect(tile('camera')?.still).toBe(false);
  });
  it('stands still also where frames come that can’t be decoded', async () => {
    await pass(3000, '1/4');
    for (let at = 0; at < 6; at++) {
      opened['1/4'] = (opened['1/4'] ?? 0) + 5;
      link.onWorkerEvent(counts());
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(tile('camera')?.still).toBe(true);
  });
  it('a screen on which nothing moves is live while its member is heard, and still when nothing comes', async () => {
    await pass(2000, '1/3', '1/5');
    await pass(20_000, '1/3');
    expect(tile('screen')?.still).toBe(false);
    await pass(3000);
    expect(tile('screen')?.still).toBe(true);
  });
  it('a page that slept takes nothing for still', async () => {
    await pass(2000, '1/3', '1/4');
    vi.setSystemTime(Date.now() + 3_600_000);
    opened['1/4'] = 1000;
    decoded.set('1/4', 1000);
    link.onWorkerEvent(counts());
    await vi.advanceTimersByTimeAsync(500);
    expect(tile('camera')?.still).toBe(false);
  });
});

describe('fault B6: a share that is over', () => {
  it('takes its screen away at once, and its last picture never comes back under the next share', async () => {
    link.screensChanged(true);
    await pass(1000, '1/3', '1/5');
    const first = tile('screen')?.stream;
    expect(first).toBeDefined();
    link.screensChanged(false);
    expect(tile('screen')).toBeUndefined();
    expect(tile('camera')).toBeDefined();
    // What was still on its way of the old share shows nothing.
    await pass(1000, '1/3', '1/5');
    await pass(1000, '1/3');
    link.screensChanged(true);
    await pass(2000, '1/3');
    expect(tile('screen')).toBeUndefined();
    await pass(1000, '1/3', '1/5');
    expect(tile('screen')).toBeDefined();
    expect(tile('screen')?.stream).not.toBe(first);
    // The element asks for pictures that came since then.
    expect(tile('screen')!.fromMs).toBeGreaterThan(0);
  });
});
