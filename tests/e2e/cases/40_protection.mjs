// Nothing readable outside the browsers and the vault, shown on a real call: what the server receives, what is on the wire, in
// files and in memory. Numbers are those of the acceptance list for end-to-end encryption.
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { inFiles, inMemory } from '../lib/memory.mjs';
import { keepSecrets, plainOnDemand, spoiledTransforms } from '../lib/patches.mjs';
import { admit, api, comeIn, endCall, inCall, logIn, review, reviewRecording, schedule } from '../lib/story.mjs';
import { decodableVp8, entropy, framesOf } from '../lib/witness.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Captures the server's port on the loopback interface; null where that is not permitted. */
async function capture(stack, file) {
  const tcpdump = spawn('tcpdump', ['-i', 'lo', '-U', '-s', '0', '-B', '8192', '-w', file, `port ${stack.port}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  tcpdump.stderr.on('data', (text) => { said += text; });
  const ended = new Promise((resolve) => { tcpdump.once('exit', () => resolve('ended')); tcpdump.once('error', () => resolve('ended')); });
  const listening = until('tcpdump listens', () => said.includes('listening'), 5).catch(() => 'ended');
  if ((await Promise.race([ended, listening])) === 'ended') {
    console.log(`skipped: the wire itself (tcpdump: ${said.trim().split('\n').pop()})`);
    return null;
  }
  return async () => { tcpdump.kill('SIGINT'); await ended; };
}

/** The private scalars of the vault's keys, as they would stand in memory. */
function vaultKeys(home) {
  const out = {};
  const directory = join(home, 'vault/keys');
  for (const name of readdirSync(directory)) {
    const text = readFileSync(join(directory, name), 'utf8');
    if (name.endsWith('.pem') && text.includes('PRIVATE')) out[`vault ${name}`] = Buffer.from(createPrivateKey(text).export({ format: 'jwk' }).d, 'base64url');
    else if (name.endsWith('.seed')) out[`vault ${name}`] = Buffer.from(text.trim(), 'hex');
  }
  return out;
}

test.alone('e2ee 01, 02, 05, 07: what the server, the wire, files and memory hold of a recorded call', () =>
  scene('nothing-readable', async (stack, person) => {
    const wire = join(stack.home, 'wire.pcap');
    const stopCapture = await capture(stack, wire);
    const agent = await person('agent');
    const customer = await person('customer', { width: 390, height: 844 });
    for (const one of [agent, customer]) await keepSecrets(one);
    await logIn(agent, stack.accounts.agent);
    const name = 'Quirina Canary-Zoetemelk';
    const email = 'q.canary.zoetemelk@example.org';
    const link = await schedule(agent, 'required', { name, email });
    const [token, secret] = link.split('#')[1].split('.');
    await agent.page.keyboard.press('Escape');
    await comeIn(customer, link);
    await admit(agent);
    await inCall([agent, customer]);
    await pause(4000);

    const secrets = { keys: new Set(), pieces: new Set() };
    const collect = async () => {
      for (const one of [agent, customer]) {
        const kept = await one.secrets();
        for (const key of kept.keys) secrets.keys.add(key);
        for (const piece of kept.pieces) secrets.pieces.add(piece);
      }
    };
    await collect();
    const video = [...secrets.pieces].filter((piece) => piece.startsWith('video'));
    const audio = [...secrets.pieces].filter((piece) => piece.startsWith('audio'));
    check(secrets.keys.size >= 6 && video.length > 20 && audio.length > 20, `the altered client kept too little: ${secrets.keys.size} keys, ${video.length} + ${audio.length} pieces`);
    const needles = vaultKeys(stack.home);
    check(Object.keys(needles).length >= 4, 'no vault keys');
    needles['secret of the link'] = Buffer.from(secret);
    [...secrets.keys].forEach((key, index) => { needles[`key ${index}`] = Buffer.from(key, 'hex'); });
    for (const piece of [...video.slice(-30), ...audio.slice(-30)]) needles[piece] = Buffer.from(piece.split(' ')[1], 'hex');

    // 02: a core dump of the server in the call. That looking finds what is there is shown by the name, which may be.
    const memory = inMemory(stack.serve.pid, { ...needles, name: Buffer.from(name) });
    check(memory.found.includes('name'), `the search found nothing in ${memory.looked} bytes`);
    check(memory.found.length === 1, `in the server's memory: ${memory.found.filter((one) => one !== 'name').join(', ')}`);

    // 05: the worker dies: nothing plain follows, and the page is back under a new endpoint by itself.
    const before = stack.witness.packets().length;
    const worker = customer.page.workers().find((one) => one.url().includes('worker'));
    const heard = new Promise((resolve) => worker.once('close', resolve));
    await worker.evaluate(() => setTimeout(() => self.close(), 0)).catch(() => {});
    await Promise.race([heard, pause(3000)]);
    await until('the customer is in the call again', async () => stack.witness.packets().length > before && (await customer.page.locator('[data-testid=encryption-fact][data-established=true]').count()) > 0, 40);
    await inCall([agent, customer], 40);

    // 07: both connections are rebuilt inside an epoch.
    for (const one of [agent, customer]) one.expected = (text) => /WebSocket|ERR_CONNECTION|Failed to load resource/.test(text);
    await pause(2000);
    await stack.killServe();
    await stack.startServe();
    await inCall([agent, customer], 40);
    await pause(3000);
    await collect();
    await endCall(agent);
    if (stopCapture) await stopCapture();

    // 01: what the server received.
    const frames = framesOf(stack.witness.packets());
    const pictures = frames.filter((frame) => frame.kind === 'video');
    const sounds = frames.filter((frame) => frame.kind === 'audio');
    check(pictures.length > 100 && sounds.length > 300, `${pictures.length} pictures and ${sounds.length} pieces of sound arrived`);
    check(pictures.every((frame) => frame.shim > 0), 'a picture without its shim');
    for (const frame of pictures) {
      const sealed = frame.data.subarray(frame.shim, frame.shim + 32);
      check(!sealed.includes(Buffer.from([0x9d, 0x01, 0x2a])), 'a VP8 start code outside the shim');
    }
    check(pictures.some((frame) => frame.shim === 10), 'no key frame came');
    const decoded = decodableVp8(pictures.map((frame) => frame.data), stack.home) + decodableVp8(pictures.map((frame) => frame.data.subarray(frame.shim + frame.size)), stack.home);
    check(decoded === 0, `FFmpeg decodes ${decoded} frames`);
    const sealed = Buffer.concat(frames.map((frame) => frame.data.subarray(frame.shim + frame.size)));
    check(sealed.length > 200_000, `only ${sealed.length} bytes`);
    check(entropy(sealed) > 7.99, `entropy ${entropy(sealed)}`);

    // 07: no (KID, CTR) twice, over worker, connections and server lives of one endpoint; epochs are never used again.
    const seen = new Map();
    for (const frame of frames) {
      const counter = `${frame.kid}/${frame.ctr}`;
      check(!seen.has(counter) || seen.get(counter).equals(frame.data), `KID ${frame.kid} CTR ${frame.ctr} was used for two frames`);
      seen.set(counter, frame.data);
    }
    const epochs = new Set(frames.map((frame) => Math.floor(frame.kid / 4096)));
    check(epochs.size >= 2, 'the rejoin made no new epoch');

    // 02: at rest and on the wire.
    await reviewRecording(person);
    const personal = { name: Buffer.from(name), email: Buffer.from(email), token: Buffer.from(token) };
    const database = (path) => /parlour\.db/.test(path);
    const media = (path) => path === wire || path === stack.witness.rtp || path.endsWith('.ivf') || path.includes('/vault/keys');
    const everywhere = inFiles([stack.home], needles, media);
    check(everywhere.found.length === 0, `keys or media in files: ${JSON.stringify(everywhere.found)}`);
    const people = inFiles([stack.home], personal, (path) => media(path) || database(path));
    check(people.found.length === 0, `personal data in files: ${JSON.stringify(people.found)}`);
    const databases = inFiles([stack.home], { token: personal.token }, (path) => media(path));
    check(databases.found.length === 0, 'the link stands in the database');
    if (stopCapture) {
      check(statSync(wire).size > 500_000, 'nothing was captured');
      const onWire = inFiles([wire], { ...needles, ...personal });
      check(onWire.found.length === 0, `on the wire: ${onWire.found.map((one) => one.name).join(', ')}`);
    }
  }, { witness: true }));

