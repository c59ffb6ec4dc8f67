// The server and the vault (src/e2ee) and this client read each other's calls. interop.json was written by C++ and is read
// here; interop_web.json is written here (PARLOUR_WRITE_INTEROP=path) and read by the C++ tests. Test keys only.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { recorderIdx, type KeyKind, type KindName, type Signed, type Slot } from '../protocol';
import { base64url, fromBase64url, random, utf8, type Bytes } from './bytes';
import { Chain, checkPolicy, type PolicyFacts } from './chain';
import { securityCode } from './code';
import { bindOf, importLinkSecret, linkMac } from './link_secret';
import { readSigned, readSignedAs, sign } from './messages';
import { makeOrganisation, pageRoots, signingKey, typeIds } from './testing';
import { open, seal } from './worker/hpke';
import { kidOf, kindOf, splitKid } from './worker/kid';
import { commitOf, wrapInfo } from './worker/senderkey';
import { decodeHeader, decryptFrame, deriveFrameKey, encryptFrame } from './worker/sframe';
import { addShim, isKeyFrame, shimFor, stripShim } from './worker/shim';

interface InteropFile {
  root: string;
  now_ms: number;
  to: number;
  /** Private scalar of the recipient `to`. */
  kem: string;
  /** The secret of the customer's link. */
  link_secret: string;
  messages: Signed[];
  keys: { k: KeyKind; key: string }[];
  code: string;
  frames: { codec: 'opus' | 'vp8'; kid: number; ctr: number; plain: string; sealed: string }[];
}

const folder = fileURLToPath(new URL('../../../src/e2ee/testdata/', import.meta.url));
const bytes = (text: string): Bytes => fromBase64url(text)!;
const noShim = new Uint8Array(0);
const macOf = async (secret: Bytes, side: 'A' | 'C', subject: Bytes): Promise<string> => base64url(await linkMac(await importLinkSecret(secret), side, subject));

async function sealFrame(codec: 'opus' | 'vp8', baseKey: Bytes, kid: number, ctr: number, plain: Bytes): Promise<Bytes> {
  const key = await deriveFrameKey(baseKey, BigInt(kid));
  if (codec === 'opus') return encryptFrame(key, BigInt(kid), BigInt(ctr), noShim, plain);
  const shim = shimFor(isKeyFrame(plain));
  return addShim(shim, await encryptFrame(key, BigInt(kid), BigInt(ctr), shim, plain));
}

