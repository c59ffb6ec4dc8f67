// The organisation key that this browser knows (e2ee.md 3). At the first call from this address it is remembered, with the newest
// version of the Policy; from then on another one is refused, unless the known one names it as its follower. Who comes by a link with
// a secret remembers it only when that has proven it, or when he has chosen to go on without: a stranger's key that was shown to
// somebody who then left is not the one that is known at the next visit. What is kept is public: a key's public point and a number.
// It is the one thing that stays when somebody leaves: without it, whoever takes over the server could bring a key of his own at
// every visit.

import { base64url, fromBase64urlOf, sha256, u8 } from './bytes';

export interface Pin {
  /** base64url of the organisation key's 65-byte point. */
  root: string;
  /** The newest Policy version that was seen. */
  ver: number;
}

export interface RootStore {
  /** What earlier visits have left. */
  read(): Pin | null;
  write(pin: Pin): void;
  /** What this page has used since it was loaded; null: nothing yet. */
  page(): Pin | null;
  /** For the page's life. */
  hold(pin: Pin): void;
  /** For the next visits too, what the page holds: it is proven, or the person goes on, or what was remembered leads to it. */
  keep(): void;
}

const storageName = 'parlour.root';

/** Storage is an argument, so that tests can be several browsers; `null` where a browser has none: then the page's life is all. */
export function rootsIn(storage: () => Pick<Storage, 'getItem' | 'setItem'> | null): RootStore {
  let held: Pin | null = null;
  /** The root that was remembered when the page took its own. */
  let before: string | null = null;
  const store: RootStore = {
    read() {
      try {
        const kept: unknown = JSON.parse(storage()?.getItem(storageName) ?? 'null');
        if (typeof kept === 'object' && kept !== null) {
          const { root, ver } = kept as Record<string, unknown>;
          if (fromBase64urlOf(root, 65) !== null && Number.isSafeInteger(ver)) return { root: root as string, ver: ver as number };
        }
      } catch {
        // Blocked, or not ours: what this page has seen itself still counts.
      }
      return null;
    },
    write(pin) {
      try {
        storage()?.setItem(storageName, JSON.stringify(pin));
      } catch {
        // A browser without storage remembers it for the page's life; the code and the link's secret still cover it.
      }
    },
    page: () => held,
    hold(pin) {
      if (held === null) before = store.read()?.root ?? null;
      held = pin;
    },
    keep() {
      if (held === null) return;
      const now = store.read();
      // Another page of this browser has come to know another one meanwhile: that one is not overwritten. Nor is a newer version.
      if (now !== null && now.root !== held.root && now.root !== before) return;
      if (now?.root === held.root && now.ver >= held.ver) return;
      store.write(held);
    },
  };
  return store;
}

export const browserRoots: RootStore = rootsIn(() => localStorage);

/** How people compare an organisation key: the first 16 bytes of SHA-256 of its point, in hex, in groups of four. */
export async function fingerprintWords(root: string): Promise<string> {
  const hash = await sha256(fromBase64urlOf(root, 65) ?? u8(0));
  const hex = [...hash.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.match(/.{4}/g)!.join(' ');
}

/** As it stands in a receipt: the whole hash. */
export async function rootFingerprint(root: string): Promise<string> {
  return base64url(await sha256(fromBase64urlOf(root, 65) ?? u8(0)));
}
