// What a tab remembers of its link until the page is closed: the token, so that a reload goes on, and whether the link has a secret.
// The secret itself is never text in a storage: its one home is call/link_store.ts (ADR 18).

import type { LinkParts } from './token.ts';

/** `link`: null, the tab went on with an appointment that the browser had open. `meeting`: once it is known. */
export interface KeptLink {
  readonly link: LinkParts | null;
  readonly meeting: string | null;
}

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
const key = 'parlour.link';

export function readKeptLink(store: Store): KeptLink | null {
  try {
    const stored = JSON.parse(store.getItem(key) ?? 'null') as Partial<Record<'token' | 'has_secret' | 'meeting', unknown>> | null;
    if (stored === null) return null;
    const { token, has_secret: hasSecret, meeting } = stored;
    return {
      // Anything but a plain "no" is a yes: then it is asked about.
      link: typeof token === 'string' ? { token, secret: null, hasSecret: hasSecret !== false } : null,
      meeting: typeof meeting === 'string' ? meeting : null,
    };
  } catch {
    return null;
  }
}

export function keepLink(store: Store, { link, meeting }: KeptLink): void {
  if (link === null && meeting === null) store.removeItem(key);
  else store.setItem(key, JSON.stringify({ ...(link === null ? {} : { token: link.token, has_secret: link.hasSecret }), meeting }));
}
