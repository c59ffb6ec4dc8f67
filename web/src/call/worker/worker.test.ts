import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { base64url, concat, fromBase64url, random, type Bytes } from '../bytes';
import { TestWorker } from '../testing';
import { aes128Gcm, aes256Gcm, generateKem, open, seal, sealWith } from './hpke';
import { kidOf, splitKid } from './kid';
import { Keyring, oldKeysMs, type Clock } from './keyring';
import { holdMs, Opener } from './opener';
import { OpusPadding } from './opus_padding';
import type { PageMessage, WorkerMessage } from './protocol';
import { ReplayWindow } from './replay';
import { Sealer, switchMs } from './sealer';
import { wrapInfo } from './senderkey';
import { decodeHeader, decryptFrame, deriveFrameKey, encodeHeader, encryptFrame } from './sframe';
import { addShim, shimFor, stripShim } from './shim';

const hex = (text: string): Bytes => Uint8Array.from(text.match(/../g) ?? [], (h) => parseInt(h, 16));
const toHex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');

interface SFrameVectors {
  header: { kid: number | bigint; ctr: number | bigint; encoded: string }[];
  sframe: { cipher_suite: number; kid: number; ctr: number; base_key: string; sframe_key: string; sframe_salt: string; metadata: string; pt: string; ct: string }[];
}

/** The published files write integers beyond 2^53, which JSON.parse would round. */
function parseVectors(text: string): SFrameVectors {
  const exact = text.replace(/"(kid|ctr)":\s*(\d+)/g, '"$1": "$2"');
  return JSON.parse(exact, (key, value: unknown) => (key === 'kid' || key === 'ctr' ? BigInt(value as string) : value)) as SFrameVectors;
}

const builtIn: SFrameVectors = {
  header: [
    { kid: 0n, ctr: 0n, encoded: '00' },
    { kid: 0n, ctr: 1n, encoded: '01' },
    { kid: 0n, ctr: 255n, encoded: '08ff' },
    { kid: 0n, ctr: 65536n, encoded: '0a010000' },
    { kid: 1n, ctr: 1n, encoded: '11' },
    { kid: 255n, ctr: 16777215n, encoded: '8affffffff' },
    { kid: 65536n, ctr: 72057594037927936n, encoded: 'af0100000100000000000000' },
    { kid: 1099511627776n, ctr: 281474976710656n, encoded: 'de01000000000001000000000000' },
    { kid: 18446744073709551615n, ctr: 18446744073709551615n, encoded: 'ffffffffffffffffffffffffffffffffff' },
  ],
  sframe: [
    {
      cipher_suite: 4,
      kid: 291,
      ctr: 17767,
      base_key: '000102030405060708090a0b0c0d0e0f',
      sframe_key: 'd34f547f4ca4f9a7447006fe7fcbf768',
      sframe_salt: '75234edefe07819026751816',
      metadata: '4945544620534672616d65205747',
      pt: '64726166742d696574662d736672616d652d656e63',
      ct: '9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb',
    },
    {
      cipher_suite: 5,
      kid: 291,
      ctr: 17767,
      base_key: '000102030405060708090a0b0c0d0e0f',
      sframe_key: 'd3e27b0d4a5ae9e55df01a70e6d4d28d969b246e2936f4b7a5d9b494da6b9633',
      sframe_salt: '84991c167b8cd23c93708ec7',
      metadata: '4945544620534672616d65205747',
      pt: '64726166742d696574662d736672616d652d656e63',
      ct: '990123456794f509d36e9beacb0e261d99c7d1e972f1fed787d4049f17ca21353c1cc24d56ceabced279',
    },
  ],
};
const folder = process.env['PARLOUR_VECTORS'];
const vectors = folder ? parseVectors(readFileSync(`${folder}/sframe/test-vectors.json`, 'utf8')) : builtIn;