async function check(file: InteropFile): Promise<void> {
  const [policySigned, ...rest] = file.messages;
  const policyMessage = (await readSignedAs('Policy', policySigned))!;
  const rosterMessage = (await Promise.all(rest.map((m) => readSigned(m)))).find((m) => m?.t === 'Roster');
  if (rosterMessage?.t !== 'Roster') throw new Error('no Roster');
  const roster = rosterMessage.body;
  const type = policyMessage.body.types.find((t) => t.type_id === roster.type_id && t.version === roster.type_version)!;
  const facts = (await checkPolicy(policySigned!, file.root, { ...type, type_version: type.version }, pageRoots())) as PolicyFacts;
  expect(facts).toHaveProperty('policy');
  const own = roster.members.find((m) => m.idx === file.to)!;
  const chain = new Chain(roster.call, roster.meeting, facts, () => ({ ep: own.ep, sig: own.sig, kem: own.kem, hellos: new Set([own.hello]) }));

  let opened = 0;
  const keys = new Map<KeyKind, Bytes>();
  const point = bytes(own.kem);
  const jwk = { kty: 'EC', crv: 'P-256', d: file.kem, x: base64url(point.slice(1, 33)), y: base64url(point.slice(33)) };
  const secretKey = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
  for (const signed of rest) {
    const message = (await readSigned(signed))!;
    expect(message, signed.t).not.toBeNull();
    if (message.t === 'Hello') {
      expect(await chain.addHello(message)).toBeNull();
      if (message.body.ep === own.ep) expect(message.body.cred).toEqual({ kind: 'link', proof: await macOf(bytes(file.link_secret), 'C', await bindOf(message.body)) });
    }
    else if (message.t === 'Roster') expect(await chain.addRoster(message, file.now_ms)).toBeNull();
    else if (message.t === 'SenderKey') {
      expect(await chain.checkSenderKey(message)).toBeNull();
      const { epoch, from, commits, wraps } = message.body;
      if (from === file.to) continue;
      const context = { call: bytes(roster.call), epoch, roster: bytes(message.body.roster) };
      for (const { k, key } of file.keys) {
        const wrap = wraps.find((w) => w.to === file.to && w.k === k)!;
        const commit = bytes(k === 1 ? commits.a : commits.v);
        const plain = await open({ secretKey, point }, bytes(wrap.enc), wrapInfo(context, from, file.to, k), commit, bytes(wrap.ct));
        expect(base64url(plain!)).toBe(key);
        expect(await commitOf(context, from, k, plain!)).toEqual(commit);
        keys.set(k, plain!);
        opened++;
      }
    } else if (message.t === 'LinkProof') {
      expect(message.body).toMatchObject({ call: roster.call, roster: chain.last!.hash, to: file.to });
      expect(await chain.verifyFrom(message, chain.last!.roster.epoch, roster.steward)).toBe(true);
      expect(message.body.mac).toBe(await macOf(bytes(file.link_secret), 'A', bytes(message.body.roster)));
    } else if (message.t !== 'Policy') expect(await chain.verifyFrom(message, message.body.epoch, message.body.from)).toBe(true);
  }
  expect(opened).toBeGreaterThan(0);

  const code = await securityCode({
    call: bytes(roster.call),
    root: facts.root,
    policy: bytes(facts.message.hash),
    typeId: roster.type_id,
    typeVersion: roster.type_version,
    members: chain.last!.roster.members,
  });
  expect(code.join(' ')).toBe(file.code);

  for (const frame of file.frames) {
    const slot = splitKid(BigInt(frame.kid))!.slot;
    const baseKey = keys.get(kindOf(slot))!;
    const sealed = bytes(frame.sealed);
    expect(base64url(await sealFrame(frame.codec, baseKey, frame.kid, frame.ctr, bytes(frame.plain)))).toBe(frame.sealed);
    const split = frame.codec === 'vp8' ? stripShim(sealed)! : { shim: noShim, sframe: sealed };
    const plain = await decryptFrame(await deriveFrameKey(baseKey, BigInt(frame.kid)), decodeHeader(split.sframe)!, split.shim, split.sframe);
    expect(base64url(new Uint8Array(plain!))).toBe(frame.plain);
  }
}