/** A customer with an altered client; its page has shown that it can encrypt, and misbehaves from `spoil` on. */
async function spoiledCall(stack, person, alter) {
  const agent = await person('agent');
  const customer = await person('customer', { width: 390, height: 844 });
  await alter(customer);
  await logIn(agent, stack.accounts.agent);
  const link = await schedule(agent, 'required');
  await agent.page.keyboard.press('Escape');
  await customer.page.goto(link);
  await customer.get('start').click();
  await customer.get('allow-both').click();
  await customer.get('device-continue').waitFor();
  await customer.page.evaluate(() => { globalThis.spoil = true; });
  await customer.get('device-continue').click();
  await customer.get('notice-continue').click();
  await customer.get('waiting-room').waitFor();
  await admit(agent);
  return { agent, customer };
}

const timelineOf = async (agent) => {
  const { body } = await api(agent, 'GET', '/meetings');
  return (await api(agent, 'GET', `/meetings/${body.items[0].id}/timeline`)).body.items;
};

async function toldAndLogged(agent, customer) {
  await until('the customer is told what was stopped', async () => /not encrypted as agreed/.test(await customer.page.locator('body').innerText()), 30);
  await agent.get('other-stopped').waitFor();
  await until('the audit log names it', async () => (await timelineOf(agent)).some((entry) => entry.type === 'plaintext_guard'));
}