describe('SFrame vectors of RFC 9605 (e2ee 3)', () => {
  it(`encodes and decodes all ${vectors.header.length} headers`, () => {
    for (const { kid, ctr, encoded } of vectors.header) {
      expect(toHex(encodeHeader(BigInt(kid), BigInt(ctr)))).toBe(encoded);
      expect(decodeHeader(hex(encoded))).toEqual({ kid: BigInt(kid), ctr: BigInt(ctr), length: encoded.length / 2 });
    }
  });

  for (const vector of vectors.sframe.filter((v) => v.cipher_suite === 4 || v.cipher_suite === 5)) {
    it(`derives, seals and opens with suite ${vector.cipher_suite}`, async () => {
      const kid = BigInt(vector.kid);
      const key = await deriveFrameKey(hex(vector.base_key), kid, vector.cipher_suite as 4 | 5, true);
      expect(toHex(new Uint8Array(await crypto.subtle.exportKey('raw', key.key)))).toBe(vector.sframe_key);
      expect(toHex(key.salt)).toBe(vector.sframe_salt);
      const frame = await encryptFrame(key, kid, BigInt(vector.ctr), hex(vector.metadata), hex(vector.pt));
      expect(toHex(frame)).toBe(vector.ct);
      const opened = await decryptFrame(key, decodeHeader(frame)!, hex(vector.metadata), frame);
      expect(toHex(new Uint8Array(opened!))).toBe(vector.pt);
    });
  }

  it('refuses headers that are longer than needed or cut', () => {
    // KID 1 and CTR 1 in a byte of their own, a leading zero byte, and missing bytes.
    for (const bad of ['8001', '0801', '990001' + '0001', '9901', '']) expect(decodeHeader(hex(bad))).toBeNull();
  });
});

describe('HPKE vectors of RFC 9180 (e2ee 3)', () => {
  const skE = '4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb';
  const pkE = '04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4';
  const skR = 'f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2';
  const pkR = '04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0';
  const info = hex('4f6465206f6e2061204772656369616e2055726e');
  const aad = hex('436f756e742d30');
  const plaintext = hex('4265617574792069732074727574682c20747275746820626561757479');

  async function keyPair(secret: string, point: string): Promise<{ secretKey: CryptoKey; point: Bytes }> {
    const raw = hex(point);
    const jwk = { kty: 'EC', crv: 'P-256', d: base64url(hex(secret)), x: base64url(raw.slice(1, 33)), y: base64url(raw.slice(33)) };
    const secretKey = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
    return { secretKey, point: raw };
  }

  it.each([
    // A.3.1, and the same keys under AES-256-GCM (checked against an independent implementation).
    ['AES-128-GCM', aes128Gcm, '5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434'],
    ['AES-256-GCM', aes256Gcm, '518c46e6810fbc55362f7d5995b0f54339d93664ca44e5c74d0f289c4f7983b4781b193de04ad3319f177244de'],
  ] as const)('seals and opens with %s', async (_, aead, expected) => {
    const sealed = await sealWith(await keyPair(skE, pkE), hex(pkR), info, aad, plaintext, aead);
    expect(toHex(sealed!.enc)).toBe(pkE);
    expect(toHex(sealed!.ct)).toBe(expected);
    expect(toHex((await open(await keyPair(skR, pkR), sealed!.enc, info, aad, sealed!.ct, aead))!)).toBe(toHex(plaintext));
  });

  it('refuses a changed byte anywhere, and points that are not on the curve', async () => {
    const recipient = await generateKem();
    const sealed = (await seal(recipient.point, info, aad, plaintext))!;
    expect(toHex((await open(recipient, sealed.enc, info, aad, sealed.ct))!)).toBe(toHex(plaintext));
    const flip = (bytes: Bytes, at: number): Bytes => bytes.map((b, i) => (i === at ? b ^ 1 : b)) as Bytes;
    expect(await open(recipient, flip(sealed.enc, 40), info, aad, sealed.ct)).toBeNull();
    expect(await open(recipient, sealed.enc, flip(info, 0), aad, sealed.ct)).toBeNull();
    expect(await open(recipient, sealed.enc, info, flip(aad, 0), sealed.ct)).toBeNull();
    expect(await open(recipient, sealed.enc, info, aad, flip(sealed.ct, 3))).toBeNull();
    expect(await open(await generateKem(), sealed.enc, info, aad, sealed.ct)).toBeNull();
    expect(await seal(flip(recipient.point, 40), info, aad, plaintext)).toBeNull();
  });
});

describe('codec shim', () => {
  it('is one of two constants, picked by the key bit', () => {
    expect(toHex(shimFor(true))).toBe('1000009d012a00000000');
    expect(toHex(shimFor(false))).toBe('11');
    const key = stripShim(addShim(shimFor(true), hex('aabb')))!;
    expect([key.keyFrame, toHex(key.sframe)]).toEqual([true, 'aabb']);
    const delta = stripShim(addShim(shimFor(false), hex('aabb')))!;
    expect([delta.keyFrame, toHex(delta.sframe)]).toEqual([false, 'aabb']);
  });

  it('refuses every other start', () => {
    for (const bad of ['12aabb', '13', '10', '1000009d012a00000001aabb', '1000009d012a40014001aabb', '50aabbccddeeff001122']) {
      expect(stripShim(hex(bad))).toBeNull();
    }
  });
});

