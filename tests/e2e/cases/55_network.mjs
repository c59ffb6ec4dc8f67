// Networks that real people sit in: one that lets no UDP through, one that loses the first datagrams, and a browser that sends
// sound at a variable rate whatever was agreed.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeMedia, silenceAtEnd } from '../lib/people.mjs';
import { until } from '../lib/stack.mjs';
import { Network } from '../lib/network.mjs';
import { check, scene } from '../lib/scene.mjs';
import { admit, api, arrive, comeIn, endCall, inCall, logIn, meet, review, schedule } from '../lib/story.mjs';
import { variableRate } from '../lib/patches.mjs';
import { framesOf } from '../lib/witness.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const bodyText = (person) => person.page.locator('body').innerText();
const untrue = /network good|(?<!until )picture and sound get through|In conversation|^Recording$|The conversation was ended|Picture and sound of the conversation/im;

async function axeClean(person, where) {
  const faults = await person.axe();
  check(faults.length === 0, `${where}: ${faults.join('; ')}`);
}

test('fault B4: a network that passes only TCP: true words on every page of both sides, and on by itself when UDP works', () =>
  scene('no-udp', async (stack, person) => {
    const network = await Network.between(stack.port);
    network.cut();
    const agent = await person('agent');
    const customer = await person('customer', { width: 390, height: 844 });
    await network.lead(customer);
    await logIn(agent, stack.accounts.agent);
    const link = await schedule(agent, 'required');
    await agent.page.keyboard.press('Escape');

    // The device check measures the media path itself, and names the number to call.
    await customer.page.goto(link);
    await customer.get('start').click();
    await customer.get('allow-both').click();
    await until('the device check says that nothing gets through', async () => (await customer.get('network-word').getAttribute('data-network')) === 'none', 20);
    await customer.get('no-path').waitFor();
    check(/mobile data/.test(await bodyText(customer)) && /020 555 0100/.test(await bodyText(customer)), 'no next step, or no number');
    check((await customer.get('contact-telephone').getAttribute('href')) === 'tel:0205550100', 'the number cannot be dialled');
    await axeClean(customer, 'device check');
    await customer.screenshot('no-udp-check');
    check(!untrue.test(await bodyText(customer)), `device check: ${await bodyText(customer)}`);
    await customer.get('device-continue').click();
    await customer.get('notice-continue').click();
    await customer.get('waiting-room').waitFor();

    // The waiting room within 10 s; the adviser before admitting.
    await customer.get('waiting-no-path').waitFor({ timeout: 13000 });
    await axeClean(customer, 'waiting room');
    await customer.screenshot('no-udp-waiting');
    check(!untrue.test(await bodyText(customer)), `waiting room: ${await bodyText(customer)}`);
    await agent.get('nav-waiting').click();
    await agent.get('waiting-no-path').waitFor({ timeout: 13000 });
    check(/cannot be reached: no media path/.test(await bodyText(agent)), `the adviser's list: ${await bodyText(agent)}`);
    check(!untrue.test(await bodyText(agent)), `the adviser's list: ${await bodyText(agent)}`);
    await axeClean(agent, 'the list');
    await agent.screenshot('no-udp-list');

    // Admitted all the same: both read why nothing comes, nothing is lit, nothing is recorded.
    await admit(agent);
    await customer.get('call-no-path').waitFor({ timeout: 15000 });
    await agent.get('other-no-path').waitFor({ timeout: 15000 });
    await pause(3000);
    for (const one of [agent, customer]) {
      check(!untrue.test(await bodyText(one)), `${one.name} in the call: ${await bodyText(one)}`);
      check((await one.get('recording-fact').first().getAttribute('data-fact')) !== 'on', `${one.name}: Recording is lit`);
      check((await one.page.locator('[data-testid=encryption-fact][data-established=true]').count()) === 0, `${one.name}: "Encrypted" although nobody is connected`);
      await axeClean(one, `${one.name} in the call`);
      await one.screenshot(`no-udp-call-${one.name}`);
    }
    const arrived = framesOf(stack.witness.packets()).length;
    check(arrived === 0, `${arrived} frames arrived: somebody speaks to nobody, on the record`);

    // The network lets UDP through: no touch.
    network.mend();
    await inCall([agent, customer], 60);
    await until('Recording is lit', async () => (await customer.get('recording-fact').first().getAttribute('data-fact')) === 'on');
    check((await customer.get('call-no-path').count()) === 0 && (await agent.get('other-no-path').count()) === 0, 'the words stay');
    await endCall(agent);
    await customer.get('goodbye').waitFor();
    check((await customer.get('goodbye').getAttribute('data-recorded')) === 'true', 'the goodbye denies the recording');
    network.close();
  }, { witness: true, serve: ['--contact-telephone', '020 555 0100'] }));

