import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { random } from './bytes';
import { importLinkSecret } from './link_secret';
import { LinkStore, mostDaysAhead, type KeptSecret, type SecretShelf } from './link_store';

const dayMs = 24 * 3600 * 1000;
const key = (): Promise<CryptoKey> => importLinkSecret(random(16));

class TestShelf implements SecretShelf {
  readonly kept = new Map<string, KeptSecret>();
  refuses = false;
  private async act_<T>(run: () => T): Promise<T> {
    if (this.refuses) throw new Error('the browser refuses');
    return run();
  }
  get = (name: string): Promise<KeptSecret | null> => this.act_(() => this.kept.get(name) ?? null);
  put = (one: KeptSecret): Promise<void> => this.act_(() => void this.kept.set(one.name, one));
  remove = (name: string): Promise<void> => this.act_(() => void this.kept.delete(name));
  all = (): Promise<KeptSecret[]> => this.act_(() => [...this.kept.values()]);
}

describe('the secrets of links', () => {
  it('have one home, as keys that cannot be read back', async () => {
    const shelf = new TestShelf();
    expect(await new LinkStore(shelf).keep('customer', 'm', await key(), 1)).toBe(true);
    const [one] = [...shelf.kept.values()];
    await expect(crypto.subtle.exportKey('raw', one!.key)).rejects.toThrow();
    // Another page of the browser finds it there, and nowhere else.
    expect(await new LinkStore(shelf).find('customer', 'm')).toBe(one!.key);
    expect(await new LinkStore(new TestShelf()).find('customer', 'm')).toBeNull();
  });

  it('live as long as the page where the browser refuses to keep them', async () => {
    const shelf = new TestShelf();
    shelf.refuses = true;
    const store = new LinkStore(shelf);
    const made = await key();
    expect(await store.keep('customer', 'm', made, 1)).toBe(false);
    expect(await store.find('customer', 'm')).toBe(made);
    expect(await new LinkStore(shelf).find('customer', 'm')).toBeNull();
    expect(await store.forget('customer', 'm')).toBe(true);
    expect(await store.find('customer', 'm')).toBeNull();
    expect(await store.forget('customer', 'm')).toBe(false);
    await (await store.carried())();
    await store.forgetOld(dayMs);
  });

  it('that another page made later count, and so does one that could not be kept', async () => {
    const shelf = new TestShelf();
    const [page, other] = [new LinkStore(shelf), new LinkStore(shelf)];
    const [first, second, third] = [await key(), await key(), await key()];
    await page.keep('staff', 'm', first, 1);
    await other.keep('staff', 'm', second, 2);
    expect(await page.find('staff', 'm')).toBe(second);
    shelf.refuses = true;
    await page.keep('staff', 'm', third, 3);
    shelf.refuses = false;
    expect(await page.find('staff', 'm')).toBe(third);
  });

  it('of both sides are apart: an adviser who tries his own link and closes that page keeps his', async () => {
    const shelf = new TestShelf();
    const [hers, his, elsewhere] = [await key(), await key(), await key()];
    const page = new LinkStore(shelf);
    await page.keep('staff', 'm', hers, 1);
    await page.keep('staff', 'another', elsewhere, 1);
    await page.keep('customer', 'm', his, 2);
    const restore = await page.carried();
    shelf.kept.clear();
    await restore();
    await page.forget('customer', 'm');
    const later = new LinkStore(shelf);
    expect(await later.find('staff', 'm')).toBe(hers);
    expect(await later.find('staff', 'another')).toBe(elsewhere);
    expect(await later.find('customer', 'm')).toBeNull();
  });

  it('are forgotten when no meeting can be meant any more, and not before', async () => {
    const limit = /kMostDaysAhead = (\d+);/.exec(readFileSync(new URL('../../../src/app/meetings.cpp', import.meta.url), 'utf8'))?.[1];
    expect(String(mostDaysAhead)).toBe(limit);
    const shelf = new TestShelf();
    const store = new LinkStore(shelf);
    await store.keep('staff', 'm', await key(), 0);
    // Another one is kept on the day for which the farthest meeting could be scheduled; and two days later.
    await store.keep('staff', 'n', await key(), mostDaysAhead * dayMs);
    expect([...shelf.kept.keys()]).toEqual(['staff/m', 'staff/n']);
    await store.keep('staff', 'o', await key(), (mostDaysAhead + 2) * dayMs);
    expect([...shelf.kept.keys()]).toEqual(['staff/n', 'staff/o']);
  });
});
