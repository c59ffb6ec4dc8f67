// Secrets of links in this browser (e2ee.md 5): IndexedDB is their one home, as keys that cannot be read back, each for one meeting
// and one side. The scheduling adviser's and the customer's are apart, so that an adviser who tries his own link, and closes that
// page, keeps his own. Where the browser refuses to keep one, it lives as long as the page.

import { random } from './bytes';
import { importLinkSecret, readSecret, secretBytes, writeSecret } from './link_secret';

/** Whose: the customer's came in the link, the adviser's was made here. */
export type LinkSide = 'customer' | 'staff';

export interface KeptSecret {
  /** Side and meeting. */
  name: string;
  key: CryptoKey;
  /** UTC milliseconds. */
  madeAt: number;
}

/** Where they are kept. Each act rejects where the browser refuses. */
export interface SecretShelf {
  get(name: string): Promise<KeptSecret | null>;
  put(kept: KeptSecret): Promise<void>;
  remove(name: string): Promise<void>;
  all(): Promise<KeptSecret[]>;
}

/** So far ahead a meeting may be scheduled: `kMostDaysAhead` of src/app/meetings.cpp; a test holds them together. */
export const mostDaysAhead = 730;
/** And the day of the meeting itself. What is older belongs to nothing any more. */
const secretLifeMs = (mostDaysAhead + 1) * 24 * 3600 * 1000;

const nameOf = (side: LinkSide, meeting: string): string => `${side}/${meeting}`;

export class LinkStore {
  /** What this page has put: where the browser refuses to keep it, that is all there is. */
  private readonly page_ = new Map<string, KeptSecret>();

  constructor(private readonly shelf_: SecretShelf) {}

  /** False: as long as the page lives, no longer. */
  async keep(side: LinkSide, meeting: string, key: CryptoKey, nowMs: number): Promise<boolean> {
    const stored = await this.put_({ name: nameOf(side, meeting), key, madeAt: nowMs });
    await this.forgetOld(nowMs);
    return stored;
  }

  /** Null: this browser has none, or does not give it back. */
  async find(side: LinkSide, meeting: string): Promise<CryptoKey | null> {
    const name = nameOf(side, meeting);
    const kept = await this.shelf_.get(name).catch(() => null);
    const own = this.page_.get(name) ?? null;
    // Another page of this browser may have made a newer link; and a newer one may not have been kept.
    return (own !== null && own.madeAt >= (kept?.madeAt ?? 0) ? own : kept)?.key ?? null;
  }

  /** Whether there was one. */
  async forget(side: LinkSide, meeting: string): Promise<boolean> {
    const name = nameOf(side, meeting);
    const there = (await this.find(side, meeting)) !== null;
    this.page_.delete(name);
    await this.shelf_.remove(name).catch(() => undefined);
    return there;
  }

  /** Carries the adviser's over what clears the site's storage: they name nobody, and the meeting is still to come. */
  async carried(): Promise<() => Promise<void>> {
    const all = await this.shelf_.all().catch(() => []);
    const carried = new Map([...all, ...this.page_.values()].filter((kept) => kept.name.startsWith('staff/')).map((kept) => [kept.name, kept]));
    return async () => {
      for (const kept of carried.values()) await this.put_(kept);
    };
  }

  /** What is too old: whenever one is kept, and when a call is entered. */
  async forgetOld(nowMs: number): Promise<void> {
    for (const kept of await this.shelf_.all().catch(() => [])) if (kept.madeAt < nowMs - secretLifeMs) await this.shelf_.remove(kept.name).catch(() => undefined);
  }

  private async put_(kept: KeptSecret): Promise<boolean> {
    this.page_.set(kept.name, kept);
    return this.shelf_.put(kept).then(
      () => true,
      () => false,
    );
  }
}

const databaseName = 'parlour-links';
const storeName = 'secret';
/** A browser that does not answer within this has refused: nobody waits at a door for a disk. */
const answerWithinMs = 3000;

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseName, 2);
    request.onupgradeneeded = () => {
      const { result } = request;
      for (const name of result.objectStoreNames) result.deleteObjectStore(name);
      result.createObjectStore(storeName, { keyPath: 'name' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('indexeddb'));
    request.onblocked = () => reject(new Error('indexeddb.blocked'));
  });
}

/** One transaction: what is written counts once it is committed. */
async function act<T>(mode: IDBTransactionMode, run: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('indexeddb.late')), answerWithinMs));
  const done = opened().then(
    (database) =>
      new Promise<T>((resolve, reject) => {
        const transaction = database.transaction(storeName, mode);
        const request = run(transaction.objectStore(storeName));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error ?? new Error('indexeddb.abort'));
      }).finally(() => database.close()),
  );
  return Promise.race([done, late]);
}

const databaseShelf: SecretShelf = {
  get: async (name) => ((await act('readonly', (store) => store.get(name))) as KeptSecret | undefined) ?? null,
  put: async (kept) => void (await act('readwrite', (store) => store.put(kept))),
  remove: async (name) => void (await act('readwrite', (store) => store.delete(name))),
  all: async () => (await act('readonly', (store) => store.getAll())) as KeptSecret[],
};

export const browserLinks = new LinkStore(databaseShelf);

export interface WholeLink {
  readonly link: string;
  /** False: this browser has its secret as long as the page lives, no longer. */
  readonly stored: boolean;
}

/** Makes the secret of a link that was just issued and remembers it; gives the whole link. The server never sees what is added. */
export async function addSecret(link: string, meeting: string, nowMs: number): Promise<WholeLink> {
  const secret = random(secretBytes);
  const stored = await browserLinks.keep('staff', meeting, await importLinkSecret(secret), nowMs);
  const text = writeSecret(secret);
  secret.fill(0);
  return { link: `${link}.${text}`, stored };
}

/** The customer's page has read it from the link. False: not a secret. */
export async function keepSecret(text: string, meeting: string, nowMs: number): Promise<boolean> {
  const secret = readSecret(text);
  if (secret === null) return false;
  await browserLinks.keep('customer', meeting, await importLinkSecret(secret), nowMs);
  secret.fill(0);
  return true;
}

export const secretOf = (side: LinkSide, meeting: string): Promise<CryptoKey | null> => browserLinks.find(side, meeting);
/** The customer's; whether there was one. */
export const forgetSecret = (meeting: string): Promise<boolean> => browserLinks.forget('customer', meeting);
export const forgetOldSecrets = (nowMs: number): Promise<void> => browserLinks.forgetOld(nowMs);