async function writeCall(): Promise<InteropFile> {
  const org = await makeOrganisation(5);
  const type = org.body.types.find((t) => t.type_id === typeIds.required)!;
  const facts = (await checkPolicy(org.policy, org.root.point, { ...type, type_version: type.version }, pageRoots())) as PolicyFacts;
  const call = base64url(random(16));
  const meeting = base64url(random(16));
  const now = Date.now();
  const secret = random(16);
  const endpoint = async (role: number, name: string) => {
    const sig = await signingKey();
    const kem = (await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])) as CryptoKeyPair;
    const point = base64url(new Uint8Array(await crypto.subtle.exportKey('raw', kem.publicKey)));
    const ep = base64url(random(16));
    const body = { call, ep, role, name, sig: sig.point, kem: point, nonce: base64url(random(16)), iat: now, caps: [], renews: null, cred: { kind: 'server' as 'server' | 'link', proof: '' } };
    if (role === 2) body.cred = { kind: 'link', proof: await macOf(secret, 'C', await bindOf(body)) };
    return { sig, point, ep, kem, scalar: (await crypto.subtle.exportKey('jwk', kem.privateKey)).d!, hello: await sign('Hello', ep, body, sig.key) };
  };
  const adviser = await endpoint(1, 'Ada Ünal "A" 🙂');
  const customer = await endpoint(2, 'C. Customer');
  const chain = new Chain(call, meeting, facts, () => ({ ep: '', sig: '', kem: '', hellos: new Set() }));
  const members = [adviser, customer].map((p, idx) => ({ idx, ep: p.ep, role: p.hello.body.role, sig: p.sig.point, kem: p.point, hello: p.hello.hash, kinds: ['a', 'v'] as KindName[] }));
  const roster = await sign(
    'Roster',
    adviser.ep,
    {
      call,
      meeting,
      epoch: 1,
      prev: await chain.startHash(),
      type_id: type.type_id,
      type_version: type.version,
      policy: facts.message.hash,
      steward: 0,
      members,
      mode: 'recorded',
      rec: { idx: recorderIdx, kem: org.body.rec.kem, sig: org.body.rec.sig },
      reason: 'open',
      t: now,
    },
    adviser.sig.key,
  );
  const context = { call: bytes(call), epoch: 1, roster: bytes(roster.hash) };
  const base = { 1: random(32), 2: random(32) };
  const commits = { 1: await commitOf(context, 0, 1, base[1]), 2: await commitOf(context, 0, 2, base[2]) };
  const wraps = [];
  for (const [to, point] of [[1, customer.point], [recorderIdx, org.body.rec.kem]] as const) {
    for (const k of [1, 2] as const) {
      const sealed = (await seal(bytes(point), wrapInfo(context, 0, to, k), commits[k], base[k]))!;
      wraps.push({ to, k, enc: base64url(sealed.enc), ct: base64url(sealed.ct) });
    }
  }
  const common = { call, epoch: 1, roster: roster.hash };
  const senderKey = { ...common, from: 0, commits: { a: base64url(commits[1]), v: base64url(commits[2]), d: null }, wraps };
  const have = ([1, 2] as const).map((k) => ({ idx: 0, k, commit: base64url(commits[k]) }));
  const messages = [
    org.policy,
    adviser.hello.signed,
    customer.hello.signed,
    roster.signed,
    (await sign('LinkProof', adviser.ep, { call, roster: roster.hash, to: 1, mac: await macOf(secret, 'A', bytes(roster.hash)) }, adviser.sig.key)).signed,
    (await sign('SenderKey', adviser.ep, senderKey, adviser.sig.key)).signed,
    (await sign('KeyAck', customer.ep, { ...common, from: 1, have }, customer.sig.key)).signed,
    (await sign('KeyAck', 'rec', { ...common, from: recorderIdx, have }, org.rec.key)).signed,
    (await sign('Activated', adviser.ep, { ...common, from: 0, slots: [kidOf(1, 0, 0), kidOf(1, 0, 1)], last: [] }, adviser.sig.key)).signed,
    (await sign('Progress', adviser.ep, { ...common, from: 0, last: [{ kid: kidOf(1, 0, 0), ctr: 499 }], final: false }, adviser.sig.key)).signed,
  ];
  const frames: InteropFile['frames'] = [];
  for (const [codec, slot, ctr, plain] of [
    ['opus', 0, 0, utf8('an Opus frame')],
    ['opus', 0, 499, random(80)],
    ['vp8', 1, 7, new Uint8Array([0x10, 2, 3, 0x9d, 1, 0x2a, 64, 1, 180, 0, 9])],
    ['vp8', 1, 8, new Uint8Array([0x31, 2, 3])],
    ['vp8', 2, 2 ** 32 - 1, new Uint8Array([0x11])],
  ] as ['opus' | 'vp8', Slot, number, Bytes][]) {
    const kid = kidOf(1, 0, slot);
    frames.push({ codec, kid, ctr, plain: base64url(plain), sealed: base64url(await sealFrame(codec, base[kindOf(slot)], kid, ctr, plain)) });
  }
  const code = await securityCode({ call: bytes(call), root: facts.root, policy: bytes(facts.message.hash), typeId: type.type_id, typeVersion: type.version, members });
  return {
    root: org.root.point,
    now_ms: now,
    to: 1,
    kem: customer.scalar,
    link_secret: base64url(secret),
    messages,
    keys: ([1, 2] as const).map((k) => ({ k, key: base64url(base[k]) })),
    code: code.join(' '),
    frames,
  };
}

describe('e2ee 03: C++ and TypeScript read each other', () => {
  it('a fresh call reads itself', async () => {
    const file = await writeCall();
    await check(file);
    const path = process.env['PARLOUR_WRITE_INTEROP'];
    if (path) writeFileSync(path, `${JSON.stringify(file)}\n`);
  });

  it.each(['interop.json', 'interop_web.json'])('%s is read', async (name) => {
    expect(existsSync(folder + name)).toBe(true);
    await check(JSON.parse(readFileSync(folder + name, 'utf8')) as InteropFile);
  });
});
