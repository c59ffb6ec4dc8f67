import { describe, expect, it } from 'vitest';
import { askHealth, notAsked, readHealth } from './watch.ts';
import { closedWords } from './words.ts';

describe('fault H4: the closed page', () => {
  it('tells locked, alarm and open apart, and believes nothing else', () => {
    expect(readHealth({ ready: true })).toEqual({ state: 'open' });
    expect(readHealth({ ready: false, state: 'locked', reason: 'vault.unreachable' })).toEqual({ state: 'locked', reason: 'vault.unreachable' });
    expect(readHealth({ ready: false, state: 'alarm', reason: 'head.rollback' })).toEqual({ state: 'alarm', reason: 'head.rollback' });
    for (const body of [null, 'ready', {}, { ready: 1 }, { ready: false }, { ready: false, state: 'open', reason: 'x' }, { ready: false, state: 'alarm', reason: '<b>' }]) expect(readHealth(body)).toBeNull();
  });
  it('keeps its state while nobody answers', async () => {
    expect(await askHealth(() => Promise.reject(new TypeError('no network')))).toBeNull();
    expect(await askHealth(() => Promise.resolve(new Response('<!doctype html>', { status: 503 })))).toBeNull();
    expect(await askHealth(() => Promise.resolve(new Response('{"ready":true}')))).toEqual({ state: 'open' });
  });
});

describe('fault R10: the closed page before the first answer', () => {
  it('claims no reason', () => {
    expect(notAsked.state).not.toBe('locked');
    for (const words of [closedWords.en, closedWords.nl]) {
      const said = [words[notAsked.state].title, ...words[notAsked.state].lines, words[notAsked.state].staff].join(' ');
      expect(said).not.toMatch(/vault|kluis|yet|nog niet|by itself|vanzelf/i);
    }
  });
});
