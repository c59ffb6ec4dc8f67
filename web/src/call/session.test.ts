import { afterEach, describe, expect, it, vi } from 'vitest';
import { roleNumber, type KindName, type Roster, type Signed } from '../protocol';
import { base64url, random } from './bytes';
import { checkPolicy } from './chain';
import { importLinkSecret, stewardProof } from './link_secret';
import { sign } from './messages';
import { admitted, makeOrganisation, MemoryStorage, newTab, pageRoots, person, readAs, signingKey, speak, TestServer, until, type TestPerson } from './testing';

// The same checker that the end-to-end tests use on the real server: what the test server says must be what the real one says.
const checker = new URL('../../../tests/e2e/lib/schema.mjs', import.meta.url).href;
const { signallingFaults } = (await import(/* @vite-ignore */ checker)) as { signallingFaults: (side: string, text: string) => string[] };

const people: TestPerson[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) expect(server.frames.flatMap(([side, text]) => signallingFaults(side, text))).toEqual([]);
  vi.restoreAllMocks();
  for (const p of people.splice(0)) p.session.abandon();
  for (const p of people) p.worker().terminate();
});

async function scene(type: 'required' | 'never' = 'required') {
  const server = new TestServer(await makeOrganisation(), type);
  servers.push(server);
  const agent = person(server, true, 'J. Adviser');
  const customer = person(server, false, 'C. Customer');
  people.push(agent, customer);
  return { server, agent, customer };
}

async function connected(type: 'required' | 'never' = 'required') {
  const all = await scene(type);
  await admitted(all.server, all.agent, all.customer);
  await until('keys active', () => [all.agent, all.customer].every((p) => p.session.state.encryption.epoch === 1));
  await speak(all.agent, [all.customer]);
  await speak(all.customer, [all.agent]);
  await until('both connected', () => [all.agent, all.customer].every((p) => p.session.state.phase === 'connected'));
  return all;
}

describe('a call from waiting to connected', () => {
  it('says connected only after all acknowledgements and a decrypted frame of each', async () => {
    const { server, agent, customer } = await scene();
    server.recorder = 'silent';
    await admitted(server, agent, customer);
    await until('the customer is admitted', () => customer.session.state.phase === 'admitted');
    await new Promise((resolve) => setTimeout(resolve, 200));
    // Without the recorder's acknowledgement nobody switches and nothing is carried.
    for (const p of [agent, customer]) {
      expect(p.session.state.encryption.epoch).toBe(0);
      expect(p.session.state.encryption.waitingForKeysOf).toContain(255);
      expect([...(p.peer()?.carried.values() ?? [])].filter(Boolean)).toEqual([]);
      expect(p.session.state.recording.fact).toBe('starting');
    }
  });

  it('goes through its phases and shows the same code on both sides', async () => {
    const { server, agent, customer } = await connected();
    const phases = customer.states.map((s) => s.phase).filter((p, i, all) => p !== all[i - 1]);
    // 'connecting' is passed in no time where the first frame comes together with the last acknowledgement.
    expect(phases.filter((p) => p !== 'connecting')).toEqual(['starting', 'waiting', 'admitted', 'connected']);
    await until('codes', () => agent.session.state.security.code !== null && customer.session.state.security.code !== null);
    expect(agent.session.state.security.code).toEqual(customer.session.state.security.code);
    expect(agent.session.state.security.code).toHaveLength(6);
    for (const group of agent.session.state.security.code!) expect(group).toMatch(/^\d{5}$/);
    expect(customer.session.state.members.map((m) => [m.role, m.name, m.self, m.steward])).toEqual([
      ['agent', 'J. Adviser', false, true],
      ['customer', 'C. Customer', true, false],
      ['recorder', 'Example Bank', false, false],
    ]);
    await until('both tell the server', () => server.received.filter((r) => r.message.type === 'connected').length === 2);
    expect(server.chain.filter((m) => m.t === 'Roster')).toHaveLength(1);
    expect(server.chain.filter((m) => m.t === 'Activated')).toHaveLength(2);
  });

  it('REC stands on the durable header and the recorder\'s acknowledgement, both', async () => {
    const { server, customer } = await connected();
    expect(customer.session.state.recording.fact).toBe('starting');
    server.pushAll({ type: 'recording', state: 'capturing', since: 5 });
    await until('REC', () => customer.session.state.recording.fact === 'on');
    server.pushAll({ type: 'recording', state: 'stalled', since: 6, reason: 'disk' });
    await until('REC stops', () => customer.session.state.recording.fact === 'stopped');
    expect(customer.session.state.recording.reason).toBe('disk');
    // The recorder runs and waits for somebody's keys: it has not stopped, and records nobody.
    server.pushAll({ type: 'recording', state: 'capturing', since: 7 });
    await until('REC again', () => customer.session.state.recording.fact === 'on');
    server.pushAll({ type: 'media', allowed: false, reason: 'keys_missing', ends_at: 99 });
    await until('keys are missing', () => customer.session.state.recording.fact === 'starting');
    expect(customer.session.state.recording.reason).toBe('keys_missing');
  });

  it('a Hello that changes under the click is not admitted', async () => {
    const { server, agent, customer } = await scene();
    await agent.session.start();
    await customer.session.start();
    await until('somebody waits', () => agent.session.state.waiting.some((w) => w.ep !== ''));
    const { ep } = agent.session.state.waiting[0]!;
    await expect(agent.session.admit(ep, 'another hash')).rejects.toMatchObject({ code: 'hello.changed' });
    expect(server.chain.some((m) => m.t === 'Roster')).toBe(false);
  });

  it('nothing is on an uplink before the gate has opened for the first time', async () => {
    const { server, agent, customer } = await scene();
    server.mediaAllowed = false;
    await admitted(server, agent, customer);
    await until('keys active', () => [agent, customer].every((p) => p.session.state.encryption.epoch === 1));
    const onUplinks = (): unknown[] => [agent, customer].flatMap((p) => [...(p.peer()?.carried.values() ?? [])]).filter(Boolean);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(onUplinks()).toEqual([]);
    server.pushAll({ type: 'media', allowed: true, reason: 'ok' });
    await until('both send', () => onUplinks().length >= 2);
  });

  it('media off: silence at most while the gate is closed', async () => {
    const { server, agent } = await connected();
    const track = agent.peer()!.carried.get(0) as { enabled: boolean };
    expect(track.enabled).toBe(true);
    server.pushAll({ type: 'media', allowed: false, reason: 'disk.full', ends_at: 99 });
    await until('gate closed', () => !agent.session.state.media.allowed);
    expect(track.enabled).toBe(false);
    expect(agent.session.state.media).toEqual({ allowed: false, reason: 'disk.full', endsAtMs: 99 });
    server.pushAll({ type: 'media', allowed: true, reason: 'ok' });
    await until('gate open', () => agent.session.state.media.allowed);
    expect(track.enabled).toBe(true);
  });
});

