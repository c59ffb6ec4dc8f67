// Security checks on the call's socket and the media port, with raw frames, keys of the attacker's own and forged datagrams.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Caller, Device, RawSocket, iceOf, stunAnswers } from '../lib/hostile.mjs';
import { check, scene } from '../lib/scene.mjs';
import { root, until } from '../lib/stack.mjs';

/** A meeting with an adviser and a customer that are sockets; the adviser has said Hello, the customer waits. */
async function lobby(stack, rule = 'never') {
  const agent = await Caller.staff(stack, stack.accounts.agent);
  const meeting = await agent.schedule(stack.types[rule]);
  const adviser = new Device(1);
  const { socket: desk, answer } = await agent.enter({ meeting: meeting.id });
  check(answer.type === 'ok', `the adviser: ${JSON.stringify(answer)}`);
  const welcome = await desk.message((one) => one.type === 'welcome');
  const said = await desk.ask({ type: 'e2ee', m: adviser.hello(welcome.call, stack.accounts.agent.name) });
  check(said.type === 'ok', `the adviser's Hello: ${JSON.stringify(said)}`);
  return { agent, meeting, adviser, desk, welcome };
}

async function waiting(stack, link, name = 'C. Customer') {
  const guest = await Caller.guest(stack, link);
  const device = new Device(2);
  const { socket, answer } = await guest.enter();
  check(answer.type === 'ok', `the customer: ${JSON.stringify(answer)}`);
  const welcome = await socket.message((one) => one.type === 'welcome');
  const said = await socket.ask({ type: 'e2ee', m: device.hello(welcome.call, name) });
  check(said.type === 'ok', `the customer's Hello: ${JSON.stringify(said)}`);
  return { guest, device, socket, welcome };
}

/** Lets them in; a next Roster may take up to 4.5 s after the one before. */
async function roster(desk, message) {
  return until('the Roster is accepted', async () => {
    const answer = await desk.ask({ type: 'e2ee', m: message() });
    if (answer.type === 'ok') return answer;
    check(answer.code === 'e2ee.epoch_pending', `Roster: ${JSON.stringify(answer)}`);
    return null;
  }, 8);
}

const refused = (answer, codes, what) => check(answer.type === 'refused' && [codes].flat().includes(answer.code), `${what}: ${JSON.stringify(answer)}`);