describe('replay window', () => {
  it('takes each counter once, in any order within 1,024', () => {
    const window = new ReplayWindow();
    for (const ctr of [5, 3, 4, 1030]) {
      expect(window.fresh(ctr)).toBe(true);
      window.mark(ctr);
      expect(window.fresh(ctr)).toBe(false);
    }
    expect(window.fresh(6)).toBe(false); // 1,024 behind the newest
    expect(window.fresh(7)).toBe(true);
    window.mark(1_000_000);
    expect(window.fresh(1030)).toBe(false);
    expect(window.fresh(999_999)).toBe(true);
  });
});

describe('key ids', () => {
  it('split only into what the protocol allows', () => {
    expect(splitKid(BigInt(kidOf(4095, 254, 2)))).toEqual({ epoch: 4095, idx: 254, slot: 2 });
    expect(kidOf(1, 2, 1)).toBe(4096 + 33);
    for (const bad of [kidOf(1, 255, 0), kidOf(0, 1, 0), kidOf(1, 1, 0) + 3, kidOf(4096, 0, 0)]) expect(splitKid(BigInt(bad))).toBeNull();
  });
});

/** Virtual time: tasks run when `pass` reaches them. */
class TestClock implements Clock {
  private now_ = 0;
  private tasks_: { at: number; task: () => void }[] = [];
  now(): number {
    return this.now_;
  }
  later(ms: number, task: () => void): void {
    this.tasks_.push({ at: this.now_ + ms, task });
  }
  async pass(ms: number): Promise<void> {
    this.now_ += ms;
    const due = this.tasks_.filter((t) => t.at <= this.now_);
    this.tasks_ = this.tasks_.filter((t) => t.at > this.now_);
    for (const { task } of due) task();
    await settle();
  }
}
/** WebCrypto answers from other threads: a few turns of the loop. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 15));

const call = base64url(random(16));
const keyFrame = concat(hex('10'), random(60));
const deltaFrame = concat(hex('11'), random(60));

class Endpoint {
  readonly clock = new TestClock();
  readonly keyring = new Keyring(this.clock);
  readonly sealer = new Sealer(this.keyring, this.clock, () => undefined);
  readonly unknown: number[] = [];
  readonly missing: number[] = [];
  readonly opener = new Opener(this.keyring, this.clock, {
    unknownEpoch: (epoch) => this.unknown.push(epoch),
    missing: (_, idx) => this.missing.push(idx),
  });
  kem = '';
}

async function pair(): Promise<[Endpoint, Endpoint]> {
  const both: [Endpoint, Endpoint] = [new Endpoint(), new Endpoint()];
  for (const e of both) e.kem = await e.keyring.init();
  return both;
}

async function announce(epoch: number, a: Endpoint, b: Endpoint, roster = base64url(random(32))) {
  const ofA = await a.keyring.announce({ call, epoch, roster, self: 0, recipients: [{ idx: 1, kem: b.kem, kinds: [1, 2] }] });
  const ofB = await b.keyring.announce({ call, epoch, roster, self: 1, recipients: [{ idx: 0, kem: a.kem, kinds: [1, 2] }] });
  return { fromA: { epoch, roster, from: 0, ...ofA }, fromB: { epoch, roster, from: 1, ...ofB } };
}

describe('keys and frames', () => {
  it('carries audio and video from one endpoint to the other', async () => {
    const [a, b] = await pair();
    const { fromA } = await announce(1, a, b);
    const accepted = await b.keyring.accept(fromA);
    expect(accepted).toEqual({
      refused: null,
      have: [
        { idx: 0, k: 1, commit: fromA.commits.a },
        { idx: 0, k: 2, commit: fromA.commits.v },
      ],
    });
    expect(await a.sealer.activate(1)).toEqual([]);
    for (const [slot, frame] of [[0, deltaFrame], [1, keyFrame], [1, deltaFrame], [2, keyFrame]] as const) {
      const sealed = (await a.sealer.seal(slot, '1', frame))!;
      const opened = await b.opener.open(slot === 0 ? 'audio' : 'video', sealed);
      expect(opened).toMatchObject({ ok: true, epoch: 1, idx: 0, slot });
      // Sound comes padded: what it holds is in opus_padding.test.ts.
      const padding = new OpusPadding();
      const expected = slot === 0 ? padding.pad(frame, opened.ok ? opened.data.byteLength - padding.target : 0) : frame;
      expect(opened.ok && toHex(new Uint8Array(opened.data))).toBe(toHex(expected));
    }
    expect(a.keyring.lastCounters(1)).toEqual([
      { kid: kidOf(1, 0, 0), ctr: 0 },
      { kid: kidOf(1, 0, 1), ctr: 1 },
      { kid: kidOf(1, 0, 2), ctr: 0 },
    ]);
  });

  it('fault I2: one ciphertext length a sender, muted or speaking, from the first counter to those of four bytes', async () => {
    const [a, b] = await pair();
    await b.keyring.accept((await announce(1, a, b)).fromA);
    await a.sealer.activate(1);
    const lengths = new Set<number>();
    const muted = new Uint8Array([0x78, 0xff, 0xfe]);
    const speaking = (n: number): Bytes => concat(hex('78'), random(n));
    for (let i = 0; i < 300; i++) {
      const sealed = (await a.sealer.seal(0, '1', i % 2 === 0 ? muted : speaking(38 + (i % 57))))!;
      lengths.add(sealed.length);
      expect(await b.opener.open('audio', sealed)).toMatchObject({ ok: true });
    }
    const counters = a.keyring as unknown as { takeCounter: (kid: number) => number | null };
    for (const counter of [65_535, 65_536, 2 ** 24, 2 ** 32 - 1]) {
      counters.takeCounter = () => counter;
      lengths.add((await a.sealer.seal(0, '1', muted))!.length);
    }
    expect([...lengths]).toEqual([8 + 128 + 16]);
  });

  it('fault I2: an empty sound frame holds nothing, takes no counter and is not sent', async () => {
    const [a, b] = await pair();
    await b.keyring.accept((await announce(1, a, b)).fromA);
    await a.sealer.activate(1);
    expect(await a.sealer.seal(0, '1', new Uint8Array(0))).toBeNull();
    expect(a.keyring.lastCounters(1)).toEqual([]);
    expect(a.sealer.sent).toBe(0);
  });

  it('e2ee 06: one flipped bit in shim, header, ciphertext or tag is rejected', async () => {
    const [a, b] = await pair();
    await b.keyring.accept((await announce(1, a, b)).fromA);
    await a.sealer.activate(1);
    for (const frame of [keyFrame, deltaFrame]) {
      const sealed = (await a.sealer.seal(1, '1', frame))!;
      for (let at = 0; at < sealed.length; at++) {
        const bad = sealed.slice();
        bad[at]! ^= 0x02;
        expect(await b.opener.open('video', bad)).toMatchObject({ ok: false });
      }
      // The other constant shim on the same ciphertext: the shim is authenticated.
      const { sframe } = stripShim(sealed)!;
      expect(await b.opener.open('video', addShim(shimFor(frame === deltaFrame), sframe))).toEqual({ ok: false, reason: 'auth' });
      expect(await b.opener.open('video', sealed)).toMatchObject({ ok: true });
    }
  });

  it('e2ee 07: a replayed frame is dropped, in the same and in a later epoch', async () => {
    const [a, b] = await pair();
    await b.keyring.accept((await announce(1, a, b)).fromA);
    await a.sealer.activate(1);
    const sealed = (await a.sealer.seal(0, '', deltaFrame))!;
    expect(await b.opener.open('audio', sealed)).toMatchObject({ ok: true });
    expect(await b.opener.open('audio', sealed)).toEqual({ ok: false, reason: 'replay' });
    await b.keyring.accept((await announce(2, a, b)).fromA);
    expect(await b.opener.open('audio', sealed)).toEqual({ ok: false, reason: 'replay' });
    b.keyring.retire(0, 2);
    await b.clock.pass(oldKeysMs);
    expect(await b.opener.open('audio', sealed)).toEqual({ ok: false, reason: 'old' });
  });

  it('e2ee 07: counters go on when the connection is rebuilt inside an epoch', async () => {
    const [a, b] = await pair();
    await b.keyring.accept((await announce(1, a, b)).fromA);
    await a.sealer.activate(1);
    const headers = new Set<string>();
    // Two transforms of the same slot, as before and after a rebuild; new SSRC.
    for (const source of ['1', '2', '1', '2']) {
      const { sframe } = stripShim((await a.sealer.seal(1, source, deltaFrame))!)!;
      const header = decodeHeader(sframe)!;
      headers.add(`${header.kid}/${header.ctr}`);
    }
    expect(headers.size).toBe(4);
  });

  it('e2ee 12: a wrap that holds another key than its commit is refused', async () => {
    const [a, b] = await pair();
    const first = await announce(1, a, b);
    const { fromA } = await announce(2, a, b, base64url(random(32)));
    // The wrap of another epoch, and a commit of another key: the commit is additional data and is checked again.
    expect((await b.keyring.accept({ ...fromA, wraps: first.fromA.wraps })).refused).toBe('wrap');
    expect((await b.keyring.accept({ ...fromA, commits: { a: fromA.commits.v, v: fromA.commits.a, d: null } })).refused).toBe('wrap');
    expect((await b.keyring.accept({ ...fromA, from: 7 })).refused).toBe('from');
    // A well-formed wrap of a wrong key under the right commit: it opens, but is not what was committed to.
    const context = { call: fromBase64url(call)!, epoch: 2, roster: fromBase64url(fromA.roster)! };
    const sealed = (await seal(fromBase64url(b.kem)!, wrapInfo(context, 0, 1, 2), fromBase64url(fromA.commits.v)!, random(32)))!;
    const wraps = fromA.wraps.map((w) => (w.k === 2 ? { ...w, enc: base64url(sealed.enc), ct: base64url(sealed.ct) } : w));
    expect((await b.keyring.accept({ ...fromA, wraps })).refused).toBe('commit');
    expect((await b.keyring.accept(fromA)).refused).toBeNull();
  });

  it('e2ee 15: a leaver opens nothing after the switch, a joiner nothing from before', async () => {
    const [a, b] = await pair();
    const joiner = new Endpoint();
    joiner.kem = await joiner.keyring.init();
    await b.keyring.accept((await announce(1, a, b)).fromA);
    await a.sealer.activate(1);
    const before = (await a.sealer.seal(0, '', deltaFrame))!;
    // Epoch 2: b is out, the joiner is in.
    const roster = base64url(random(32));
    const own = await a.keyring.announce({ call, epoch: 2, roster, self: 0, recipients: [{ idx: 2, kem: joiner.kem, kinds: [1, 2] }] });
    await joiner.keyring.announce({ call, epoch: 2, roster, self: 2, recipients: [{ idx: 0, kem: a.kem, kinds: [1, 2] }] });
    expect((await joiner.keyring.accept({ epoch: 2, roster, from: 0, ...own })).refused).toBeNull();
    expect((await b.keyring.accept({ epoch: 2, roster, from: 0, ...own })).refused).toBe('epoch');
    await a.sealer.activate(2);
    const after = (await a.sealer.seal(0, '', deltaFrame))!;
    expect(await b.opener.open('audio', after)).toMatchObject({ ok: false });
    expect(await joiner.opener.open('audio', before)).toMatchObject({ ok: false });
    expect(await joiner.opener.open('audio', after)).toMatchObject({ ok: true });
  });

  it('e2ee 17: a key that comes 1 s late holds the frames; one that never comes lets them go after 2 s', async () => {
    const [a, b] = await pair();
    const { fromA, fromB } = await announce(1, a, b);
    await a.sealer.activate(1);
    const sealed = (await a.sealer.seal(0, '', deltaFrame))!;
    let outcome: unknown = null;
    void b.opener.open('audio', sealed).then((o) => (outcome = o));
    await b.clock.pass(1000);
    expect(outcome).toBeNull();
    await b.keyring.accept(fromA);
    await settle();
    expect(outcome).toMatchObject({ ok: true });

    await b.sealer.activate(1);
    const unopened = (await b.sealer.seal(0, '', deltaFrame))!;
    let second: unknown = null;
    void a.opener.open('audio', unopened).then((o) => (second = o));
    await a.clock.pass(holdMs);
    expect(second).toEqual({ ok: false, reason: 'no_key' });
    expect(a.missing).toEqual([1]);
    // From now on nothing is held: the frames behind it must not queue up.
    expect(await a.opener.open('audio', unopened)).toEqual({ ok: false, reason: 'no_key' });
    await a.keyring.accept(fromB);
    expect(await a.opener.open('audio', unopened)).toMatchObject({ ok: true });
  });

  it('e2ee 09: frames of an epoch that no Roster announced, of strangers and of oneself are not opened', async () => {
    const [a, b] = await pair();
    await b.keyring.accept((await announce(1, a, b)).fromA);
    await a.sealer.activate(1);
    const forged = (kid: number): Promise<Bytes> => deriveFrameKey(random(32), BigInt(kid)).then((key) => encryptFrame(key, BigInt(kid), 0n, new Uint8Array(0), deltaFrame));
    expect(await b.opener.open('audio', await forged(kidOf(5, 0, 0)))).toEqual({ ok: false, reason: 'stranger' });
    expect(b.unknown).toEqual([5]);
    expect(await b.opener.open('audio', await forged(kidOf(1, 9, 0)))).toEqual({ ok: false, reason: 'stranger' });
    expect(await b.opener.open('audio', await forged(kidOf(1, 1, 0)))).toEqual({ ok: false, reason: 'stranger' });
    // Sound in a picture stream and the other way round.
    expect(await b.opener.open('video', addShim(shimFor(false), await forged(kidOf(1, 0, 0))))).toEqual({ ok: false, reason: 'slot' });
    expect(await b.opener.open('audio', await forged(kidOf(1, 0, 1)))).toEqual({ ok: false, reason: 'slot' });
    expect(await b.opener.open('audio', new Uint8Array(0))).toEqual({ ok: false, reason: 'empty' });
  });

  it('a frame without an active key waits and is encrypted afterwards', async () => {
    const [a, b] = await pair();
    await b.keyring.accept((await announce(1, a, b)).fromA);
    let sealed: Bytes | null = null;
    void a.sealer.seal(0, '', deltaFrame).then((s) => (sealed = s));
    await a.clock.pass(5000);
    expect(sealed).toBeNull();
    await a.sealer.activate(1);
    await settle();
    expect(await b.opener.open('audio', sealed!)).toMatchObject({ ok: true });
  });

  it('nothing is encrypted after halt, and waiting frames go nowhere', async () => {
    const [a, b] = await pair();
    await announce(1, a, b);
    const waiting = a.sealer.seal(0, '', deltaFrame);
    a.keyring.halt();
    a.sealer.wake();
    expect(await waiting).toBeNull();
    expect(await a.sealer.seal(1, '', keyFrame)).toBeNull();
  });
});

describe('switch of epochs', () => {
  const epochOf = (sealed: Bytes | null, video: boolean): number =>
    splitKid(decodeHeader(video ? stripShim(sealed!)!.sframe : sealed!)!.kid)!.epoch;

  async function inEpochOne(): Promise<Endpoint> {
    const [a, b] = await pair();
    await announce(1, a, b);
    await announce(2, a, b);
    await a.sealer.activate(1);
    await a.sealer.seal(0, '', deltaFrame);
    await a.sealer.seal(1, 'x', keyFrame);
    await a.sealer.seal(1, 'y', keyFrame);
    return a;
  }

  it('audio switches at once, video at its key frame, each SSRC for itself', async () => {
    const a = await inEpochOne();
    let last: unknown = null;
    void a.sealer.activate(2).then((l) => (last = l));
    expect(epochOf(await a.sealer.seal(0, '', deltaFrame), false)).toBe(2);
    expect(epochOf(await a.sealer.seal(1, 'x', deltaFrame), true)).toBe(1);
    expect(epochOf(await a.sealer.seal(1, 'x', keyFrame), true)).toBe(2);
    expect(epochOf(await a.sealer.seal(1, 'y', deltaFrame), true)).toBe(1);
    expect(last).toBeNull();
    expect(epochOf(await a.sealer.seal(1, 'y', keyFrame), true)).toBe(2);
    await settle();
    expect(last).toEqual([
      { kid: kidOf(1, 0, 0), ctr: 0 },
      { kid: kidOf(1, 0, 1), ctr: 3 },
    ]);
  });

  it('video switches after 500 ms even without a key frame', async () => {
    const a = await inEpochOne();
    let last: unknown = null;
    void a.sealer.activate(2).then((l) => (last = l));
    await a.clock.pass(switchMs - 100);
    expect(epochOf(await a.sealer.seal(1, 'x', deltaFrame), true)).toBe(1);
    expect(last).toBeNull();
    await a.clock.pass(100);
    expect(epochOf(await a.sealer.seal(1, 'x', deltaFrame), true)).toBe(2);
    expect(last).not.toBeNull();
  });

  it('own old keys are gone 2 s after the switch, and an epoch never comes back', async () => {
    const a = await inEpochOne();
    const switching = a.sealer.activate(2);
    await a.clock.pass(switchMs);
    await switching;
    await a.clock.pass(oldKeysMs);
    expect(a.keyring.ownKey(1, 0)).toBeNull();
    expect(a.keyring.ownKey(2, 0)).not.toBeNull();
    await expect(a.sealer.activate(1)).rejects.toThrow('epoch');
    await expect(a.sealer.activate(3)).rejects.toThrow('epoch');
  });
});

describe('the worker as a whole', () => {
  function worker() {
    const port = new TestWorker();
    const events: WorkerMessage[] = [];
    port.addEventListener('message', (event: MessageEvent<WorkerMessage>) => events.push(event.data));
    let id = 0;
    const ask = async (message: object): Promise<unknown> => {
      const own = ++id;
      port.postMessage({ ...message, id: own } as PageMessage);
      for (;;) {
        await settle();
        const answer = events.find((e) => (e.type === 'done' || e.type === 'failed') && e.id === own);
        if (answer) return answer;
      }
    };
    return { port, events, ask };
  }

  it('the probe of the self-test tells own frames from plaintext', async () => {
    const { port, events, ask } = worker();
    await ask({ type: 'init' });
    await ask({ type: 'announce', call, epoch: 1, roster: base64url(random(32)), self: 0, recipients: [] });
    port.attach({ direction: 'send', stream: 's', slot: 1 });
    port.attach({ direction: 'probe', stream: 'p', kind: 'video' });
    await ask({ type: 'activate', epoch: 1 });
    port.feed('s', keyFrame);
    await settle();
    port.feed('p', port.out.get('s')![0]!);
    port.feed('p', keyFrame);
    port.feed('p', deltaFrame);
    port.feed('p', new Uint8Array(0));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(events.filter((e) => e.type === 'counts').at(-1)).toMatchObject({ counts: { sent: 1, opened: 1, foreign: 2 } });
  });

  it('asks for a key frame at most every 300 ms after damaged frames, and never passes them on', async () => {
    const [a, b] = [worker(), worker()];
    const kemOf = async (w: typeof a): Promise<string> => ((await w.ask({ type: 'init' })) as { value: { kem: string } }).value.kem;
    const [kemA, kemB] = [await kemOf(a), await kemOf(b)];
    const roster = base64url(random(32));
    const made = (await a.ask({ type: 'announce', call, epoch: 1, roster, self: 0, recipients: [{ idx: 1, kem: kemB, kinds: [1, 2] }] })) as { value: object };
    await b.ask({ type: 'announce', call, epoch: 1, roster, self: 1, recipients: [{ idx: 0, kem: kemA, kinds: [1, 2] }] });
    await b.ask({ type: 'accept', senderKey: { epoch: 1, roster, from: 0, ...made.value } });
    a.port.attach({ direction: 'send', stream: 's', slot: 1 });
    let asked = 0;
    const input = new TransformStream();
    const shown: unknown[] = [];
    b.port.core.attach({
      readable: input.readable,
      writable: new WritableStream({ write: (frame) => void shown.push(frame) }),
      options: { direction: 'receive', stream: 'r', kind: 'video' },
      sendKeyFrameRequest: async () => void asked++,
    });
    const writer = input.writable.getWriter();
    await a.ask({ type: 'activate', epoch: 1 });
    for (let i = 0; i < 5; i++) {
      a.port.feed('s', deltaFrame);
      await settle();
      const bad = a.port.out.get('s')![i]!.slice();
      bad[bad.length - 1]! ^= 1;
      await writer.write({ data: bad.buffer, getMetadata: () => ({}) });
    }
    await settle();
    expect(asked).toBe(1);
    expect(shown).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(b.events.filter((e) => e.type === 'counts').at(-1)).toMatchObject({ counts: { opened: 0, rejected: { auth: 5 } } });
  });

  it('fault I3: zero-length padding of a sound-only call is neither a gap nor an error', async () => {
    const [a, b] = [worker(), worker()];
    const kemOf = async (w: typeof a): Promise<string> => ((await w.ask({ type: 'init' })) as { value: { kem: string } }).value.kem;
    const [kemA, kemB] = [await kemOf(a), await kemOf(b)];
    const roster = base64url(random(32));
    const made = (await a.ask({ type: 'announce', call, epoch: 1, roster, self: 0, recipients: [{ idx: 1, kem: kemB, kinds: [1, 2] }] })) as { value: object };
    await b.ask({ type: 'announce', call, epoch: 1, roster, self: 1, recipients: [{ idx: 0, kem: kemA, kinds: [1, 2] }] });
    await b.ask({ type: 'accept', senderKey: { epoch: 1, roster, from: 0, ...made.value } });
    a.port.attach({ direction: 'send', stream: 's', slot: 0 });
    b.port.attach({ direction: 'receive', stream: 'r', kind: 'audio' });
    await a.ask({ type: 'activate', epoch: 1 });
    const sound = concat(hex('78'), random(59));
    for (let i = 0; i < 4; i++) {
      a.port.feed('s', sound);
      await settle();
      b.port.feed('r', a.port.out.get('s')![i]!.slice());
      // Probes that nobody sent: browsers hand them to the transform as empty frames.
      b.port.feed('r', new Uint8Array(0));
      await settle();
    }
    await new Promise((resolve) => setTimeout(resolve, 600));
    const rejected = { auth: 0, replay: 0, shim: 0, key_bit: 0, header: 0, slot: 0, stranger: 0, old: 0, no_key: 0 };
    expect(b.events.filter((e) => e.type === 'counts').at(-1)).toMatchObject({ counts: { opened: 4, foreign: 0, rejected } });
    expect(b.port.out.get('r')!.length).toBe(4);
  });

  it('e2ee 08: streams that the server swaps in mid-call keep the names of those who encrypted them', async () => {
    const [a, b, viewer] = [worker(), worker(), worker()];
    const kemOf = async (w: typeof a): Promise<string> => ((await w.ask({ type: 'init' })) as { value: { kem: string } }).value.kem;
    const kems = [await kemOf(a), await kemOf(b), await kemOf(viewer)];
    const roster = base64url(random(32));
    const announce = async (w: typeof a, self: number): Promise<object> => {
      const recipients = [0, 1, 2].filter((idx) => idx !== self).map((idx) => ({ idx, kem: kems[idx], kinds: [1, 2] }));
      return ((await w.ask({ type: 'announce', call, epoch: 1, roster, self, recipients })) as { value: object }).value;
    };
    const made = [await announce(a, 0), await announce(b, 1)];
    await announce(viewer, 2);
    for (const from of [0, 1]) await viewer.ask({ type: 'accept', senderKey: { epoch: 1, roster, from, ...made[from] } });
    for (const sender of [a, b]) {
      sender.port.attach({ direction: 'send', stream: 's', slot: 1 });
      await sender.ask({ type: 'activate', epoch: 1 });
      for (let i = 0; i < 3; i++) sender.port.feed('s', i === 0 ? keyFrame : deltaFrame);
    }
    await settle();
    const [fromA, fromB] = [a.port.out.get('s')!, b.port.out.get('s')!];
    for (const stream of ['first', 'second']) viewer.port.attach({ direction: 'receive', stream, kind: 'video' });
    const labels = (): unknown[] => viewer.events.filter((e) => e.type === 'label').map((e) => [e.stream, e.idx]);
    const give = async (first: Uint8Array, second: Uint8Array): Promise<void> => {
      viewer.port.feed('first', first);
      viewer.port.feed('second', second);
      for (let i = 0; i < 5; i++) await settle();
    };
    await give(fromA[0]!, fromB[0]!);
    expect(labels().sort()).toEqual([['first', 0], ['second', 1]]);
    await give(fromB[1]!, fromA[1]!);
    expect(labels().slice(2).sort()).toEqual([['first', 1], ['second', 0]]);
  });

  it('nothing is encrypted after the final counters were asked for, until a new call begins', async () => {
    const { port, ask } = worker();
    await ask({ type: 'init' });
    await ask({ type: 'announce', call, epoch: 1, roster: base64url(random(32)), self: 0, recipients: [] });
    port.attach({ direction: 'send', stream: 's', slot: 0 });
    await ask({ type: 'activate', epoch: 1 });
    port.feed('s', deltaFrame);
    await settle();
    expect(await ask({ type: 'counters', epoch: 1, final: true })).toMatchObject({ value: { last: [{ kid: kidOf(1, 0, 0), ctr: 0 }] } });
    port.feed('s', deltaFrame);
    await settle();
    expect(port.out.get('s')).toHaveLength(1);
    expect(await ask({ type: 'counters', epoch: 1, final: false })).toMatchObject({ value: { last: [{ ctr: 0 }] } });
  });

  it('after reset the old call\'s keys are gone, and a new call starts at epoch 1 with fresh keys', async () => {
    const { port, ask } = worker();
    await ask({ type: 'init' });
    const announce = { type: 'announce', call, epoch: 1, roster: base64url(random(32)), self: 0, recipients: [] };
    const first = (await ask(announce)) as { value: { commits: object } };
    await ask({ type: 'activate', epoch: 1 });
    await ask({ type: 'reset' });
    port.attach({ direction: 'send', stream: 's', slot: 0 });
    port.feed('s', deltaFrame);
    await settle();
    expect(port.out.get('s')).toEqual([]);
    await ask({ type: 'init' });
    const second = (await ask(announce)) as { value: { commits: object } };
    expect(second.value.commits).not.toEqual(first.value.commits);
    await ask({ type: 'activate', epoch: 1 });
    await settle();
    expect(port.out.get('s')).toHaveLength(1);
  });
});
