import { describe, expect, it } from 'vitest';
import { ApiError } from './http.ts';
import { Paged, type Page } from './paged.svelte.ts';

interface Asked {
  cursor: string | null;
  signal: AbortSignal;
  answer: (page: Page<number, string>) => void;
  fail: (error: unknown) => void;
}

function list(): { paged: Paged<number, string>; asked: Asked[] } {
  const asked: Asked[] = [];
  const paged = new Paged<number, string>((cursor, signal) => new Promise((answer, fail) => asked.push({ cursor, signal, answer, fail })));
  return { paged, asked };
}

describe('a list in pages', () => {
  it('puts the next page behind what is there', async () => {
    const { paged, asked } = list();
    const first = paged.load();
    expect([paged.items, paged.busy]).toEqual([null, true]);
    asked[0]!.answer({ items: [1, 2], next: 'c' });
    await first;
    expect([paged.items, paged.busy, paged.hasMore]).toEqual([[1, 2], false, true]);
    const second = paged.more();
    expect(asked[1]!.cursor).toBe('c');
    asked[1]!.answer({ items: [3], next: null });
    await second;
    expect([paged.items, paged.hasMore]).toEqual([[1, 2, 3], false]);
  });

  it('never shows the answer to an older question', async () => {
    const { paged, asked } = list();
    const old = paged.load();
    const newer = paged.restart();
    expect(asked[0]!.signal.aborted).toBe(true);
    asked[1]!.answer({ items: [9], next: null });
    await newer;
    asked[0]!.answer({ items: [1], next: 'c' });
    await old;
    expect([paged.items, paged.hasMore, paged.busy]).toEqual([[9], false, false]);
  });

  it('says what went wrong and keeps what is shown', async () => {
    const { paged, asked } = list();
    const first = paged.load();
    asked[0]!.answer({ items: [1], next: 'c' });
    await first;
    const second = paged.more();
    asked[1]!.fail(new ApiError('offline'));
    await second;
    expect(paged.items).toEqual([1]);
    expect(paged.problem).not.toBeNull();
    expect(paged.busy).toBe(false);
    void paged.again();
    expect([asked[2]!.cursor, paged.problem]).toEqual(['c', null]);
  });
});