/** Frames that are not SFrame under a key identifier that somebody in this call may use. */
const plainOnes = (stack) => framesOf(stack.witness.packets()).filter((frame) => {
  if (frame.shim < 0) return true;
  const [epoch, idx, slot] = [Math.floor(frame.kid / 4096), Math.floor(frame.kid / 16) % 256, frame.kid % 16];
  return epoch < 1 || epoch > 9 || idx > 9 || (slot === 0) !== (frame.kind === 'audio');
});

const framesShown = (agent) => agent.page.evaluate(() => [...document.querySelectorAll('[data-testid=remote-picture] video, video[data-testid=remote-picture]')].reduce((sum, video) => sum + video.getVideoPlaybackQuality().totalVideoFrames, 0));

async function endedRecordings(stack, person, agent) {
  await endCall(agent);
  const { officer, meeting } = await review(person);
  return until('the recording ends in a state', async () => {
    const { items } = (await api(officer, 'GET', `/meetings/${meeting.id}/recordings`)).body;
    return items.every((item) => ['verified', 'failed'].includes(item.state)) ? items : null;
  }, 40);
}

for (const [how, words] of [['late', 'set 50 ms late'], ['never', 'never set']]) {
  test(`e2ee 04: a client whose transform is ${words} is stopped, and nothing of it gets through`, () =>
    scene(`guard-${how}`, async (stack, person) => {
      const { agent, customer } = await spoiledCall(stack, person, (one) => spoiledTransforms(one, how));
      await toldAndLogged(agent, customer);
      await customer.screenshot(`guard-${how}-customer`);
      await agent.screenshot(`guard-${how}-agent`);
      check(plainOnes(stack).length > 0, 'the altered client sent nothing unencrypted: this test shows nothing');
      check((await framesShown(agent)) === 0, 'the adviser saw a picture of it');
      for (const item of await endedRecordings(stack, person, agent)) check(item.tracks.every((track) => track.role === 'staff'), `the customer's stream is in the recording: ${JSON.stringify(item.tracks)}`);
    }, { witness: true }));
}

test('e2ee 04: a client that goes over to plaintext in mid-call is stopped within a frame', () =>
  scene('guard-plain', async (stack, person) => {
    const { agent, customer } = await spoiledCall(stack, person, plainOnDemand);
    await inCall([agent, customer]);
    const before = await framesShown(agent);
    await customer.goPlain();
    await toldAndLogged(agent, customer);
    check(plainOnes(stack).length > 0, 'the altered client sent nothing unencrypted: this test shows nothing');
    await pause(1000);  // what waits in the receiver's jitter buffer
    const after = await framesShown(agent);
    await pause(1500);
    check(before > 0 && (await framesShown(agent)) === after, 'pictures go on after the guard');
    const recordings = await endedRecordings(stack, person, agent);
    check(recordings.length === 1 && recordings[0].state === 'verified', `the recording of what was encrypted: ${JSON.stringify(recordings)}`);
  }, { witness: true }));

test('e2ee 04: a client whose transform is taken away in mid-call sends nothing unencrypted', () =>
  scene('guard-null', async (stack, person) => {
    const { agent, customer } = await spoiledCall(stack, person, (one) => spoiledTransforms(one, 'null'));
    await inCall([agent, customer]);
    await until('its pictures stop', async () => { const seen = await framesShown(agent); await pause(700); return (await framesShown(agent)) === seen; });
    const frames = framesOf(stack.witness.packets());
    check(frames.length > 50 && plainOnes(stack).length === 0, 'a plain frame arrived');
    await endCall(agent);
  }, { witness: true }));
