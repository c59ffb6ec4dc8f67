import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { messageForm, parseServerMessage, type ServerPush, type Signed } from '../protocol';
import { Signalling, type Socket } from './signalling';

class FakeSocket implements Socket {
  readyState = 1;
  sent: { type: string; id: number; [name: string]: unknown }[] = [];
  onopen: ((event: Event) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onmessage: ((event: MessageEvent<string>) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as FakeSocket['sent'][number]);
  }
  close(): void {
    this.drop(1000);
  }
  drop(code: number): void {
    this.onclose?.({ code } as CloseEvent);
  }
  open(): void {
    this.onopen?.({} as Event);
  }
  from(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent<string>);
  }
}

const signed: Signed = { t: 'Hello', k: 'k', b: 'b', s: 's' };

function scene() {
  const sockets: FakeSocket[] = [];
  const pushes: ServerPush[] = [];
  const links: string[] = [];
  const gone: string[] = [];
  const signalling = new Signalling(
    { type: 'enter', form: messageForm, as: 'guest', csrf: 'c' },
    () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    { push: (p) => pushes.push(p), link: (l) => links.push(l), gone: (reason) => gone.push(reason) },
  );
  const socket = (): FakeSocket => sockets.at(-1)!;
  const enter = (): void => {
    socket().open();
    socket().from({ type: 'ok', re: socket().sent[0]!.id });
  };
  return { signalling, sockets, socket, pushes, links, gone, enter };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('signalling', () => {
  it('enters first, sends what waited, and answers requests by id', async () => {
    const { signalling, socket, enter } = scene();
    const early = signalling.request({ type: 'ice.restart' });
    const started = signalling.start();
    enter();
    await started;
    expect(socket().sent.map((m) => m.type)).toEqual(['enter', 'ice.restart']);
    expect(socket().sent[1]!.id).toBeGreaterThan(socket().sent[0]!.id);
    socket().from({ type: 'ok', re: socket().sent[1]!.id, extra: 1 });
    await expect(early).resolves.toMatchObject({ extra: 1 });
    const refused = signalling.request({ type: 'share.start' });
    socket().from({ type: 'refused', re: socket().sent[2]!.id, code: 'share.busy', text: 'Somebody else shares.', who: ['agent'] });
    await expect(refused).rejects.toMatchObject({ code: 'share.busy', text: 'Somebody else shares.', who: ['agent'] });
    signalling.close();
  });

  it('resumes with token and last_n, ignores what it has seen, and sends signed messages again with rising ids', async () => {
    const { signalling, socket, pushes, links, enter } = scene();
    void signalling.start();
    enter();
    socket().from({ type: 'welcome', n: 1, resume: 'tok' });
    socket().from({ type: 'admitted', n: 2 });
    const kept = signalling.request({ type: 'e2ee', m: signed });
    const lost = signalling.request({ type: 'share.start' });
    const first = socket();
    first.drop(1006);
    await expect(lost).rejects.toMatchObject({ code: 'disconnected' });
    expect(links).toEqual(['online', 'reconnecting']);
    await vi.advanceTimersByTimeAsync(500);
    expect(socket()).not.toBe(first);
    socket().open();
    expect(socket().sent[0]).toMatchObject({ type: 'enter', resume: { token: 'tok', last_n: 2 } });
    socket().from({ type: 'ok', re: socket().sent[0]!.id });
    socket().from({ type: 'admitted', n: 2 });
    socket().from({ type: 'queue', n: 3, place: 1, adviser: 'here', kept_min: 10, waited_s: 0 });
    expect(pushes.map((p) => p.n)).toEqual([1, 2, 3]);
    expect(socket().sent.map((m) => m.type)).toEqual(['enter', 'e2ee']);
    expect(socket().sent[1]!.id).toBeGreaterThan(socket().sent[0]!.id);
    socket().from({ type: 'ok', re: socket().sent[1]!.id });
    await expect(kept).resolves.toBeTruthy();
    signalling.close();
  });

  it('keeps its token over two restarts of a server that cannot say it again', async () => {
    const { signalling, socket, enter } = scene();
    void signalling.start();
    enter();
    socket().from({ type: 'welcome', n: 1, resume: 'tok' });
    for (let restart = 0; restart < 2; restart++) {
      socket().drop(1006);
      await vi.advanceTimersByTimeAsync(500);
      socket().open();
      expect(socket().sent[0]).toMatchObject({ type: 'enter', resume: { token: 'tok' } });
      socket().from({ type: 'ok', re: socket().sent[0]!.id });
      socket().from({ type: 'resync', n: 1073741825, resume: null });
    }
    signalling.close();
  });

  it('is offline after 30 s and goes on trying with back-off', async () => {
    const { signalling, sockets, socket, links } = scene();
    void signalling.start().catch(() => undefined);
    for (let i = 0; i < 16; i++) {
      const before = sockets.length;
      socket().drop(1006);
      for (let waited = 0; sockets.length === before && waited < 12_500; waited += 100) await vi.advanceTimersByTimeAsync(100);
      expect(sockets.length).toBe(before + 1);
    }
    expect(links.at(-1)).toBe('offline');
    signalling.close();
  });

  it('fault B5: a connection that was begun without a network is given up and begun anew', async () => {
    const { signalling, sockets } = scene();
    void signalling.start().catch(() => undefined);
    expect(sockets.length).toBe(1);
    await vi.advanceTimersByTimeAsync(7_900);
    expect(sockets.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets.length).toBe(2);
    // The system says that the network is back: the one that hangs is not waited for.
    signalling.hurry();
    expect(sockets.length).toBe(3);
    signalling.close();
  });

  it('a refused entry rejects start; a second socket with the token ends this one', async () => {
    const a = scene();
    const started = a.signalling.start();
    a.socket().open();
    a.socket().from({ type: 'refused', re: a.socket().sent[0]!.id, code: 'notice.missing', text: 'Read the notice first.' });
    await expect(started).rejects.toMatchObject({ code: 'notice.missing' });

    const b = scene();
    void b.signalling.start();
    b.enter();
    b.socket().drop(4001);
    expect(b.gone).toEqual(['replaced']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(b.sockets).toHaveLength(1);
  });

  it('a socket that does not answer for 10 s is taken for dead', async () => {
    const { signalling, sockets, enter } = scene();
    void signalling.start();
    enter();
    signalling.tell({ type: 'ice.restart' });
    await vi.advanceTimersByTimeAsync(13_000);
    expect(sockets.length).toBe(2);
    signalling.close();
  });

  it('fault B5: a socket on which something else comes is slow and not dead, for a minute', async () => {
    const { signalling, sockets, socket, enter, links } = scene();
    void signalling.start();
    enter();
    signalling.tell({ type: 'ice.restart' });
    for (let second = 0; second < 58; second++) {
      socket().from({ type: 'quality', n: second + 1, loss_up: 0, loss_down: 0, rtt_ms: 900 });
      await vi.advanceTimersByTimeAsync(1000);
      expect(sockets.length).toBe(1);
    }
    expect(links).toEqual(['online']);
    for (let second = 58; second < 66; second++) {
      socket().from({ type: 'quality', n: second + 1, loss_up: 0, loss_down: 0, rtt_ms: 900 });
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(sockets.length).toBe(2);
    signalling.close();
  });

  it('nothing is written into a socket that the server has begun to close', async () => {
    const { signalling, socket, enter } = scene();
    void signalling.start();
    enter();
    const closing = socket();
    closing.readyState = 2;
    const asked = signalling.request({ type: 'share.start' });
    signalling.request({ type: 'e2ee', m: signed }).catch(() => undefined);
    expect(closing.sent.map((m) => m.type)).toEqual(['enter']);
    closing.drop(1006);
    await expect(asked).rejects.toMatchObject({ code: 'disconnected' });
    await vi.advanceTimersByTimeAsync(1_000);
    enter();
    expect(socket().sent.map((m) => m.type)).toEqual(['enter', 'e2ee']);
    signalling.close();
  });

  it('fault B5: a page that was asleep reads first what has come, before it takes the socket for dead', async () => {
    const { signalling, sockets, socket, enter } = scene();
    void signalling.start();
    enter();
    await vi.advanceTimersByTimeAsync(4_100);
    signalling.tell({ type: 'ice.restart' });
    vi.setSystemTime(Date.now() + 30_000);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sockets.length).toBe(1);
    socket().from({ type: 'ok', re: socket().sent.at(-1)!.id });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(sockets.length).toBe(1);
    signalling.close();
  });

  it('fault B5: a page whose timers run once a minute finds a dead socket all the same', async () => {
    const { signalling, sockets, enter } = scene();
    void signalling.start();
    enter();
    await vi.advanceTimersByTimeAsync(2_000);
    signalling.tell({ type: 'ice.restart' });
    for (let look = 0; look < 3; look++) {
      vi.setSystemTime(Date.now() + 58_000);
      await vi.advanceTimersByTimeAsync(2_000);
    }
    expect(sockets.length).toBeGreaterThan(1);
    signalling.close();
  });

  it('fault B5: where connecting is slow, each attempt has more time than the one before', async () => {
    const { signalling, sockets, socket, links } = scene();
    void signalling.start();
    await vi.advanceTimersByTimeAsync(8_500);
    expect(sockets.length).toBe(2);
    // The second one would have opened after 11 s, the third after 19 s.
    await vi.advanceTimersByTimeAsync(11_000);
    expect(sockets.length).toBe(2);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(sockets.length).toBe(3);
    await vi.advanceTimersByTimeAsync(17_000);
    expect(sockets.length).toBe(3);
    socket().open();
    socket().from({ type: 'ok', re: socket().sent[0]!.id });
    expect(links.at(-1)).toBe('online');
    signalling.close();
  });

  it('messages that are not ours are ignored', () => {
    for (const bad of ['', '{', '[]', 'null', '1', '{}', '{"type":1}', '{"type":"ok"}', '{"type":"queue"}']) expect(parseServerMessage(bad)).toBeNull();
    expect(parseServerMessage('{"type":"ok","re":3}')).toEqual({ type: 'ok', re: 3 });
  });
});
