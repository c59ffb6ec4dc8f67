// The person's signing key for one meeting: a CryptoKey that can't be read, in IndexedDB, so that a reloaded page is still
// the same person. Deleted on leave, and at the next visit once the meeting is surely over.
// Where there is no IndexedDB (private windows of some browsers) the key lives as long as the page.

import { base64url } from './bytes';

export interface SigKey {
  /** Meeting and participant, as the server names them. */
  name: string;
  privateKey: CryptoKey;
  /** base64url of the 65-byte point. */
  point: string;
  /** The endpoint that used this key last, and in which call: what a reload renews. */
  ep: string | null;
  call: string | null;
  /** UTC milliseconds. */
  madeAt: number;
}

export interface KeyStore {
  load(name: string): Promise<SigKey | null>;
  save(key: SigKey): Promise<void>;
  remove(name: string): Promise<void>;
  /** Forgets this meeting's. */
  removeMeeting(meeting: string): Promise<void>;
  /** Forgets keys made before this time. */
  removeOlder(thanMs: number): Promise<void>;
}

/** A meeting and its reopening surely fit into this; older keys are deleted at the next visit. */
export const keyLifeMs = 24 * 3600 * 1000;

/** Meeting and participant, as the server names them. */
export const sigKeyName = (meeting: string, participant: string): string => `${meeting}/${participant}`;

export async function makeSigKey(name: string, nowMs: number): Promise<SigKey> {
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])) as CryptoKeyPair;
  const point = base64url(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
  return { name, privateKey: pair.privateKey, point, ep: null, call: null, madeAt: nowMs };
}

export class MemoryKeyStore implements KeyStore {
  private readonly keys_ = new Map<string, SigKey>();
  async load(name: string): Promise<SigKey | null> {
    return this.keys_.get(name) ?? null;
  }
  async save(key: SigKey): Promise<void> {
    this.keys_.set(key.name, { ...key });
  }
  async remove(name: string): Promise<void> {
    this.keys_.delete(name);
  }
  async removeMeeting(meeting: string): Promise<void> {
    for (const key of [...this.keys_.values()]) if (key.name.startsWith(sigKeyName(meeting, ''))) this.keys_.delete(key.name);
  }
  async removeOlder(thanMs: number): Promise<void> {
    for (const key of [...this.keys_.values()]) if (key.madeAt < thanMs) this.keys_.delete(key.name);
  }
}

const databaseName = 'parlour-keys';
const storeName = 'sig';

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('indexeddb'));
  });
}

class DatabaseKeyStore implements KeyStore {
  constructor(private readonly database_: IDBDatabase) {}

  private store_(mode: IDBTransactionMode): IDBObjectStore {
    return this.database_.transaction(storeName, mode).objectStore(storeName);
  }
  private async all_(): Promise<SigKey[]> {
    return (await done(this.store_('readonly').getAll())) as SigKey[];
  }
  async load(name: string): Promise<SigKey | null> {
    return ((await done(this.store_('readonly').get(name))) as SigKey | undefined) ?? null;
  }
  async save(key: SigKey): Promise<void> {
    await done(this.store_('readwrite').put(key));
  }
  async remove(name: string): Promise<void> {
    await done(this.store_('readwrite').delete(name));
  }
  async removeMeeting(meeting: string): Promise<void> {
    for (const key of await this.all_()) if (key.name.startsWith(sigKeyName(meeting, ''))) await this.remove(key.name);
  }
  async removeOlder(thanMs: number): Promise<void> {
    for (const key of await this.all_()) if (key.madeAt < thanMs) await this.remove(key.name);
  }
}

export async function openKeyStore(): Promise<KeyStore> {
  try {
    const request = indexedDB.open(databaseName, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: 'name' });
    return new DatabaseKeyStore(await done(request));
  } catch {
    return new MemoryKeyStore();
  }
}