test('security 31: the waiting room has no door but Admit', () =>
  scene('lobby', async (stack) => {
    const { agent, meeting, adviser, desk, welcome } = await lobby(stack);
    // The way in cannot be cut short.
    const hasty = await Caller.guest(stack, meeting.link);
    refused((await hasty.enter({}, { ready: false })).answer, 'notice.missing', 'without a notice');
    check((await hasty.notice()).status === 204, 'the notice');
    refused((await hasty.enter({}, { ready: false })).answer, 'device.missing', 'without a device check');
    refused((await hasty.enter({ as: 'staff', meeting: meeting.id })).answer, 'session.missing', "a guest as staff");
    refused((await hasty.enter({ csrf: agent.csrf })).answer, 'session.missing', "another session's token");
    const watcher = await RawSocket.open(stack, { cookie: hasty.cookie });
    refused(await watcher.ask({ type: 'watch', as: 'staff', csrf: hasty.csrf }), 'session.missing', 'a guest watches');
    check((await watcher.code()) === 1008, 'the watching socket stays open');

    const customer = await waiting(stack, meeting.link);
    check(customer.welcome.state === 'waiting' && customer.welcome.chain.length === 0, 'a waiting customer is shown the call');
    // Whatever only members or staff may say.
    const base = { call: welcome.call, epoch: 1, roster: 'A'.repeat(43), from: 2 };
    const signed = (t, body) => ({ type: 'e2ee', m: customer.device.sign(t, body) });
    const members = [adviser.member(1), customer.device.member(2)];
    const me = hasty.body.you.participant;
    for (const [message, codes] of [
      [signed('SenderKey', { ...base, commits: { a: 'A'.repeat(43), v: 'A'.repeat(43) }, wraps: [] }), 'not_admitted'],
      [signed('KeyAck', { ...base, have: [] }), 'not_admitted'],
      [signed('Activated', { ...base, slots: [], last: [] }), 'not_admitted'],
      [signed('Progress', { ...base, last: [], final: true }), 'not_admitted'],
      [{ type: 'e2ee', m: customer.device.roster(welcome, members) }, 'access.denied'],
      [{ type: 'e2ee', m: { ...customer.device.roster(welcome, members), k: adviser.ep } }, 'access.denied'],
      [{ type: 'e2ee', m: welcome.policy }, ['not_admitted', 'access.denied']],
      [{ type: 'e2ee', m: new Device(1).hello(welcome.call, stack.accounts.agent.name) }, 'hello.identity'],
      [{ type: 'e2ee', m: new Device(2).hello(welcome.call, stack.accounts.agent.name) }, 'hello.identity'],
      [{ type: 'share.start' }, 'not_admitted'],
      [{ type: 'connected', call: welcome.call, epoch: 1 }, 'not_admitted'],
      [{ type: 'decline', participant: me, reason: 'not_now' }, 'access.denied'],
      [{ type: 'second.allow', participant: me }, 'access.denied'],
      [{ type: 'second.refuse', participant: me }, 'access.denied'],
      [{ type: 'end' }, 'access.denied'],
      [{ type: 'admit', participant: me }, 'message.unknown'],
      [{ type: 'enter', as: 'staff', csrf: agent.csrf, meeting: meeting.id }, 'message.unknown'],
    ]) refused(await customer.socket.ask(message), codes, `${message.type} ${message.m?.t ?? ''} from the waiting room`);
    check(!customer.socket.messages.some((one) => ['people', 'e2ee', 'waiting', 'admitted'].includes(one.type)), 'the waiting room is told of the call');
    check(!desk.messages.some((one) => one.type === 'e2ee'), "a waiting person's message reached the adviser");
    check((await agent.call('GET', `/meetings/${meeting.id}`)).body.state === 'open', 'the meeting has changed');

    // Not one route of the console opens to the guest's cookie, under either name.
    const contract = readFileSync(join(root, 'contracts/openapi.yaml'), 'utf8').split('\ncomponents:')[0];
    let tried = 0;
    for (const [, path, body] of contract.matchAll(/^ {2}(\/\S+):\n((?: {4,}.*\n|\n)+)/gm)) {
      for (const [, method, part] of body.matchAll(/^ {4}(get|post|put|delete):\n((?: {6,}.*\n)+)/gm)) {
        if (part.includes('tags: [guest]') || /^\/(health|call|link)$/.test(path) || part.includes('security: []')) continue;
        const filled = path.replace('{meeting}', meeting.id).replace('{track}', '0').replace(/\{\w+\}/, meeting.id);
        for (const cookie of [customer.guest.cookie, customer.guest.cookie.replace('guest', 'session')]) {
          const answer = await customer.guest.call(method.toUpperCase(), filled, method === 'post' ? {} : undefined, { cookie });
          const nothing = path === '/session' && method === 'get' && answer.status === 204;
          check(nothing || answer.status === 401 || answer.status === 403, `a guest: ${method} ${path}: ${answer.status}`);
          tried++;
        }
      }
    }
    check(tried >= 30, `only ${tried} routes were tried`);

    // Before admission the newer device wins, and the older one is told.
    const second = await waiting(stack, meeting.link);
    const told = await customer.socket.message((one) => one.type === 'ended');
    check(told?.reason === 'other_device' && (await customer.socket.code()) === 1000, `the older device: ${JSON.stringify(told)}`);
    refused((await customer.guest.enter({ resume: { token: customer.welcome.resume, last_n: 0 } }, { ready: false })).answer, 'resume.unknown', "the older device's token");
    const list = desk.messages.filter((one) => one.type === 'waiting').at(-1).list;
    check(list.length === 1 && !list[0].second_device, `the list: ${JSON.stringify(list)}`);

    // A Roster may name nobody who is not here.
    const stranger = new Device(2);
    stranger.hello(welcome.call, 'C. Customer');
    refused(await desk.ask({ type: 'e2ee', m: adviser.roster(welcome, [adviser.member(1), stranger.member(2)]) }), 'roster.unknown_member', 'a Roster with a stranger');

    // Admitted; from now on another device waits for the adviser.
    const first = adviser.roster(welcome, [adviser.member(1), second.device.member(2)]);
    await roster(desk, () => first);
    await second.socket.message((one) => one.type === 'admitted');
    const third = await waiting(stack, meeting.link);
    check(third.welcome.state === 'waiting' && third.welcome.chain.length === 0, 'a second device is shown the call');
    await until('the adviser sees a second device', () => desk.messages.filter((one) => one.type === 'waiting').at(-1).list.some((one) => one.second_device));
    refused(await third.socket.ask({ type: 'share.start' }), 'not_admitted', "a second device's share");
    // The member's own Hello, said again from elsewhere, changes nothing.
    await third.socket.ask({ type: 'e2ee', m: second.device.message });
    refused(await third.socket.ask({ type: 'share.start' }), 'not_admitted', "a second device's share");
    check(!third.socket.messages.some((one) => ['admitted', 'people', 'e2ee'].includes(one.type)), 'a second device is told of the call');
    const customerId = third.guest.body.you.participant;
    check((await desk.ask({ type: 'second.refuse', participant: customerId })).type === 'ok', 'second.refuse');
    check((await third.socket.message((one) => one.type === 'declined'))?.reason === 'other_device' && (await third.socket.code()) === 1000, 'the second device is not told');
    check((await second.socket.ask({ type: 'self', mic: true, camera: true })).type === 'ok', 'the first device is out as well');

    // Whoever is out stays out: no resume token, no ICE password, no Hello of before opens anything.
    async function outside(person, what) {
      refused((await person.guest.enter({ resume: { token: person.welcome.resume, last_n: 0 } }, { ready: false })).answer, ['resume.unknown', 'session.missing'], `${what}: the resume token`);
      check(!(await stunAnswers(stack.port, person.ice)), `${what}: the old ICE password is answered`);
    }
    async function withIce(person) {
      const offer = await person.socket.message((one) => one.type === 'offer');
      const { ufrag, password } = iceOf(offer.sdp);
      person.ice = { username: `${ufrag}:abcd`, password };
      check(await stunAnswers(stack.port, person.ice), 'the media port answers nobody: the checks after this would show nothing');
      check(!(await stunAnswers(stack.port, { ...person.ice, password: 'x'.repeat(password.length) }, 1)), 'any password is answered');
      return person;
    }
    await withIce(second);
    check((await second.socket.ask({ type: 'leave' })).type === 'ok' && (await second.socket.code()) === 1000, 'leaving');
    await outside(second, 'left');
    const back = await waiting(stack, meeting.link);
    check(back.welcome.state === 'waiting' && back.welcome.chain.length === 0, 'who has left comes back into the call');
    await back.socket.ask({ type: 'e2ee', m: second.device.message });
    refused(await back.socket.ask({ type: 'e2ee', m: second.device.sign('Progress', { ...base, last: [], final: true }) }), 'not_admitted', 'a member of before');

    // Declined.
    await withIce(back);
    check((await desk.ask({ type: 'decline', participant: customerId, reason: 'wrong_person' })).type === 'ok', 'declining');
    check((await back.socket.message((one) => one.type === 'declined'))?.reason === 'wrong_person' && (await back.socket.code()) === 1000, 'the declined person is not told');
    await outside(back, 'declined');

    // Let in again, then removed by a Roster.
    const again = await withIce(await waiting(stack, meeting.link));
    const second_roster = () => adviser.roster(welcome, [adviser.member(1), again.device.member(3)], first);
    let newest;
    await roster(desk, () => (newest = second_roster()));
    await again.socket.message((one) => one.type === 'admitted');
    await roster(desk, () => adviser.roster(welcome, [adviser.member(1)], newest));
    refused(await again.socket.ask({ type: 'share.start' }), 'not_admitted', 'a removed member shares');
    refused(await again.socket.ask({ type: 'e2ee', m: again.device.sign('Progress', { ...base, epoch: 2, from: 3, last: [], final: true }) }), 'not_admitted', 'a removed member');

    // A fresh link puts out whoever came by the old one.
    const issued = await agent.call('POST', `/meetings/${meeting.id}/link`);
    check(issued.status === 201, `a fresh link: ${issued.status}`);
    check((await again.guest.call('GET', '/guest')).status === 401, 'the session of the old link lives on');
    refused((await again.guest.enter({}, { ready: false })).answer, 'session.missing', 'the session of the old link');
    console.log('  old link socket', again.socket.tcp.destroyed, await Promise.race([again.socket.closed, new Promise((r) => setTimeout(r, 500, 'open'))]));

    // Left for good: the device has no session any more.
    const last = await withIce(await waiting(stack, issued.body.link));
    check((await last.guest.call('DELETE', '/guest')).status === 204, 'forgetting');
    console.log('  forgotten socket', await Promise.race([last.socket.closed, new Promise((r) => setTimeout(r, 500, 'open'))]));
    refused((await last.guest.enter({ resume: { token: last.welcome.resume, last_n: 0 } }, { ready: false })).answer, 'session.missing', 'a forgotten session');

    // Over.
    const witness = await waiting(stack, issued.body.link);
    await withIce(witness);
    check((await desk.ask({ type: 'end' })).type === 'ok', 'the end');
    check((await witness.socket.code()) === 1000, 'a socket outlives the meeting');
    for (const more of [{}, { resume: { token: witness.welcome.resume, last_n: 0 } }]) refused((await witness.guest.enter(more, { ready: false })).answer, ['meeting.over', 'session.missing'], 'after the end');
    check(!(await stunAnswers(stack.port, witness.ice)), 'after the end: the ICE password is answered');
    const timeline = await agent.call('GET', `/meetings/${meeting.id}/timeline`);
    check(!timeline.body.items.some((entry) => entry.type.startsWith('recording.')), 'something was recorded');
    check((await agent.call('POST', '/audit/verify')).status === 403, 'an agent verifies the log');
  }));