test('fault B4: a call that never came about is called none, on both sides and in the log', () =>
  scene('no-udp-goodbye', async (stack, person) => {
    const network = await Network.between(stack.port);
    network.cut();
    const agent = await person('agent');
    const customer = await person('customer', { width: 390, height: 844 });
    await network.lead(customer);
    await logIn(agent, stack.accounts.agent);
    const link = await schedule(agent, 'required');
    await agent.page.keyboard.press('Escape');
    await comeIn(customer, link);
    await admit(agent);
    await agent.get('other-no-path').waitFor({ timeout: 20000 });
    await endCall(agent);
    await customer.get('goodbye').waitFor();
    for (const one of [agent, customer]) {
      check((await one.page.locator('[data-testid=goodbye], [data-testid=agent-ended]').getAttribute('data-no-path')) === 'true', `${one.name}: the network is not named`);
      check(/No conversation took place.*did not pass between/.test(await bodyText(one)), `${one.name}'s goodbye: ${await bodyText(one)}`);
      check(!untrue.test(await bodyText(one)), `${one.name}'s goodbye: ${await bodyText(one)}`);
      await axeClean(one, `${one.name}'s goodbye`);
      await one.screenshot(`no-udp-goodbye-${one.name}`);
    }
    check((await customer.get('goodbye').getAttribute('data-recorded')) === 'false', 'the goodbye claims a recording');
    check((await customer.get('contact-telephone').count()) === 0, 'a number that no setting has');
    const { officer, meeting } = await review(person);
    const { body } = await api(officer, 'GET', `/meetings/${meeting.id}/timeline`);
    check(!body.items.some((entry) => entry.type === 'meeting.started' || entry.type === 'recording.first_packet'), 'the log claims a conversation');
    network.close();
  }));

test('fault I2: every sound frame has one length, muted and speaking, in a browser that ignores cbr', () =>
  scene('sound-length', async (stack, person) => {
    const { agent, customer } = await arrive(person, 'required', variableRate);
    await admit(agent);
    await inCall([agent, customer], 60);
    await pause(4000);
    await agent.get('toggle-microphone').click();
    await pause(3000);
    await agent.get('toggle-microphone').click();
    await pause(2000);
    const sounds = framesOf(stack.witness.packets()).filter((frame) => frame.kind === 'audio');
    check(sounds.length > 400, `${sounds.length} pieces of sound`);
    const lengths = new Set(sounds.map((frame) => frame.data.length));
    console.log(`  ${sounds.length} sound frames, lengths: ${[...lengths].join(', ')}`);
    check(lengths.size === 1, `lengths of sound: ${[...lengths].sort((a, b) => a - b).join(', ')}`);
    // Before the padding they differ: otherwise nothing was shown.
    for (const one of [agent, customer]) check((await one.page.evaluate(() => globalThis.answeredCbr ?? null)) === 'cbr=0', `${one.name}'s browser did not ignore cbr`);
    await inCall([agent, customer], 60);
  }, { witness: true }));

test('fault I3: a ClientHello in two datagrams, each of which is lost once', () =>
  scene('lost-hello', async (stack, person) => {
    const networks = [];
    const { agent, customer } = await meet(person, 'never', async (one) => {
      const network = await Network.between(stack.port);
      // The first datagram of the first ClientHello, the second one of its repetition, and the server's first answer.
      network.loses = { up: new Set([0, 3]), down: new Set([0]) };
      networks.push(network);
      await network.lead(one);
    });
    for (const network of networks) {
      check(network.handshake.up.length >= 4 && network.handshake.lost >= 2, `the handshake: ${JSON.stringify(network.handshake)}`);
      check(network.handshake.up[0] + network.handshake.up[1] > 1300, `the first flight is one of two datagrams: ${JSON.stringify(network.handshake.up)}`);
    }
    await inCall([agent, customer]);
    for (const network of networks) network.close();
  }));

test('fault I3: test sounds end in silence, for a fake microphone repeats the last 10 ms for ever', async () => {
  const directory = makeMedia();
  const sounds = readdirSync(directory).filter((name) => name.endsWith('.wav'));
  check(sounds.length >= 2, 'there are no test sounds');
  for (const name of sounds) check(silenceAtEnd(join(directory, name)) >= 20, `${name} ends in ${silenceAtEnd(join(directory, name))} ms of silence`);
});
