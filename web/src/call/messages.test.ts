import { describe, expect, it } from 'vitest';
import type { KindName, Roster, Signed } from '../protocol';
import { base64url, compare, concat, fromBase64url, random, sha256, u8, uint, utf8 } from './bytes';
import { Chain, checkPolicy, type PolicyFacts } from './chain';
import { securityCode } from './code';
import { readSigned, readSignedAs, sign, verifySigned, type Message } from './messages';
import { makeOrganisation, pageRoots, signingKey, typeIds, type Organisation } from './testing';

const call = base64url(random(16));
const meeting = base64url(random(16));
const withBody = (signed: Signed, text: string): Signed => ({ ...signed, b: base64url(utf8(text)) });

async function helloOf(role: number, key?: Awaited<ReturnType<typeof signingKey>>, renews: string | null = null) {
  const sig = key ?? (await signingKey());
  const ep = base64url(random(16));
  const body = { call, ep, role, name: 'N', sig: sig.point, kem: (await signingKey()).point, nonce: base64url(random(16)), iat: 1, caps: [], renews, cred: { kind: 'server' as const, proof: '' } };
  return { key: sig.key, sig, hello: await sign('Hello', ep, body, sig.key) };
}

describe('base64url', () => {
  it('round-trips and has one spelling', () => {
    for (let n = 0; n < 70; n++) {
      const bytes = random(n);
      expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      expect(fromBase64url(base64url(bytes))).toEqual(bytes);
    }
    for (const bad of ['A', 'AB', 'AAB', 'AA=', 'A+', 'A/', 'A A', 'AAAAA']) expect(fromBase64url(bad)).toBeNull();
  });
});

describe('signed messages', () => {
  it('are what JSON.stringify(JSON.parse(b)) gives back, or refused', async () => {
    const { hello } = await helloOf(2);
    const text = new TextDecoder().decode(hello.bytes);
    expect(await readSigned(hello.signed)).not.toBeNull();
    const bad = [
      text.replace('{', '{ '),
      text.replace('"iat":1', '"iat":1,"iat":1'),
      text.replace('"iat":1', '"iat":1.0'),
      text.replace('"iat":1', '"iat":1.5'),
      text.replace('"iat":1', '"iat":-0'),
      text.replace('"iat":1', '"iat":1e0'),
      text.replace('"iat":1', '"iat":9007199254740993'),
      text.replace('"iat":1', '"iat":"1"'),
      text.replace('"iat":1,', ''),
      text.replace('"iat":1', '"iat":1,"more":1'),
      text.replace('"role":2', '"role":4'),
      text.replace('"N"', '"\\u004e"'),
      text.replace('"proof":""', '"proof":"","x":0'),
      text.replace('"N"', '"\\u0007"'),
      text.replace('"N"', '"\\ud800"'),
      text.replace('"N"', `"${'é'.repeat(301)}"`),
      `${text} `,
      '[]',
      'null',
      '',
    ];
    for (const b of bad) expect(await readSigned(withBody(hello.signed, b)), b).toBeNull();
    expect(await readSigned({ ...hello.signed, b: base64url(concat(hello.bytes.subarray(0, 10), u8(0xff))) })).toBeNull();
  });

  it('have known types, four members, and a signature of 64 bytes', async () => {
    const { hello } = await helloOf(2);
    const { t, k, b, s } = hello.signed;
    for (const bad of [{ t: 'Welcome', k, b, s }, { t: 'toString', k, b, s }, { t, k, b }, { t, k, b, s, x: 1 }, { t, k, b, s: s.slice(4) }, { t, k, b: `${b}=`, s }, null, [], 'x']) {
      expect(await readSigned(bad)).toBeNull();
    }
    expect(await readSignedAs('Roster', hello.signed)).toBeNull();
  });

  it('verify under their own type, key and bytes only', async () => {
    const { hello, sig } = await helloOf(2);
    expect(await verifySigned(hello, sig.point)).toBe(true);
    expect(await verifySigned(hello, (await signingKey()).point)).toBe(false);
    expect(await verifySigned({ ...hello, t: 'Roster' } as unknown as Message<'Roster'>, sig.point)).toBe(false);
    const other = await readSigned(withBody(hello.signed, new TextDecoder().decode(hello.bytes).replace('"iat":1', '"iat":2')));
    expect(await verifySigned(other!, sig.point)).toBe(false);
    expect(await verifySigned(hello, 'AAAA')).toBe(false);
  });

  it('keep wraps and haves sorted and single', async () => {
    const { key, hello } = await helloOf(1);
    const zero = base64url(new Uint8Array(32));
    const body = { call, epoch: 1, roster: zero, from: 0, have: [{ idx: 1, k: 1 as const, commit: zero }, { idx: 1, k: 2 as const, commit: zero }] };
    await expect(sign('KeyAck', hello.body.ep, body, key)).resolves.toBeTruthy();
    await expect(sign('KeyAck', hello.body.ep, { ...body, have: [...body.have].reverse() }, key)).rejects.toThrow();
    await expect(sign('KeyAck', hello.body.ep, { ...body, have: [body.have[0]!, body.have[0]!] }, key)).rejects.toThrow();
  });
});