describe('changes of members', () => {
  it('a leaver makes a new epoch without it, and the code changes with a reason', async () => {
    const { server, agent, customer } = await connected();
    const before = agent.session.state.security.code;
    await customer.session.leave();
    expect(customer.session.state.ended?.reason).toBe('left');
    await until('epoch 2', () => agent.session.state.encryption.epoch === 2);
    await until('a new code', () => agent.session.state.security.code !== null && agent.session.state.security.code?.join() !== before?.join());
    expect(agent.session.state.security.codeChanges.map((c) => [c.what, c.name])).toEqual([['left', 'C. Customer']]);
    const finals = await Promise.all(server.chain.filter((m) => m.t === 'Progress').map((m) => readAs('Progress', m)));
    expect(finals.some((p) => p.body.final && p.body.from === 1)).toBe(true);
    expect(await customer.keys.load(`${server.meeting}/C. Customer`)).toBeNull();
  });

  it('e2ee 09: a second browser admitted by the steward is listed at once and changes the code on all screens', async () => {
    const { server, agent, customer } = await connected();
    await until('code', () => customer.session.state.security.code !== null);
    const before = customer.session.state.security.code!.join();
    const guest = person(server, false, 'G. Guest');
    people.push(guest);
    await guest.session.start();
    await until('the guest waits', () => agent.session.state.waiting.some((w) => w.name === 'G. Guest' && w.ep));
    const waiting = agent.session.state.waiting.find((w) => w.name === 'G. Guest')!;
    await agent.session.admit(waiting.ep, waiting.helloHash);
    await until('epoch 2 everywhere', () => [agent, customer, guest].every((p) => p.session.state.encryption.epoch === 2));
    await until('code changed', () => [agent, customer, guest].every((p) => p.session.state.security.code && p.session.state.security.code.join() !== before));
    expect(new Set([agent, customer, guest].map((p) => p.session.state.security.code!.join())).size).toBe(1);
    for (const p of [agent, customer]) {
      expect(p.session.state.members.some((m) => m.name === 'G. Guest')).toBe(true);
      expect(p.session.state.security.codeChanges.at(-1)).toMatchObject({ what: 'joined', name: 'G. Guest' });
    }
  });

  it('a reloaded customer comes back without a click, with a new endpoint and a new idx', async () => {
    const { server, agent, customer } = await connected();
    const oldEp = customer.session.state.self.ep;
    customer.session.abandon();
    customer.worker().terminate();
    const again = person(server, false, 'C. Customer', { keys: customer.keys });
    people.push(again);
    await again.session.start();
    await until('admitted again', () => again.session.state.encryption.epoch === 2);
    expect(again.session.state.self.ep).not.toBe(oldEp);
    expect(again.session.state.self.idx).toBe(2);
    expect(agent.session.state.members.map((m) => m.idx)).toEqual([0, 2, 255]);
    expect(agent.session.state.security.codeChanges.map((c) => c.what)).toEqual(['reloaded']);
  });

  it('a steward who reloads goes on with the same chain', async () => {
    const { server, agent, customer } = await connected();
    agent.session.abandon();
    agent.worker().terminate();
    const again = person(server, true, 'J. Adviser', { keys: agent.keys });
    people.push(again);
    await again.session.start();
    await until('epoch 2 on both sides', () => [again, customer].every((p) => p.session.state.encryption.epoch === 2));
    expect(again.session.state.self.steward).toBe(true);
    expect(customer.session.state.members.find((m) => m.steward)?.idx).toBe(2);
    expect(customer.session.state.problem).toBeNull();
  });

  it('a member who acknowledges nothing for 5 s is left out', async () => {
    const { server, agent, customer } = await connected();
    const guest = person(server, false, 'G. Guest');
    people.push(guest);
    await guest.session.start();
    await until('the guest waits', () => agent.session.state.waiting.some((w) => w.name === 'G. Guest' && w.ep));
    guest.worker().terminate();
    const waiting = agent.session.state.waiting.find((w) => w.name === 'G. Guest')!;
    await agent.session.admit(waiting.ep, waiting.helloHash);
    await until('epoch 3 without the guest', () => [agent, customer].every((p) => p.session.state.encryption.epoch === 3), 12_000);
    const rosters = await Promise.all(server.chain.filter((m) => m.t === 'Roster').map((m) => readAs('Roster', m)));
    expect(rosters.map((r) => [r.body.reason, r.body.members.length])).toEqual([['open', 2], ['admit', 3], ['no_ack', 2]]);
  }, 20_000);

  it('e2ee 15: after a leaver is gone the new keys are wrapped to the others only', async () => {
    const { server, agent, customer } = await connected();
    await customer.session.leave();
    await until('epoch 2', () => agent.session.state.encryption.epoch === 2);
    const keys = await Promise.all(server.chain.filter((m) => m.t === 'SenderKey').map((m) => readAs('SenderKey', m)));
    const second = keys.filter((k) => k.body.epoch === 2);
    expect(second).toHaveLength(1);
    expect(second[0]!.body.wraps.map((w) => w.to)).toEqual([255, 255]);
  });
});

