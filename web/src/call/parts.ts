// What a session takes from outside: socket, worker, connection, key store, clock. Pages take the browser's; tests bring their own.

import { acceptedOfTab, type AcceptedCall } from './accepted';
import { browserRoots, type RootStore } from './roots';
import { startCryptoWorker, type CryptoWorker } from './crypto_worker';
import { openKeyStore, type KeyStore } from './keys';
import type { PeerLike } from './media_link';
import { Peer, type PeerEvents } from './peer';
import type { Socket } from './signalling';

export interface CallParts {
  openSocket(url: string): Socket;
  startWorker(): CryptoWorker;
  makePeer(worker: CryptoWorker, events: PeerEvents): PeerLike;
  openKeys(): Promise<KeyStore>;
  roots: RootStore;
  accepted: AcceptedCall;
  now(): number;
}

export const browserParts: CallParts = {
  openSocket: (url) => new WebSocket(url) as Socket,
  startWorker: startCryptoWorker,
  makePeer: (worker, events) => new Peer(worker.port as Worker, events),
  openKeys: openKeyStore,
  roots: browserRoots,
  accepted: acceptedOfTab,
  now: () => Date.now(),
};