describe('chain', () => {
  async function scene(org: Organisation, type: 'required' | 'never') {
    const known = org.body.types.find((t) => t.type_id === typeIds[type])!;
    const facts = (await checkPolicy(org.policy, org.root.point, { ...known, type_version: known.version }, pageRoots())) as PolicyFacts;
    const agent = await helloOf(1);
    const customer = await helloOf(2);
    const chain = new Chain(call, meeting, facts, () => ({ ep: customer.hello.body.ep, sig: customer.sig.point, kem: customer.hello.body.kem, hellos: new Set([customer.hello.hash]) }));
    for (const p of [agent, customer]) expect(await chain.addHello(p.hello)).toBeNull();
    const member = (idx: number, p: typeof agent) => ({ idx, ep: p.hello.body.ep, role: p.hello.body.role, sig: p.sig.point, kem: p.hello.body.kem, hello: p.hello.hash, kinds: ['a', 'v'] as KindName[] });
    const first: Roster = {
      call,
      meeting,
      epoch: 1,
      prev: await chain.startHash(),
      type_id: known.type_id,
      type_version: known.version,
      policy: facts.message.hash,
      steward: 0,
      members: [member(0, agent), member(1, customer)],
      mode: type === 'required' ? 'recorded' : 'off',
      rec: type === 'required' ? { idx: 255, kem: org.body.rec.kem, sig: org.body.rec.sig } : null,
      reason: 'open',
      t: Date.now(),
    };
    const add = async (roster: Roster, by = agent, signer = by.hello.body.ep) => chain.addRoster(await sign('Roster', signer, roster, by.key), Date.now());
    return { chain, facts, agent, customer, first, add, member };
  }

  it('takes a good chain, and the same Roster again as known', async () => {
    const { chain, first, add } = await scene(await makeOrganisation(), 'required');
    expect(await add(first)).toBeNull();
    expect(chain.last?.roster.epoch).toBe(1);
    expect(await chain.addRoster(chain.last!.message, Date.now())).toBe('known');
    expect(await add({ ...first, epoch: 2, prev: chain.last!.hash, t: first.t + 1 })).toBeNull();
  });

  it('starts with the start hash, links by prev, and counts by one', async () => {
    const { chain, first, add } = await scene(await makeOrganisation(), 'required');
    const policy = fromBase64url(first.policy)!;
    const start = await sha256(concat(utf8('Parlour/1 start'), u8(0), fromBase64url(call)!, policy, utf8(first.type_id), uint(first.type_version, 4)));
    expect(first.prev).toBe(base64url(start));
    expect(await add({ ...first, prev: base64url(random(32)) })).toMatchObject({ check: 'roster.prev' });
    expect(await add({ ...first, epoch: 2 })).toMatchObject({ check: 'roster.epoch' });
    expect(await add(first)).toBeNull();
    expect(await add({ ...first, epoch: 2 })).toMatchObject({ check: 'roster.prev' });
    expect(await add({ ...first, epoch: 3, prev: chain.last!.hash })).toMatchObject({ check: 'roster.epoch' });
    expect(await add({ ...first, t: first.t + 1 })).toMatchObject({ check: 'roster.fork' });
  });

  it('e2ee 09: only the steward of the Roster before signs; a customer never is one', async () => {
    const { chain, first, add, customer, agent, member } = await scene(await makeOrganisation(), 'required');
    expect(await add({ ...first, steward: 1 }, customer)).toMatchObject({ check: 'roster.steward' });
    expect(await add(first, customer)).toMatchObject({ check: 'roster.signature' });
    expect(await add(first, customer, agent.hello.body.ep)).toMatchObject({ check: 'roster.signature' });
    expect(await add(first)).toBeNull();
    const second = await helloOf(1);
    await chain.addHello(second.hello);
    const next = { ...first, epoch: 2, prev: chain.last!.hash, members: [...first.members, member(2, second)], steward: 2 };
    expect(await add(next, second)).toMatchObject({ check: 'roster.signature' });
    // Handed over by the one who holds it: from then on the other signs.
    expect(await add(next)).toBeNull();
    const third = { ...next, epoch: 3, prev: chain.last!.hash };
    expect(await add(third)).toMatchObject({ check: 'roster.signature' });
    expect(await add(third, second)).toBeNull();
  });

  it('a steward who reloaded signs with the old key as the new endpoint', async () => {
    const { chain, first, add, agent, member, customer } = await scene(await makeOrganisation(), 'required');
    expect(await add(first)).toBeNull();
    const again = await helloOf(1, agent.sig, agent.hello.body.ep);
    await chain.addHello(again.hello);
    const next = { ...first, epoch: 2, prev: chain.last!.hash, steward: 2, members: [member(1, customer), member(2, again)] };
    expect(await add(next, again)).toBeNull();
  });

  it('members: proven Hellos, each once, idx never used again, nobody changed', async () => {
    const { chain, first, add, agent, customer, member } = await scene(await makeOrganisation(), 'required');
    const stranger = await helloOf(2);
    expect(await add({ ...first, members: [...first.members, member(2, stranger)] })).toMatchObject({ check: 'roster.hello' });
    const kem = (await signingKey()).point;
    expect(await add({ ...first, members: [{ ...first.members[0]!, kem }, first.members[1]!] })).toMatchObject({ check: 'roster.hello' });
    expect(await add({ ...first, members: [first.members[0]!, { ...first.members[1]!, role: 1 }] })).toMatchObject({ check: 'roster.hello' });
    expect(await add({ ...first, members: [first.members[0]!, { ...member(1, agent) }] })).toMatchObject({ check: 'roster.members' });
    expect(await add(first)).toBeNull();
    await chain.addHello(stranger.hello);
    const next = { ...first, epoch: 2, prev: chain.last!.hash };
    expect(await add({ ...next, members: [member(0, agent), member(1, stranger)] })).toMatchObject({ check: 'roster.idx' });
    expect(await add({ ...next, members: [member(0, agent), member(2, customer)] })).toMatchObject({ check: 'roster.idx' });
    expect(await add({ ...next, members: [member(0, agent)] })).toBeNull();
    expect(chain.nextIdx()).toBe(2);
    // Whoever comes back gets a new number.
    const back = { ...first, epoch: 3, prev: chain.last!.hash };
    expect(await add({ ...back, members: [member(0, agent), member(1, customer)] })).toMatchObject({ check: 'roster.idx' });
    expect(await add({ ...back, members: [member(0, agent), member(2, customer)] })).toBeNull();
  });

  it('e2ee 10: our own entry is what we have sent', async () => {
    const { first, add, customer, chain } = await scene(await makeOrganisation(), 'required');
    const forged = await helloOf(2);
    const body = { ...forged.hello.body, ep: customer.hello.body.ep };
    const hello = await sign('Hello', body.ep, body, forged.key);
    expect(await chain.addHello(hello)).toBeNull();
    const me = { ...first.members[1]!, sig: body.sig, kem: body.kem, hello: hello.hash };
    expect(await add({ ...first, members: [first.members[0]!, me] })).toMatchObject({ check: 'roster.self' });
  });

  it('a Hello is signed by its own key, for this call', async () => {
    const { chain } = await scene(await makeOrganisation(), 'required');
    const a = await helloOf(2);
    const b = await helloOf(2);
    expect(await chain.addHello(await sign('Hello', a.hello.body.ep, a.hello.body, b.key))).toMatchObject({ check: 'hello.signature' });
    expect(await chain.addHello(await sign('Hello', b.hello.body.ep, a.hello.body, a.key))).toMatchObject({ check: 'hello.signer' });
    const elsewhere = { ...a.hello.body, call: base64url(random(16)) };
    expect(await chain.addHello(await sign('Hello', elsewhere.ep, elsewhere, a.key))).toMatchObject({ check: 'hello.call' });
  });

  it('e2ee 11: the recorder is the Policy\'s, within its time, exactly when the mode says recorded', async () => {
    const org = await makeOrganisation();
    const { first, add } = await scene(org, 'required');
    const rec = first.rec!;
    const other = (await signingKey()).point;
    for (const [change, check] of [
      [{ rec: { ...rec, kem: other } }, 'roster.rec'],
      [{ rec: { ...rec, sig: other } }, 'roster.rec'],
      [{ rec: null }, 'roster.mode'],
      [{ mode: 'off' as const }, 'roster.mode'],
      [{ mode: 'off' as const, rec: null }, 'roster.mode'],
      [{ t: (org.body.rec.exp + 1) * 1000 }, 'roster.rec'],
      [{ t: (org.body.rec.nbf - 1) * 1000 }, 'roster.rec'],
      [{ policy: base64url(random(32)) }, 'roster.policy'],
      [{ type_id: typeIds.never }, 'roster.type'],
      [{ mode: 'paused' as const, rec: null }, 'roster.mode'],
    ] as const) {
      expect(await add({ ...first, ...change })).toMatchObject({ check });
    }
    const never = await scene(org, 'never');
    expect(await never.add({ ...never.first, mode: 'recorded', rec })).toMatchObject({ check: 'roster.mode' });
    expect(await never.add({ ...never.first, mode: 'paused' })).toMatchObject({ check: 'roster.mode' });
    expect(await never.add(never.first)).toBeNull();
  });

  it('a pause longer than the type allows is refused', async () => {
    const { chain, first, add } = await scene(await makeOrganisation(), 'required');
    expect(await add(first)).toBeNull();
    const paused = { ...first, mode: 'paused' as const, rec: null };
    const fresh = await scene(await makeOrganisation(), 'required');
    expect(await fresh.add({ ...fresh.first, mode: 'paused', rec: null })).toMatchObject({ check: 'roster.mode' });
    expect(await add({ ...paused, epoch: 2, prev: chain.last!.hash, t: first.t })).toBeNull();
    expect(await add({ ...paused, epoch: 3, prev: chain.last!.hash, t: first.t + 61_000 })).toMatchObject({ check: 'roster.pause' });
  });

  it('e2ee 11: an older Policy is refused, and a type that differs from what the page shows', async () => {
    const org = await makeOrganisation(5);
    const type = { ...org.body.types[0]!, type_version: 3 };
    const roots = pageRoots();
    expect(await checkPolicy(org.policy, org.root.point, type, roots)).toHaveProperty('policy');
    const older = (await sign('Policy', 'root', { ...org.body, ver: 4 }, org.root.key)).signed;
    expect(await checkPolicy(older, org.root.point, type, roots)).toMatchObject({ check: 'policy.rollback' });
    expect(await checkPolicy(org.policy, (await signingKey()).point, type, roots)).toMatchObject({ check: 'policy.signature' });
    expect(await checkPolicy(org.policy, org.root.point, { ...type, record: 'never' }, roots)).toMatchObject({ check: 'policy.type' });
    expect(await checkPolicy(org.policy, org.root.point, { ...type, kinds: ['a'] }, roots)).toMatchObject({ check: 'policy.type' });
    expect(await checkPolicy(org.policy, org.root.point, { ...type, type_version: 9 }, roots)).toMatchObject({ check: 'policy.type' });
  });

  it('e2ee 11: wraps go to exactly the Roster; audio alone where the type records audio alone', async () => {
    const org = await makeOrganisation(1, (policy) => (policy.types[0]!.kinds = ['a']));
    const { chain, first, add, agent } = await scene(org, 'required');
    expect(await add(first)).toBeNull();
    const zero = base64url(new Uint8Array(32));
    const wrap = (to: number, k: 1 | 2) => ({ to, k, enc: org.root.point, ct: base64url(new Uint8Array(48)) });
    const check = async (wraps: ReturnType<typeof wrap>[]) =>
      chain.checkSenderKey(await sign('SenderKey', agent.hello.body.ep, { call, epoch: 1, roster: chain.last!.hash, from: 0, commits: { a: zero, v: zero, d: null }, wraps }, agent.key));
    expect(await check([wrap(1, 1), wrap(1, 2), wrap(255, 1)])).toBeNull();
    expect(await check([wrap(1, 1), wrap(1, 2), wrap(255, 1), wrap(255, 2)])).toMatchObject({ check: 'sender_key.wraps', detail: 'not to 255/2' });
    expect(await check([wrap(1, 1), wrap(1, 2)])).toMatchObject({ check: 'sender_key.wraps', detail: 'missing 255/1' });
    expect(await check([wrap(1, 1), wrap(255, 1)])).toMatchObject({ check: 'sender_key.wraps', detail: 'missing 1/2' });
    expect(await check([wrap(1, 1), wrap(1, 2), wrap(7, 1), wrap(255, 1)])).toMatchObject({ check: 'sender_key.wraps', detail: 'not to 7/1' });
  });
});

