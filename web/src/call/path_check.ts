// Do picture and sound get through from here? Asked before anybody waits: one real connection to the server's media port, by
// the very module that the call uses, without a track (docs/features/signalling.md, `probe`). Up means that ICE and DTLS are
// done on both sides: this browser says so, and the server's transport does.

import type { ServerMessage } from '../protocol';
import { closeMalformed, parseServerMessage } from '../protocol';
import { startCryptoWorker, type CryptoWorker } from './crypto_worker';
import type { PeerLike } from './media_link';
import type { CallParts } from './parts';
import { Peer } from './peer';
import type { Socket } from './signalling';

export interface PathCheck {
  /** none: not within `patienceMs`. unknown: the server could not be asked. */
  state: 'up' | 'none' | 'unknown';
  /** Of the connection itself; null where the browser does not say. */
  rttMs: number | null;
  /** With 'none', for the small print: what the connection said last. */
  detail: string;
}

type Parts = Pick<CallParts, 'openSocket' | 'startWorker' | 'makePeer'>;
interface Measured extends PeerLike {
  figures?(): Promise<{ rttMs: number | null }>;
}

export const pathPatienceMs = 10_000;
/** A connection that is still "new" this long after both descriptions never tries: the address or the port is none that this browser uses. */
export const untriedMs = 5000;

// Not the call's own parts: they bring the chain and the keys, which nobody loads before the waiting room.
const browserParts: Parts = {
  openSocket: (url) => new WebSocket(url) as Socket,
  startWorker: startCryptoWorker,
  makePeer: (worker, events) => new Peer(worker.port as Worker, events),
};

/** Never rejects. */
export async function checkMediaPath(
  who: { as: 'staff' | 'guest'; csrf: string },
  parts: Parts = browserParts,
  url = `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/api/v1/call`,
): Promise<PathCheck> {
  let worker: CryptoWorker;
  try {
    worker = parts.startWorker();
  } catch {
    return { state: 'unknown', rttMs: null, detail: 'worker' };
  }
  const socket = parts.openSocket(url);
  let peer: Measured | null = null;
  const timers: ReturnType<typeof setTimeout>[] = [];
  try {
    return await new Promise<PathCheck>((resolve) => {
      let ids = 1;
      let told = false;
      const none = (): void => resolve({ state: peer === null ? 'unknown' : 'none', rttMs: null, detail: peer?.state ?? 'socket' });
      const look = async (): Promise<void> => {
        if (!told || peer?.state !== 'connected') return;
        const figures = await peer.figures?.().catch(() => null);
        resolve({ state: 'up', rttMs: figures?.rttMs ?? null, detail: 'connected' });
      };
      timers.push(setTimeout(none, pathPatienceMs));
      socket.onerror = () => undefined;
      socket.onclose = (event) => resolve({ state: 'unknown', rttMs: null, detail: event.code === closeMalformed ? 'refused' : 'socket' });
      socket.onopen = () => socket.send(JSON.stringify({ type: 'probe', id: ids++, ...who }));
      socket.onmessage = (event) => {
        const message: ServerMessage | null = parseServerMessage(event.data);
        if (message?.type === 'path') {
          told = message.state === 'up';
          void look();
        }
        if (message?.type !== 'offer' || peer !== null) return;
        const made: Measured = parts.makePeer(worker, {
          downlink: () => undefined,
          connection: (state) => {
            if (state === 'failed') none();
            void look();
          },
        });
        peer = made;
        worker.onEvent = (notice) => {
          if (notice.type === 'attached') made.noteAttached(notice.stream);
        };
        made.accept(message.sdp).then(
          (sdp) => {
            socket.send(JSON.stringify({ type: 'answer', id: ids++, gen: message.gen, sdp }));
            timers.push(setTimeout(() => made.state === 'new' && none(), untriedMs));
          },
          () => none(),
        );
      };
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
    socket.onopen = socket.onclose = socket.onmessage = socket.onerror = null;
    socket.close(1000);
    (peer as Measured | null)?.close();
    worker.end();
  }
}
