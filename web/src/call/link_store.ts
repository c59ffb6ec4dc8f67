// Secrets of links in this browser's IndexedDB (e2ee.md 5), one for each meeting. The scheduling adviser's is kept as it stands in
// the link; the customer's as a key that cannot be read back, and only until he leaves. Where there is no IndexedDB a secret lives
// as long as the page.

import { random } from './bytes';
import { importLinkSecret, readSecret, secretBytes, writeSecret } from './link_secret';

interface Kept {
  meeting: string;
  key: CryptoKey;
  /** UTC milliseconds. */
  madeAt: number;
}

/** No meeting is scheduled farther ahead. What is older belongs to nothing any more. */
const keptMs = 400 * 24 * 3600 * 1000;
const databaseName = 'parlour-links';
const storeName = 'secret';
const memory = new Map<string, Kept>();

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('indexeddb'));
  });
}

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore | null> {
  try {
    const request = indexedDB.open(databaseName, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: 'meeting' });
    return (await done(request)).transaction(storeName, mode).objectStore(storeName);
  } catch {
    return null;
  }
}

async function keep(meeting: string, key: CryptoKey, nowMs: number): Promise<void> {
  const kept: Kept = { meeting, key, madeAt: nowMs };
  memory.set(meeting, kept);
  await (await store('readwrite').then((found) => found && done(found.put(kept))).catch(() => null));
}

/** Makes the secret of a link that was just issued and remembers it; gives the whole link. The server never sees what is added. */
export async function addSecret(link: string, meeting: string, nowMs: number): Promise<string> {
  const secret = random(secretBytes);
  await keep(meeting, await importLinkSecret(secret), nowMs);
  const text = writeSecret(secret);
  secret.fill(0);
  return `${link}.${text}`;
}

/** The customer's page has read it from the link. False: not a secret. */
export async function keepSecret(text: string, meeting: string, nowMs: number): Promise<boolean> {
  const secret = readSecret(text);
  if (secret === null) return false;
  await keep(meeting, await importLinkSecret(secret), nowMs);
  secret.fill(0);
  return true;
}

export async function secretOf(meeting: string): Promise<CryptoKey | null> {
  const found = await store('readonly')
    .then((kept) => kept && (done(kept.get(meeting)) as Promise<Kept | undefined>))
    .catch(() => null);
  return found?.key ?? memory.get(meeting)?.key ?? null;
}

export async function forgetSecret(meeting: string): Promise<void> {
  memory.delete(meeting);
  await store('readwrite')
    .then((kept) => kept && done(kept.delete(meeting)))
    .catch(() => undefined);
}

/** Carries them over a log-out, whose answer clears the site's storage: they name nobody, and the meeting is still to come. */
export async function secretsKept(): Promise<() => Promise<void>> {
  const kept = await store('readonly')
    .then((found) => found && (done(found.getAll()) as Promise<Kept[]>))
    .catch(() => null);
  const all = kept ?? [...memory.values()];
  return async () => {
    for (const one of all) await keep(one.meeting, one.key, one.madeAt);
  };
}

/** At a visit of the console: what is too old. */
export async function forgetOldSecrets(nowMs: number): Promise<void> {
  const kept = await store('readwrite');
  if (!kept) return;
  const all = (await done(kept.getAll()).catch(() => [])) as Kept[];
  for (const one of all) if (one.madeAt < nowMs - keptMs) await forgetSecret(one.meeting);
}