describe('security code', () => {
  it('is six groups of five digits, independent of the order of members, dependent on everything else', async () => {
    const [a, b] = [await helloOf(1), await helloOf(2)];
    const of = (p: typeof a) => ({ role: p.hello.body.role, sig: p.sig.point, kem: p.hello.body.kem });
    const input = { call: random(16), root: fromBase64url((await signingKey()).point)!, policy: random(32), typeId: typeIds.never, typeVersion: 1, members: [of(a), of(b)] };
    const code = await securityCode(input);
    expect(code).toHaveLength(6);
    for (const group of code) expect(group).toMatch(/^[0-9]{5}$/);
    expect(await securityCode({ ...input, members: [of(b), of(a)] })).toEqual(code);
    for (const change of [{ call: random(16) }, { policy: random(32) }, { typeVersion: 2 }, { typeId: typeIds.required }, { members: [of(a)] }, { root: fromBase64url((await signingKey()).point)! }]) {
      expect(await securityCode({ ...input, ...change })).not.toEqual(code);
    }
  });

  it('sorts members by their bytes', () => {
    expect(compare(new Uint8Array([1, 2]), new Uint8Array([1, 3]))).toBeLessThan(0);
    expect(compare(new Uint8Array([2]), new Uint8Array([1, 3]))).toBeGreaterThan(0);
    expect(compare(new Uint8Array([1]), new Uint8Array([1, 3]))).toBeLessThan(0);
  });
});