describe('lost connections', () => {
  it('a lost socket resumes in the same epoch with the same endpoint', async () => {
    const { server, agent, customer } = await connected();
    const ep = customer.session.state.self.ep;
    server.cut('C. Customer');
    await until('reconnecting', () => customer.session.state.link === 'reconnecting');
    server.setState('C. Customer', 'reconnecting');
    await until('the others see it', () => agent.session.state.members.find((m) => m.role === 'customer')?.presence === 'reconnecting');
    await until('online again', () => customer.session.state.link === 'online');
    server.setState('C. Customer', 'connected');
    await until('back', () => agent.session.state.happenings.some((h) => h.what === 'back'));
    expect(customer.session.state.self.ep).toBe(ep);
    expect(customer.session.state.encryption.epoch).toBe(1);
    expect(customer.session.state.phase).toBe('connected');
  });

  it('e2ee 05: when the worker dies the page rejoins with a new endpoint by itself', async () => {
    const { agent, customer } = await connected();
    const old = { ep: customer.session.state.self.ep, worker: customer.worker() };
    customer.worker().terminate();
    await until('a new worker', () => customer.worker() !== old.worker, 15_000);
    await until('back in the call', () => customer.session.state.encryption.epoch === 2, 10_000);
    expect(customer.session.state.self.ep).not.toBe(old.ep);
    expect(agent.session.state.security.codeChanges.map((c) => c.what)).toEqual(['reloaded']);
    const frames = old.worker.out.get('up/0')!.length;
    old.worker.feed('up/0', new Uint8Array([1]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(old.worker.out.get('up/0')!.length).toBe(frames);
  }, 30_000);

  it('call.new: held customers get a new call in the same meeting, with a new code', async () => {
    const { server, agent, customer } = await connected();
    await until('code', () => customer.session.state.security.code !== null);
    const before = customer.session.state.security.code!.join();
    server.pushAll({ type: 'held', until: Date.now() + 300_000, cause: 'left' });
    await until('held', () => customer.session.state.phase === 'held');
    expect(customer.session.state.heldCause).toBe('left');
    server.pushAll({ type: 'held', until: Date.now() + 300_000 });
    await until('no cause is known', () => customer.session.state.heldCause === null);
    expect(customer.peer()!.carried.get(0)).toBeNull();
    server.newCall();
    await until('somebody waits', () => agent.session.state.waiting.some((w) => w.ep !== ''));
    const waiting = agent.session.state.waiting[0]!;
    await agent.session.admit(waiting.ep, waiting.helloHash);
    await until('keys active', () => [agent, customer].every((p) => p.session.state.encryption.epoch === 1 && p.session.state.self.idx !== null));
    await speak(agent, [customer]);
    await speak(customer, [agent]);
    await until('connected', () => [agent, customer].every((p) => p.session.state.phase === 'connected'));
    await until('new code', () => customer.session.state.security.code !== null && customer.session.state.security.code.join() !== before);
  });
});

describe('refusals: one failed check, and this browser stops sending', () => {
  async function stopped(p: TestPerson, code: string, check: string): Promise<void> {
    await until(`${code} (is ${p.session.state.problem?.code} ${p.session.state.problem?.detail})`, () => p.session.state.problem?.code === code);
    expect(p.session.state.phase).toBe('stopped');
    expect(p.session.state.problem).toMatchObject({ fatal: true });
    expect(p.session.state.problem?.detail).toContain(check);
    if (p.peer()) expect(p.peer()!.closed).toBe(true);
  }

  it('e2ee 09: a Roster that the steward has not signed stops all who see it', async () => {
    const { server, agent, customer } = await connected();
    const attacker = await signingKey();
    const last = (await readAs('Roster', server.chain.find((m) => m.t === 'Roster')!)).body;
    const { hash } = await readAs('Roster', server.chain.find((m) => m.t === 'Roster')!);
    const next: Roster = { ...last, epoch: 2, prev: hash, reason: 'admit' };
    const forged = await sign('Roster', last.members[0]!.ep, next, attacker.key);
    for (const p of [agent, customer]) await server.inject(p.participant, forged.signed);
    for (const p of [agent, customer]) await stopped(p, 'roster_refused', 'roster.signature');
    await until('the server is told', () => server.received.filter((r) => r.message.type === 'failed').length === 2);
    // Nothing leaves any more.
    const out = customer.worker().out.get('up/0')!;
    const before = out.length;
    customer.worker().feed('up/0', new Uint8Array([1, 2, 3]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(out.length).toBe(before);
  });

  it('e2ee 09: the server cannot take over as steward', async () => {
    const { server, customer } = await connected();
    const attacker = await signingKey();
    const first = await readAs('Roster', server.chain.find((m) => m.t === 'Roster')!);
    const hello = (await readAs('Hello', server.presence('J. Adviser').hello!)).body;
    const ep = hello.nonce;
    const fake = await sign('Hello', ep, { ...hello, ep, sig: attacker.point }, attacker.key);
    const member = { idx: 2, ep, role: roleNumber.agent, sig: attacker.point, kem: hello.kem, hello: fake.hash, kinds: ['a', 'v'] as KindName[] };
    const next: Roster = { ...first.body, epoch: 2, prev: first.hash, steward: 2, members: [...first.body.members, member] };
    await server.inject('C. Customer', fake.signed);
    await server.inject('C. Customer', (await sign('Roster', ep, next, attacker.key)).signed);
    await stopped(customer, 'roster_refused', 'roster.signature');
  });

  it('e2ee 10: a Hello whose key the server replaced gives another code on the other side', async () => {
    const server = new TestServer(await makeOrganisation(), 'never');
    const agent = person(server, true, 'J. Adviser');
    const customer = person(server, false, 'C. Customer');
    people.push(agent, customer);
    // The server sits between: to the customer it shows its own key in place of the adviser's, with a whole forged chain.
    const attacker = await signingKey();
    let forgedHello: Awaited<ReturnType<typeof sign<'Hello'>>> | null = null;
    server.tamper = async (m, to) => {
      if (to !== 'C. Customer') return m.t === 'SenderKey' ? [] : [m];
      if (m.t === 'Hello') {
        const hello = await readAs('Hello', m);
        if (hello.body.role !== roleNumber.agent) return [m];
        forgedHello = await sign('Hello', hello.body.ep, { ...hello.body, sig: attacker.point }, attacker.key);
        return [forgedHello.signed];
      }
      if (m.t === 'Roster') {
        const roster = await readAs('Roster', m);
        const members = roster.body.members.map((x) => (x.ep === forgedHello!.body.ep ? { ...x, sig: attacker.point, hello: forgedHello!.hash } : x));
        return [(await sign('Roster', roster.signer, { ...roster.body, members }, attacker.key)).signed];
      }
      return [];
    };
    await admitted(server, agent, customer);
    await until('codes', () => [agent, customer].every((p) => p.session.state.security.code !== null));
    expect(agent.session.state.security.code).not.toEqual(customer.session.state.security.code);
  });

  it('e2ee 10: a Roster that changes our own key is refused without comparing', async () => {
    const { server, agent, customer } = await scene('never');
    const attacker = await signingKey();
    server.tamper = async (m, to) => {
      if (to !== 'C. Customer' || m.t !== 'Hello') return [m];
      const hello = await readAs('Hello', m);
      return hello.body.role === roleNumber.agent ? [m] : [(await sign('Hello', hello.body.ep, { ...hello.body, sig: attacker.point }, attacker.key)).signed];
    };
    const old = server.waiting.bind(server);
    // The steward sees the replaced Hello in the waiting list and signs its hash in good faith.
    server.waiting = () => {
      const p = server.presences.find((x) => !x.staff);
      if (!p?.hello) return old();
      void readAs('Hello', p.hello)
        .then((hello) => sign('Hello', hello.body.ep, { ...hello.body, sig: attacker.point }, attacker.key))
        .then((forged) => {
          p.hello = forged.signed;
          if (!server.chain.includes(forged.signed)) server.chain.push(forged.signed);
          old();
        });
    };
    await admitted(server, agent, customer);
    await stopped(customer, 'roster_refused', 'roster.self');
  });

  it('e2ee 11: an older Policy is refused by a browser that has seen a newer one', async () => {
    const org = await makeOrganisation(7);
    const roots = pageRoots();
    const server = new TestServer(org, 'required');
    const first = person(server, false, 'C. Customer', { roots });
    people.push(first);
    await first.session.start();
    await until('waiting', () => first.session.state.phase === 'waiting');
    first.session.abandon();
    org.policy = (await sign('Policy', 'root', { ...org.body, ver: 6 }, org.root.key)).signed;
    const second = person(new TestServer(org, 'required'), false, 'C. Customer', { roots });
    people.push(second);
    await second.session.start();
    await stopped(second, 'policy_refused', 'policy.rollback');
    // Not even a Hello has left.
    expect(second.session.state.self.ep).toBeNull();
  });

  it('fault H10: an offer that would tell what is said is not answered, and the page says so', async () => {
    const { server, customer } = await connected();
    const answers = (): number => server.received.filter((r) => r.participant === 'C. Customer' && r.message.type === 'answer').length;
    const before = answers();
    const sdp = 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=0\r\n';
    server.push(server.presence('C. Customer'), { type: 'offer', gen: 2, sdp, map: [] });
    await stopped(customer, 'offer_refused', 'offer.cbr');
    expect(answers()).toBe(before);
    await until('the server is told', () => server.received.some((r) => r.message.type === 'failed' && r.message['check'] === 'offer.cbr'));
  });

  it('fault H1: another organisation at the address that this browser knows is refused, and nothing is sent', async () => {
    const storage = new MemoryStorage();
    const known = await makeOrganisation(3);
    const first = person(new TestServer(known, 'required'), false, 'C. Customer', { roots: pageRoots(storage) });
    people.push(first);
    await first.session.start();
    await until('waiting', () => first.session.state.phase === 'waiting');
    first.session.abandon();
    // Its Policy is newer and good in itself: only its key is another one.
    const stranger = new TestServer(await makeOrganisation(9), 'required');
    const second = person(stranger, false, 'C. Customer', { roots: pageRoots(storage) });
    people.push(second);
    await second.session.start();
    await stopped(second, 'root_refused', 'policy.root');
    expect(second.session.state.problem?.detail).toMatch(/([0-9a-f]{4} ){7}[0-9a-f]{4}, not ([0-9a-f]{4} ){7}[0-9a-f]{4}/);
    expect(stranger.received.filter((r) => r.message.type === 'e2ee')).toEqual([]);
    // A browser that has never been here takes it: first use.
    const other = person(new TestServer(await makeOrganisation(9), 'required'), false, 'C. Customer', { roots: pageRoots() });
    people.push(other);
    await other.session.start();
    await until('waiting', () => other.session.state.phase === 'waiting');
  });

  it.each(['resync', 'resync and a new call', 'a new call of a page that was loaded'])('fault H1: inside an open page no other organisation key is accepted: %s', async (way) => {
    const { server, customer } = await connected();
    const stranger = await makeOrganisation(9);
    const before = server.received.length;
    const call = base64url(random(16));
    // With a Policy of the known key that names the stranger's as its follower: not inside a page's life either.
    const former = [(await sign('Policy', 'root', { ...server.org.body, ver: 8, next_root: stranger.root.point }, server.org.root.key)).signed];
    server.resync('C. Customer', { root: stranger.root.point, policy: stranger.policy, former, ...(way === 'resync' ? {} : { call }) });
    if (way === 'resync and a new call') server.push(server.presence('C. Customer'), { type: 'call.new', call });
    await stopped(customer, 'root_refused', 'policy.root_changed');
    expect(server.received.slice(before).filter((r) => r.participant === 'C. Customer' && ['SenderKey', 'Hello'].includes((r.message['m'] as Signed | undefined)?.t ?? ''))).toEqual([]);
    expect(customer.session.receipt()?.root).toBe(server.org.root.point);
  });

  it('fault H1: the next organisation key is accepted when the known one names it, and only then', async () => {
    const known = await makeOrganisation(3);
    const next = await makeOrganisation(6);
    const later = await makeOrganisation(7);
    const names = async (org: typeof known, ver: number, root: string) => (await sign('Policy', 'root', { ...org.body, ver, next_root: root }, org.root.key)).signed;
    const type = { ...known.body.types[0]!, type_version: 3 };
    const check = async (org: typeof known, former: Signed[], pinned = known.root.point, ver = 4) => {
      const storage = new MemoryStorage();
      storage.setItem('parlour.root', JSON.stringify({ root: pinned, ver }));
      const roots = pageRoots(storage);
      const result = await checkPolicy(org.policy, org.root.point, type, roots, former);
      if ('check' in result) expect(roots.read()).toEqual({ root: pinned, ver });
      else expect(roots.read()).toEqual({ root: org.root.point, ver: org.body.ver });
      return 'check' in result ? result.check : 'good';
    };
    expect(await check(next, [])).toBe('policy.root');
    expect(await check(next, [await names(known, 5, next.root.point)])).toBe('good');
    // By way of a key that came and went; in the wrong order it leads nowhere.
    const way = [await names(known, 5, next.root.point), await names(next, 6, later.root.point)];
    expect(await check(later, way)).toBe('good');
    expect(await check(later, [...way].reverse())).toBe('policy.root');
    // One that this browser knows to be older than what the organisation has said since.
    expect(await check(next, [await names(known, 3, next.root.point)])).toBe('policy.root');
    // Signed by the key that it names, or by nobody.
    expect(await check(next, [await names(next, 5, next.root.point)])).toBe('policy.root');
    // And the Policy behind it may not be older than the one that named its key.
    expect(await check(next, [await names(known, 7, next.root.point)])).toBe('policy.rollback');
  });

  it('e2ee 11: a Policy that another key signed, and a relabelled type, are refused', async () => {
    const org = await makeOrganisation();
    org.policy = (await sign('Policy', 'root', org.body, (await signingKey()).key)).signed;
    const customer = person(new TestServer(org, 'required'), false, 'C. Customer');
    people.push(customer);
    await customer.session.start();
    await stopped(customer, 'policy_refused', 'policy.signature');

    const shown = await makeOrganisation();
    // The page would say "never recorded"; the organisation has signed "required".
    shown.body = { ...shown.body, types: shown.body.types.map((t) => ({ ...t, record: 'never' as const, kinds: [] })) };
    const second = person(new TestServer(shown, 'required'), false, 'C. Customer');
    people.push(second);
    await second.session.start();
    await stopped(second, 'policy_refused', 'policy.type');
  });

  it.each([
    ['another compliance key', 'roster.rec', (r: Roster, point: string): Roster => ({ ...r, rec: { ...r.rec!, kem: point } })],
    ['no recorder although the type requires it', 'roster.mode', (r: Roster): Roster => ({ ...r, rec: null, mode: 'off' })],
    ['a recorder without the mode', 'roster.mode', (r: Roster): Roster => ({ ...r, mode: 'paused' })],
    ['another type', 'roster.type', (r: Roster): Roster => ({ ...r, type_version: r.type_version + 1 })],
    ['another Policy', 'roster.policy', (r: Roster): Roster => ({ ...r, policy: r.prev })],
  ])('e2ee 11: a signed Roster with %s is refused', async (_, check, change) => {
    // Even a steward's own browser that signs such a Roster (or a stolen key) is not followed.
    const { server, agent, customer } = await scene();
    const attacker = await signingKey();
    let replaced: string | null = null;
    server.tamper = async (m, to) => {
      if (to !== 'C. Customer') return [m];
      if (m.t === 'Hello') {
        const hello = await readAs('Hello', m);
        if (hello.body.role !== roleNumber.agent) return [m];
        const forged = await sign('Hello', hello.body.ep, { ...hello.body, sig: attacker.point }, attacker.key);
        replaced = forged.hash;
        return [forged.signed];
      }
      if (m.t !== 'Roster') return [m];
      const roster = await readAs('Roster', m);
      const members = roster.body.members.map((x) => (x.role === roleNumber.agent ? { ...x, sig: attacker.point, hello: replaced! } : x));
      return [(await sign('Roster', roster.signer, change({ ...roster.body, members }, attacker.point), attacker.key)).signed];
    };
    await admitted(server, agent, customer);
    await stopped(customer, 'roster_refused', check);
  });

  it.each([
    ['strips the wrap to 255', 'missing 255', 'required'],
    ['adds a wrap to 255', 'not to 255', 'never'],
  ] as const)('e2ee 11: a SenderKey that %s is refused', async (_, detail, type) => {
    const { server, agent, customer } = await scene(type);
    const keys = new Map<string, CryptoKey>();
    // A patched client of the adviser: its key signs what it likes. The session's store keeps it; take it from there.
    server.tamper = async (m, to) => {
      if (to !== 'C. Customer' || m.t !== 'SenderKey') return [m];
      const key = await readAs('SenderKey', m);
      const name = `${server.meeting}/J. Adviser`;
      if (!keys.has(name)) keys.set(name, (await agent.keys.load(name))!.privateKey);
      const wraps = type === 'required' ? key.body.wraps.filter((w) => w.to !== 255) : [...key.body.wraps, { ...key.body.wraps[0]!, to: 255, k: 1 as const }];
      return [(await sign('SenderKey', key.signer, { ...key.body, wraps }, keys.get(name)!)).signed];
    };
    await admitted(server, agent, customer);
    await stopped(customer, 'sender_key_refused', detail);
    expect(agent.session.state.encryption.epoch).toBe(0);
  });

  it('two Rosters for one epoch stop the call', async () => {
    const { server, agent, customer } = await connected();
    const first = await readAs('Roster', server.chain.find((m) => m.t === 'Roster')!);
    const key = (await agent.keys.load(`${server.meeting}/J. Adviser`))!.privateKey;
    const other = await sign('Roster', first.signer, { ...first.body, t: first.body.t + 1 }, key);
    await server.inject('C. Customer', other.signed);
    await stopped(customer, 'roster_fork', 'roster.fork');
  });

  it('a message of a later epoch whose Roster stays away stops the call after 5 s', async () => {
    const { server, customer } = await connected();
    const key = await readAs('SenderKey', server.chain.find((m) => m.t === 'SenderKey')!);
    await server.inject('C. Customer', (await sign('SenderKey', key.signer, { ...key.body, epoch: 2 }, (await signingKey()).key)).signed);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(customer.session.state.phase).toBe('connected');
    await stopped(customer, 'roster_missing', 'epoch 2');
  }, 20_000);

  it('e2ee 12: no acknowledgement for a wrap that does not hold the committed key, and nobody switches', async () => {
    const { server, agent, customer } = await scene('never');
    server.tamper = async (m, to) => {
      if (to !== 'C. Customer' || m.t !== 'SenderKey') return [m];
      const message = await readAs('SenderKey', m);
      const key = (await agent.keys.load(`${server.meeting}/J. Adviser`))!.privateKey;
      const wraps = message.body.wraps.map((w, i, all) => ({ ...w, enc: all[(i + 1) % all.length]!.enc, ct: all[(i + 1) % all.length]!.ct }));
      return [(await sign('SenderKey', message.signer, { ...message.body, wraps }, key)).signed];
    };
    await admitted(server, agent, customer);
    await until('said', () => customer.session.state.problem?.code === 'sender_key_refused');
    expect(customer.session.state.problem).toMatchObject({ fatal: false, idx: 0 });
    expect(agent.session.state.encryption.epoch).toBe(0);
    const acks = await Promise.all(server.chain.filter((m) => m.t === 'KeyAck').map((m) => readAs('KeyAck', m)));
    expect(acks.filter((a) => a.body.from === 1)).toEqual([]);
  });

  it('no Progress of the steward for 30 s: sending pauses with words, and goes on when it is heard again', async () => {
    const server = new TestServer(await makeOrganisation(), 'required');
    let shiftMs = 0;
    const agent = person(server, true, 'J. Adviser');
    const customer = person(server, false, 'C. Customer', { now: () => Date.now() + shiftMs });
    people.push(agent, customer);
    await admitted(server, agent, customer);
    await until('keys active', () => customer.session.state.encryption.epoch === 1);
    await until('carried', () => customer.peer()!.carried.get(0) != null);
    await until('the steward has switched', () => customer.session.state.members.some((m) => m.steward && m.active.length > 0));
    shiftMs = 31_000;
    await until('held', () => customer.session.state.phase === 'held');
    expect(customer.session.state.problem).toMatchObject({ code: 'steward_silent', fatal: false });
    expect(customer.peer()!.carried.get(0)).toBeNull();
    await until('the steward is heard', () => customer.session.state.problem === null, 12_000);
    await until('carried again', () => customer.peer()!.carried.get(0) != null);
  }, 30_000);

  it('the guard\'s word stops the stream here too', async () => {
    const { server, customer } = await connected();
    server.push(server.presence('C. Customer'), { type: 'guard', slot: 1, reason: 'shim' });
    await stopped(customer, 'plaintext_guard', 'slot 1');
  });
});

describe('a presence that the server has forgotten', () => {
  it('comes in again with a new endpoint, without a click', async () => {
    const { server, agent, customer } = await connected();
    const ep = customer.session.state.self.ep;
    // Resuming is not possible any more: the whole state anew, and we are nobody in it.
    const presence = server.presence('C. Customer');
    const welcome = presence.log.find((m) => m.type === 'welcome')!;
    server.push(presence, { ...welcome, type: 'resync', state: 'waiting', chain: [] });
    await until('back in the call', () => customer.session.state.encryption.epoch === 2);
    expect(customer.session.state.self.ep).not.toBe(ep);
    expect(agent.session.state.security.codeChanges.map((c) => c.what)).toEqual(['reloaded']);
  });
});

describe('fault B1: every way out', () => {
  const kept = { recorded: true, kept_until: 99 };
  const ways: [string, string, (all: Awaited<ReturnType<typeof connected>>) => unknown][] = [
    ['leaving', 'left', ({ customer }) => customer.session.leave()],
    ['the adviser ends', 'staff', ({ agent }) => agent.session.end()],
    ['the server ends', 'recording_lost', ({ server }) => server.pushAll({ type: 'ended', reason: 'recording_lost', ...server.farewell })],
    ['another device', 'other_device', ({ server, customer }) => server.push(server.presence(customer.participant), { type: 'ended', reason: 'other_device', ...server.farewell })],
    ['told, then closed as replaced', 'other_device', ({ server, customer }) => {
      server.push(server.presence(customer.participant), { type: 'ended', reason: 'other_device', ...server.farewell });
      const { socket } = server.presence(customer.participant);
      setTimeout(() => socket!.drop(4001), 1);
    }],
    ['the log-in has ended', 'session', ({ server, customer }) => server.push(server.presence(customer.participant), { type: 'ended', reason: 'session', ...server.farewell })],
    ['declined', 'declined', ({ server, customer }) => server.push(server.presence(customer.participant), { type: 'declined', reason: 'not_now', ...server.farewell })],
    ['its keys are used up', 'exhausted', ({ customer }) => customer.worker().say({ type: 'exhausted' })],
  ];
  it.each(ways)('%s: the server’s word is passed on', async (_, reason, go) => {
    const all = await connected();
    all.server.farewell = kept;
    void go(all);
    await until('over', () => all.customer.session.state.ended !== null);
    expect(all.customer.session.state.ended).toMatchObject({ reason, recorded: true, keptUntilMs: 99 });
  });
  it.each(ways)('%s: nothing is invented where the server says nothing', async (_, reason, go) => {
    const all = await connected();
    void go(all);
    await until('over', () => all.customer.session.state.ended !== null);
    expect(all.customer.session.state.ended).toMatchObject({ reason, recorded: null, keptUntilMs: null });
  });
  it.each([
    ['replaced without a word', 'replaced', 4001],
  ] as const)('%s: not known', async (_, reason, code) => {
    const { server, customer } = await connected();
    server.presence(customer.participant).socket!.drop(code);
    await until('over', () => customer.session.state.ended !== null);
    expect(customer.session.state.ended).toMatchObject({ reason, recorded: null });
  });
  it('leaving without a network: not known', async () => {
    const { server, customer } = await connected();
    server.deaf = true;
    await customer.session.leave();
    expect(customer.session.state.ended).toMatchObject({ reason: 'left', recorded: null });
  });
});

describe('fault B7: who is lost', () => {
  it('is told by the server’s word on the media, while the socket is still there', async () => {
    const { server, agent, customer } = await connected();
    const other = () => agent.session.state.members.find((m) => m.name === 'C. Customer');
    expect(other()?.presence).toBe('online');
    server.presence(customer.participant).silent = true;
    server.people();
    await until('silent', () => other()?.presence === 'silent');
    expect(agent.session.state.happenings.at(-1)?.what).toBe('reconnecting');
    // Keys are still exchanged with it: its socket is there.
    expect(agent.session.state.encryption.waitingForKeysOf).toEqual([]);
    server.presence(customer.participant).silent = false;
    server.people();
    await until('back', () => other()?.presence === 'online');
    expect(agent.session.state.happenings.at(-1)?.what).toBe('back');
  });
});

describe('a network that was gone for long', () => {
  it('fault B5: who was away while the adviser seemed silent, and is let in again, sends and is connected', async () => {
    const server = new TestServer(await makeOrganisation(), 'required');
    let shiftMs = 0;
    const agent = person(server, true, 'J. Adviser');
    const customer = person(server, false, 'C. Customer', { now: () => Date.now() + shiftMs });
    people.push(agent, customer);
    await admitted(server, agent, customer);
    await until('keys active', () => customer.session.state.encryption.epoch === 1);
    await until('the steward has switched', () => customer.session.state.members.some((m) => m.steward && m.active.length > 0));
    shiftMs = 31_000;
    await until('nothing is sent', () => customer.session.state.phase === 'held');
    const presence = server.presence('C. Customer');
    const welcome = presence.log.find((m) => m.type === 'welcome')!;
    server.push(presence, { ...welcome, type: 'resync', state: 'waiting', chain: [] });
    await until('back in the call', () => customer.session.state.encryption.epoch === 2);
    expect(customer.session.state.problem).toBeNull();
    server.push(server.presence('C. Customer'), { type: 'offer', gen: 1, sdp: 'v=0', map: [] });
    await until('carried again', () => customer.peer()?.carried.get(0) != null);
    expect(customer.session.state.phase).not.toBe('held');
  });

  it('fault B5: a call that began meanwhile gets keys of its own', async () => {
    const { server, agent, customer } = await connected();
    const old = agent.session.state.self.ep;
    const presence = server.presence('J. Adviser');
    const welcome = presence.log.find((m) => m.type === 'welcome')!;
    // The meeting was held while the adviser was away, and another call was opened in it.
    server.call = Buffer.from('another call 16b').toString('base64url');
    server.chain.length = 0;
    server.push(presence, { ...welcome, type: 'resync', call: server.call, chain: [] });
    await until('another endpoint', () => agent.session.state.self.ep !== null && agent.session.state.self.ep !== old);
    expect(agent.worker().orders.filter((order) => order.type === 'reset')).toHaveLength(1);
    void customer;
  });
});

describe('screen share', () => {
  it('fault B6: a page that goes away says that its share is over', async () => {
    const { server, agent } = await connected();
    const local = (agent.session as unknown as { config_: { media: { screen: unknown } } }).config_.media;
    vi.stubGlobal('MediaStream', class {});
    local.screen = { enabled: true, stop: () => undefined };
    agent.session.abandon();
    await until('said', () => server.received.some((r) => r.message.type === 'share.stop'));
    local.screen = null;
    await new Promise((resolve) => setTimeout(resolve, 20));
    vi.unstubAllGlobals();
  });


  it('is sent only after the server\'s ok', async () => {
    const { server, agent } = await connected();
    const screen = { enabled: true, kind: 'video', stop: () => undefined };
    const local = (agent.session as unknown as { config_: { media: { screen: unknown; openScreen: () => Promise<boolean>; closeScreen: () => void } } }).config_.media;
    local.openScreen = async () => ((local.screen = screen), true);
    local.closeScreen = () => void (local.screen = null);
    vi.stubGlobal('MediaStream', class {});
    server.pushAll({ type: 'share', participant: 'C. Customer' });
    await until('somebody shares', () => agent.session.state.sharing !== null);
    await expect(agent.session.startShare()).rejects.toMatchObject({ code: 'share.busy' });
    server.pushAll({ type: 'share', participant: null });
    await until('nobody shares', () => agent.session.state.sharing === null);
    const sharing = agent.session.startShare();
    expect(agent.peer()!.carried.get(2) ?? null).toBeNull();
    expect(await sharing).toBe(true);
    expect(server.received.some((r) => r.message.type === 'share.start')).toBe(true);
    expect(agent.peer()!.carried.get(2)).toBe(screen);
    await agent.session.stopShare();
    expect(agent.peer()!.carried.get(2)).toBeNull();
    vi.unstubAllGlobals();
  });
});

describe('receipt of a call that is never recorded', () => {
  it('e2ee 14: no wrap to 255 in any message', async () => {
    const { server, agent, customer } = await connected('never');
    for (const p of [agent, customer]) {
      const receipt = p.session.receipt()!;
      expect(receipt.rosters).toHaveLength(1);
      expect(receipt.senderKeys).toHaveLength(2);
      expect(receipt.activated).toHaveLength(2);
      for (const m of receipt.senderKeys) expect((await readAs('SenderKey', m)).body.wraps.some((w) => w.to === 255)).toBe(false);
    }
    for (const m of server.chain.filter((x) => x.t === 'Roster')) expect((await readAs('Roster', m)).body.mode).toBe('off');
    expect(customer.session.state.recording.fact).toBe('off');
  });
});

describe('the secret of a link', () => {
  const key = (): Promise<CryptoKey> => importLinkSecret(random(16));
  async function linked(agentSecret: CryptoKey | null, customerSecret: CryptoKey | null) {
    const server = new TestServer(await makeOrganisation(), 'required');
    servers.push(server);
    const agent = person(server, true, 'J. Adviser', agentSecret ? { linkSecret: agentSecret } : {});
    const customer = person(server, false, 'C. Customer', customerSecret ? { linkSecret: customerSecret } : {});
    people.push(agent, customer);
    return { server, agent, customer };
  }
  const keysOf = (server: TestServer, participant: string): number =>
    server.received.filter((r) => r.participant === participant && (r.message['m'] as Signed | undefined)?.t === 'SenderKey').length;
  const knownAs = (p: TestPerson): string[] => p.session.state.members.filter((m) => m.idx !== 255).map((m) => m.knownBy);

  it('verifies both sides without a word, again after a reload', async () => {
    const secret = await key();
    const { server, agent, customer } = await linked(secret, secret);
    await admitted(server, agent, customer);
    await until('keys active', () => [agent, customer].every((p) => p.session.state.encryption.epoch === 1));
    expect(customer.session.state.security.link).toBe('proven');
    expect(knownAs(customer)).toEqual(['link', 'self']);
    expect(knownAs(agent)).toEqual(['self', 'link']);
    // Its proof came before its keys: what left this browser left after it.
    const order = server.chain.map((m) => m.t);
    expect(order.indexOf('LinkProof')).toBeGreaterThan(order.indexOf('Roster'));
    const kept = customer.keys;
    customer.session.abandon();
    const again = person(server, false, 'C. Customer', { keys: kept, linkSecret: secret });
    people.push(again);
    await again.session.start();
    await until('in again', () => again.session.state.encryption.epoch === 2);
    expect(again.session.state.security.link).toBe('proven');
  });

  it('e2ee 10: where the server swaps a key, no key of the customer leaves', async () => {
    const secret = await key();
    const { server, agent, customer } = await linked(secret, secret);
    // The server is the steward to the customer: it has keys of its own, and no secret.
    server.tamper = (m) => (m.t === 'LinkProof' ? [] : [m]);
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      await admitted(server, agent, customer);
      await until('a Roster lists the customer', () => customer.session.state.self.idx !== null);
      await vi.advanceTimersByTimeAsync(4000);
      expect(customer.session.state.security.link).toBe('waiting');
      expect(keysOf(server, 'C. Customer')).toBe(0);
      await vi.advanceTimersByTimeAsync(1500);
      expect(customer.session.state.security.link).toBe('overdue');
      await vi.advanceTimersByTimeAsync(20_000);
      expect(keysOf(server, 'C. Customer')).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('of another link proves nothing: by the steward’s mistake or a forged word', async () => {
    const { server, agent, customer } = await linked(await key(), await key());
    await agent.session.start();
    await customer.session.start();
    await until('somebody waits', () => agent.session.state.waiting.some((w) => w.ep !== ''));
    const waiting = agent.session.state.waiting[0]!;
    expect(waiting.knownBy).toBe('server');
    await expect(agent.session.admit(waiting.ep, waiting.helloHash)).rejects.toMatchObject({ code: 'link.proof_wrong' });
    expect(server.chain.some((m) => m.t === 'Roster')).toBe(false);
  });

  it('on the customer’s side alone: he is asked, and goes on by his own act', async () => {
    const { server, agent, customer } = await linked(null, await key());
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      await admitted(server, agent, customer);
      await until('a Roster lists the customer', () => customer.session.state.self.idx !== null);
      // A forged proof: signed by somebody who is not the steward, and with a secret of its own.
      const stranger = await signingKey();
      const roster = await readAs('Roster', server.chain.find((m) => m.t === 'Roster')!);
      const forged = { call: server.call, roster: roster.hash, to: 1, mac: await stewardProof(await key(), roster.hash) };
      await server.inject('C. Customer', (await sign('LinkProof', roster.body.members[0]!.ep, forged, stranger.key)).signed);
      await vi.advanceTimersByTimeAsync(6000);
      await until('he is asked', () => customer.session.state.security.link === 'overdue');
      expect(keysOf(server, 'C. Customer')).toBe(0);
      // Nor is he left out meanwhile: a person takes longer than an acknowledgement may.
      await vi.advanceTimersByTimeAsync(10_000);
      expect(customer.session.state.self.idx).not.toBeNull();
      customer.session.goOnUnproven();
      await until('keys active', () => [agent, customer].every((p) => p.session.state.encryption.epoch > 0));
      expect(customer.session.state.security.link).toBe('accepted');
      expect(knownAs(customer)).toEqual(['server', 'self']);
      expect(knownAs(agent)).toEqual(['self', 'server']);
    } finally {
      vi.useRealTimers();
    }
  });

  /** He was asked, nobody answered for a minute, and the adviser's browser went on without him. */
  async function leftOut() {
    const tab = newTab();
    const secret = await key();
    const { server, agent } = await linked(null, null);
    const customer = person(server, false, 'C. Customer', { linkSecret: secret, tab });
    people.push(customer);
    await admitted(server, agent, customer);
    await until('a Roster lists the customer', () => customer.session.state.self.idx !== null);
    await vi.advanceTimersByTimeAsync(6000);
    await until('he is asked', () => customer.session.state.security.link === 'overdue');
    const asked = agent.session.state.members.find((m) => m.role === 'customer');
    expect(asked?.deciding).toBe(true);
    await vi.advanceTimersByTimeAsync(61_000);
    await until('left out', () => customer.session.state.self.idx === null && agent.session.state.waiting.length === 1);
    return { server, agent, customer, tab, secret };
  }

  it('fault pages: the question still stands for who was left out, the adviser knows, and the answer leads in', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const { agent, customer } = await leftOut();
      // Each page hears of it by itself.
      await until('both know', () => customer.session.state.phase === 'waiting' && agent.session.state.waiting[0]?.undecided === true);
      expect(customer.session.state.security.link).toBe('overdue');
      expect(agent.session.state.waiting[0]).toMatchObject({ name: 'C. Customer', undecided: true });
      expect(agent.session.state.happenings.at(-1)).toMatchObject({ what: 'dropped', name: 'C. Customer' });
      const before = customer.session.state.self.ep;
      customer.session.goOnUnproven();
      await until('in by the answer', () => customer.session.state.security.link === 'accepted' && customer.session.state.self.idx !== null);
      expect(customer.session.state.self.ep).not.toBe(before);
      await until('keys active', () => customer.session.state.encryption.epoch > 0);
      expect(agent.session.state.members.find((m) => m.role === 'customer')?.deciding).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  }, 20_000);

  it('fault pages: who was let in again while being asked keeps the endpoint that is in the call', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const { agent, customer } = await leftOut();
      const before = customer.session.state.self.ep;
      const [waiting] = agent.session.state.waiting;
      const admission = agent.session.admit(waiting!.ep, waiting!.helloHash);
      await vi.advanceTimersByTimeAsync(1000);
      await admission;
      await until('listed again', () => customer.session.state.self.idx !== null);
      expect(customer.session.state.security.link).toBe('overdue');
      customer.session.goOnUnproven();
      await until('keys active', () => customer.session.state.encryption.epoch > 0);
      expect(customer.session.state.self.ep).toBe(before);
    } finally {
      vi.useRealTimers();
    }
  }, 20_000);

  it('fault pages: the answer holds for its tab and its call: a reload is not asked again, another tab and another call are', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const { server, agent, customer, tab, secret } = await leftOut();
      customer.session.goOnUnproven();
      await until('in by the answer', () => customer.session.state.encryption.epoch > 0);
      const reload = async (inTab: typeof tab): Promise<TestPerson> => {
        const last = people.at(-1)!;
        last.session.abandon();
        last.worker().terminate();
        const again = person(server, false, 'C. Customer', { keys: customer.keys, linkSecret: secret, tab: inTab });
        people.push(again);
        await again.session.start();
        await vi.advanceTimersByTimeAsync(1000);
        await until('listed', () => again.session.state.self.idx !== null);
        return again;
      };
      const again = await reload(tab);
      expect(again.session.state.security.link).toBe('accepted');
      await until('keys active', () => again.session.state.encryption.epoch > 0);
      const elsewhere = await reload(newTab());
      expect(elsewhere.session.state.security.link).toBe('waiting');
      elsewhere.session.goOnUnproven();
      await until('keys active', () => elsewhere.session.state.encryption.epoch > 0);
      server.newCall();
      await until('the new call', () => elsewhere.session.state.phase === 'waiting' && agent.session.state.waiting.some((w) => w.ep !== ''));
      expect(elsewhere.session.state.security.link).toBe('waiting');
    } finally {
      vi.useRealTimers();
    }
  }, 30_000);

  it('on the adviser’s side alone: the server attests', async () => {
    const { server, agent, customer } = await linked(await key(), null);
    await admitted(server, agent, customer);
    await until('keys active', () => [agent, customer].every((p) => p.session.state.encryption.epoch === 1));
    expect(customer.session.state.security.link).toBe('none');
    expect(knownAs(customer)).toEqual(['server', 'self']);
    expect(knownAs(agent)).toEqual(['self', 'server']);
    expect(server.chain.some((m) => m.t === 'LinkProof')).toBe(false);
  });

  it('lost in the customer’s browser: he is asked at once, and nobody can let him in before his own act', async () => {
    const server = new TestServer(await makeOrganisation(), 'required');
    servers.push(server);
    const agent = person(server, true, 'J. Adviser', { linkSecret: await key() });
    const customer = person(server, false, 'C. Customer', { linkSecret: 'lost' });
    people.push(agent, customer);
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      await agent.session.start();
      await customer.session.start();
      await until('waiting', () => customer.session.state.phase === 'waiting');
      expect(customer.session.state.security.link).toBe('lost');
      await vi.advanceTimersByTimeAsync(30_000);
      expect(agent.session.state.waiting.every((w) => w.helloHash === '')).toBe(true);
      expect(keysOf(server, 'C. Customer')).toBe(0);
      expect(customer.session.state.phase).toBe('waiting');
      customer.session.goOnUnproven();
      await until('he can be let in', () => agent.session.state.waiting.some((w) => w.helloHash !== ''));
      const waiting = agent.session.state.waiting[0]!;
      await agent.session.admit(waiting.ep, waiting.helloHash);
      await until('keys active', () => customer.session.state.encryption.epoch > 0 && agent.session.state.encryption.epoch > 0);
      expect(customer.session.state.security.link).toBe('accepted');
      expect(knownAs(customer)).toEqual(['server', 'self']);
      expect(knownAs(agent)).toEqual(['self', 'server']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('lost, and decided in the waiting room: the call begins as with any other', async () => {
    const server = new TestServer(await makeOrganisation(), 'required');
    servers.push(server);
    const agent = person(server, true, 'J. Adviser', { linkSecret: await key() });
    const customer = person(server, false, 'C. Customer', { linkSecret: 'lost' });
    people.push(agent, customer);
    await customer.session.start();
    await until('waiting', () => customer.session.state.phase === 'waiting');
    expect(customer.session.state.security.link).toBe('lost');
    customer.session.goOnUnproven();
    await agent.session.start();
    await until('somebody waits', () => agent.session.state.waiting.some((w) => w.ep !== ''));
    const waiting = agent.session.state.waiting[0]!;
    await agent.session.admit(waiting.ep, waiting.helloHash);
    await until('keys active', () => [agent, customer].every((p) => p.session.state.encryption.epoch === 1));
  });

  it('fault H1: the key of an organisation is remembered only when the link has proven it, or the person goes on', async () => {
    const remembered = (storage: MemoryStorage): string | null => (JSON.parse(storage.getItem('parlour.root') ?? 'null') as { root: string } | null)?.root ?? null;
    const storage = new MemoryStorage();
    const secret = await key();
    // A server in other hands, before this customer has ever met the organisation: he waits, is let in, is asked, and leaves.
    const stranger = new TestServer(await makeOrganisation(9), 'required');
    servers.push(stranger);
    const theirs = person(stranger, true, 'J. Adviser');
    const first = person(stranger, false, 'C. Customer', { roots: pageRoots(storage), linkSecret: secret });
    people.push(theirs, first);
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      await admitted(stranger, theirs, first);
      await until('a Roster lists the customer', () => first.session.state.self.idx !== null);
      await vi.advanceTimersByTimeAsync(6000);
      await until('he is asked', () => first.session.state.security.link === 'overdue');
    } finally {
      vi.useRealTimers();
    }
    expect(remembered(storage)).toBeNull();
    await first.session.leave();
    expect(remembered(storage)).toBeNull();

    // So the organisation itself is nobody's rival at his next visit, and its own link is what makes it known.
    const server = new TestServer(await makeOrganisation(3), 'required');
    servers.push(server);
    const agent = person(server, true, 'J. Adviser', { linkSecret: secret });
    const second = person(server, false, 'C. Customer', { roots: pageRoots(storage), linkSecret: secret });
    people.push(agent, second);
    await second.session.start();
    await until('waiting', () => second.session.state.phase === 'waiting');
    expect(remembered(storage)).toBeNull();
    await agent.session.start();
    await until('somebody waits', () => agent.session.state.waiting.some((w) => w.ep !== ''));
    await agent.session.admit(agent.session.state.waiting[0]!.ep, agent.session.state.waiting[0]!.helloHash);
    await until('keys active', () => second.session.state.encryption.epoch === 1);
    expect(second.session.state.security.link).toBe('proven');
    expect(remembered(storage)).toBe(server.org.root.point);

    // By his own act: the same.
    const asked = new MemoryStorage();
    const third = person(stranger, false, 'C. Customer', { roots: pageRoots(asked), linkSecret: 'lost' });
    people.push(third);
    await third.session.start();
    await until('waiting', () => third.session.state.phase === 'waiting');
    expect(remembered(asked)).toBeNull();
    third.session.goOnUnproven();
    await until('remembered', () => remembered(asked) === stranger.org.root.point);
  });

  it('fault H1: what a page holds and has not proven is not written when it is left, nor over what another page knows', async () => {
    const storage = new MemoryStorage();
    const roots = pageRoots(storage);
    const [known, stranger] = [await makeOrganisation(3), await makeOrganisation(9)];
    roots.hold({ root: stranger.root.point, ver: 9 });
    expect(roots.read()).toBeNull();
    // Another page of the same browser has met the organisation meanwhile.
    const other = pageRoots(storage);
    other.hold({ root: known.root.point, ver: 3 });
    other.keep();
    roots.keep();
    expect(roots.read()).toEqual({ root: known.root.point, ver: 3 });
    // An older version is not written over a newer one either.
    const newer = pageRoots(storage);
    newer.hold({ root: known.root.point, ver: 5 });
    newer.keep();
    other.keep();
    expect(other.read()).toEqual({ root: known.root.point, ver: 5 });
  });
});
