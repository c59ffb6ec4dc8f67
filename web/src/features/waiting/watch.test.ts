import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WaitingEntry } from '../../protocol/index.ts';
import { answerOf, NotDeclined, pauseMs, waitingList, Watch } from './watch.ts';

describe('the live list', () => {
  it('waits longer after each failure, at most half a minute', () => {
    expect(pauseMs(0, 1)).toBe(1000);
    expect(pauseMs(3, 1)).toBe(8000);
    expect(pauseMs(40, 1)).toBe(30_000);
    expect(pauseMs(40, 0)).toBe(20_000);
  });
  it('takes only a whole list', () => {
    expect(waitingList('{"type":"waiting","n":1,"list":[]}')).toEqual([]);
    expect(waitingList('{"type":"queue","n":1,"place":1}')).toBeNull();
    expect(waitingList('{"type":"waiting"}')).toBeNull();
    expect(waitingList('nonsense')).toBeNull();
    expect(waitingList(new ArrayBuffer(2))).toBeNull();
    expect(waitingList('null')).toBeNull();
  });
  it('knows an answer from a push', () => {
    expect(answerOf('{"type":"ok","re":3}')).toEqual({ re: 3, code: 'ok', text: '' });
    expect(answerOf('{"type":"refused","re":3,"code":"not_found","text":"No."}')).toEqual({ re: 3, code: 'not_found', text: 'No.' });
    expect(answerOf('{"type":"waiting","n":1,"list":[]}')).toBeNull();
    expect(answerOf('null')).toBeNull();
    expect(answerOf('nonsense')).toBeNull();
  });
});

class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeSocket;
  readyState = 0;
  sent: { type: string; id: number; meeting?: string; participant?: string; reason?: string }[] = [];
  constructor(readonly url: string) {
    super();
    FakeSocket.last = this;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as FakeSocket['sent'][number]);
  }
  close(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event('close'));
  }
  opens(): void {
    this.readyState = FakeSocket.OPEN;
    this.dispatchEvent(new Event('open'));
  }
  says(message: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }
}

describe('declining from the list', () => {
  const person = { meeting: 'm1', participant: 'p1' } as WaitingEntry;
  let watch: Watch;
  let ended = 0;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeSocket);
    vi.stubGlobal('addEventListener', () => undefined);
    vi.stubGlobal('removeEventListener', () => undefined);
    ended = 0;
    watch = new Watch({ onlist: () => undefined, onlink: () => undefined, onended: () => (ended += 1) }, 'csrf', 'wss://example.org/api/v1/call');
  });
  afterEach(() => {
    watch.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('asks on the socket that is there, and enters nothing', async () => {
    const socket = FakeSocket.last;
    socket.opens();
    const done = watch.decline(person, 'not_now');
    expect(socket.sent.map((message) => message.type)).toEqual(['watch', 'decline']);
    expect(socket.sent[1]).toMatchObject({ meeting: 'm1', participant: 'p1', reason: 'not_now' });
    socket.says({ type: 'ok', re: 1 });
    socket.says({ type: 'ok', re: socket.sent[1]!.id });
    await expect(done).resolves.toBeUndefined();
  });
  it('hands a refusal on, with its code', async () => {
    const socket = FakeSocket.last;
    socket.opens();
    const done = watch.decline(person, 'closed');
    socket.says({ type: 'refused', re: socket.sent[1]!.id, code: 'participant.not_waiting', text: 'Gone.' });
    await expect(done).rejects.toMatchObject({ code: 'participant.not_waiting' });
  });
  it('stops when the session is over, and says so', () => {
    FakeSocket.last.opens();
    FakeSocket.last.close();
    vi.advanceTimersByTime(2000);
    const again = FakeSocket.last;
    again.opens();
    again.says({ type: 'refused', re: 1, code: 'session.missing', text: 'Log in first.' });
    expect(ended).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.last).toBe(again);
  });
  it('says so when nobody knows whether it was heard', async () => {
    await expect(watch.decline(person, 'closed')).rejects.toBeInstanceOf(NotDeclined);
    const socket = FakeSocket.last;
    socket.opens();
    const cut = watch.decline(person, 'closed');
    socket.close();
    await expect(cut).rejects.toMatchObject({ code: 'lost' });
    vi.advanceTimersByTime(2000);
    FakeSocket.last.opens();
    const silent = watch.decline(person, 'closed');
    vi.advanceTimersByTime(10_000);
    await expect(silent).rejects.toMatchObject({ code: 'lost' });
  });
});
