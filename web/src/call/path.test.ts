// Whether picture and sound can pass, as this browser finds out: in the call's connection (media_link.ts) and before anybody
// waits (path_check.ts).

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CryptoWorker } from './crypto_worker';
import { MediaLink, type PeerLike } from './media_link';
import { checkMediaPath } from './path_check';
import type { PeerEvents } from './peer';
import type { Socket } from './signalling';

class FakePeer implements PeerLike {
  readonly session = 's';
  state: RTCPeerConnectionState = 'new';
  closed = false;
  constructor(readonly events: PeerEvents) {}
  accept = (): Promise<string> => Promise.resolve('v=0');
  noteAttached = (): void => undefined;
  carry = (): Promise<boolean> => Promise.resolve(true);
  requestKeyFrame = (): Promise<void> => Promise.resolve();
  framesDecoded = (): Promise<ReadonlyMap<string, number>> => Promise.resolve(new Map());
  close(): void {
    this.closed = true;
  }
  become(state: RTCPeerConnectionState): void {
    this.state = state;
    this.events.connection(state);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function link() {
  const told: string[] = [];
  const server = { reachable: true };
  let peer: FakePeer | null = null;
  const media = new MediaLink(null, { microphone: false, camera: false }, {
    makePeer: (events) => (peer = new FakePeer(events)),
    sessionOf: () => 's',
    answer: () => told.push('answer'),
    restart: () => {
      if (server.reachable) told.push('restart');
      return server.reachable;
    },
    refused: (check) => told.push(`refused ${check}`),
    failed: (detail) => told.push(`failed ${detail}`),
    mended: () => told.push('mended'),
    changed: () => undefined,
  });
  media.offer(1, 'v=0', []);
  await vi.advanceTimersByTimeAsync(0);
  return { media, told, server, peer: peer! as FakePeer };
}

describe('fault I1: a connection that stays "new"', () => {
  it('is a failure with words 5 s after both descriptions, and is tried anew', async () => {
    const { media, told } = await link();
    await vi.advanceTimersByTimeAsync(4900);
    expect(media.path).toBe('pending');
    await vi.advanceTimersByTimeAsync(200);
    expect(media.path).toBe('none');
    expect(told).toEqual(['answer', 'failed connection: new', 'restart']);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(told.filter((one) => one === 'restart').length).toBe(3);
    media.close();
  });
});

describe('fault B4: a connection that does not come up', () => {
  it('has no path after 10 s, asks for another way until there is one, and says that it works', async () => {
    const { media, told, peer } = await link();
    peer.become('connecting');
    await vi.advanceTimersByTimeAsync(9900);
    expect(media.path).toBe('pending');
    await vi.advanceTimersByTimeAsync(200);
    expect(media.path).toBe('none');
    expect(told).toContain('failed connection: connecting');
    // A restart that helps nothing begins the checks anew: "connecting" is no reason to stop trying.
    for (let i = 0; i < 4; i++) {
      peer.become('connecting');
      await vi.advanceTimersByTimeAsync(5200);
    }
    expect(told.filter((one) => one === 'restart').length).toBeGreaterThanOrEqual(4);
    peer.become('connected');
    expect(media.path).toBe('up');
    expect(told.at(-1)).toBe('mended');
    const restarts = told.filter((one) => one === 'restart').length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told.filter((one) => one === 'restart').length).toBe(restarts);
    media.close();
  });

  it('is there at once where it comes up, and nothing is said later', async () => {
    const { media, told, peer } = await link();
    peer.become('connected');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(media.path).toBe('up');
    expect(told).toEqual(['answer', 'mended']);
    peer.become('failed');
    expect(media.path).toBe('none');
    media.close();
  });
});

describe('fault B4: the device check', () => {
  function parts() {
    const sent: Record<string, unknown>[] = [];
    const socket: Socket = { readyState: 1, send: (text) => void sent.push(JSON.parse(text) as Record<string, unknown>), close: () => undefined, onopen: null, onclose: null, onmessage: null, onerror: null };
    let peer: FakePeer | null = null;
    const worker = { onEvent: null, end: vi.fn() } as unknown as CryptoWorker;
    const check = checkMediaPath({ as: 'guest', csrf: 'c' }, { openSocket: () => socket, startWorker: () => worker, makePeer: (_, events) => (peer = new FakePeer(events)) }, 'wss://x');
    const say = (message: object): void => socket.onmessage?.({ data: JSON.stringify({ n: 1, ...message }) } as MessageEvent<string>);
    return { sent, socket, check, say, worker, peer: () => peer! as FakePeer };
  }

  it('is up only when both this browser and the server say so', async () => {
    const { sent, socket, check, say, worker, peer } = parts();
    let found: unknown = null;
    void check.then((result) => (found = result));
    socket.onopen?.(new Event('open'));
    expect(sent).toEqual([{ type: 'probe', id: 1, as: 'guest', csrf: 'c' }]);
    say({ type: 'offer', gen: 1, sdp: 'v=0', map: [] });
    await vi.advanceTimersByTimeAsync(0);
    expect(sent[1]).toMatchObject({ type: 'answer', gen: 1 });
    peer().become('connected');
    await vi.advanceTimersByTimeAsync(100);
    expect(found).toBeNull();
    say({ type: 'path', state: 'up' });
    await vi.advanceTimersByTimeAsync(0);
    expect(found).toMatchObject({ state: 'up' });
    expect(peer().closed).toBe(true);
    expect(worker.end).toHaveBeenCalled();
  });

  it.each([
    ['new', 5000],
    ['connecting', 10_000],
  ] as const)('is none for a connection that stays "%s"', async (state, afterMs) => {
    const { socket, check, say, peer } = parts();
    socket.onopen?.(new Event('open'));
    say({ type: 'offer', gen: 1, sdp: 'v=0', map: [] });
    await vi.advanceTimersByTimeAsync(0);
    if (state !== 'new') peer().become(state);
    let found: unknown = null;
    void check.then((result) => (found = result));
    await vi.advanceTimersByTimeAsync(afterMs - 100);
    expect(found).toBeNull();
    await vi.advanceTimersByTimeAsync(200);
    expect(found).toEqual({ state: 'none', rttMs: null, detail: state });
  });

  it('is unknown, and not called good, where the server could not be asked', async () => {
    const { socket, check } = parts();
    socket.onclose?.({ code: 1006 } as CloseEvent);
    expect(await check).toEqual({ state: 'unknown', rttMs: null, detail: 'socket' });
  });
});

describe('fault B5: a connection that is lost while the server is out of reach', () => {
  it('is asked for once when the server is back, at once', async () => {
    const { media, told, server, peer } = await link();
    peer.become('connected');
    server.reachable = false;
    peer.become('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told.filter((one) => one === 'restart').length).toBe(0);
    server.reachable = true;
    media.networkChanged();
    expect(told.filter((one) => one === 'restart').length).toBe(1);
    media.close();
  });
});
