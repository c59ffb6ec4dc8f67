import { describe, expect, it } from 'vitest';
import { JoinState } from './join.svelte.ts';
import { keepLink, readKeptLink } from './kept_link.ts';

const token = 'mfrggzdfmztwq2lknnwg23tpobyxe43u';
const secret = 'gezdgnbvgy3tqojqgezdgnbvgy';

function tab() {
  const kept = new Map<string, string>();
  return { kept, getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value), removeItem: (name: string) => void kept.delete(name) };
}

describe('a tab’s own link', () => {
  it('is remembered without its secret, and that it has one', () => {
    const store = tab();
    keepLink(store, { link: { token, secret, hasSecret: true }, meeting: 'm' });
    expect([...store.kept.values()].join()).not.toContain(secret);
    expect(readKeptLink(store)).toEqual({ link: { token, secret: null, hasSecret: true }, meeting: 'm' });
    keepLink(store, { link: { token, secret: null, hasSecret: false }, meeting: 'm' });
    expect(readKeptLink(store)?.link?.hasSecret).toBe(false);
    keepLink(store, { link: null, meeting: 'm' });
    expect(readKeptLink(store)).toEqual({ link: null, meeting: 'm' });
    keepLink(store, { link: null, meeting: null });
    expect(readKeptLink(store)).toBeNull();
  });

  it('that is not remembered well may have a secret', () => {
    const store = tab();
    for (const text of [JSON.stringify({ token }), JSON.stringify({ token, has_secret: 'x' }), JSON.stringify({ token, secret, meeting: 'm' })]) {
      store.kept.set('parlour.link', text);
      expect(readKeptLink(store)?.link, text).toEqual({ token, secret: null, hasSecret: true });
    }
    store.kept.set('parlour.link', '{');
    expect(readKeptLink(store)).toBeNull();
  });

  it('whose secret is not found is never taken for one without: not after a reload, nor where nobody knows', async () => {
    // This test's browser has no IndexedDB at all.
    const join = new JoinState();
    join.link = { token, secret: null, hasSecret: true };
    expect(await join.linkSecret('m')).toBe('lost');
    join.link = null;
    expect(await join.linkSecret('m')).toBe('lost');
    join.link = { token, secret: null, hasSecret: false };
    expect(await join.linkSecret('m')).toBeNull();
  });
});
