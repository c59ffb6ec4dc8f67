import { describe, expect, it } from 'vitest';
import { askHealth, readHealth } from './watch.ts';

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
