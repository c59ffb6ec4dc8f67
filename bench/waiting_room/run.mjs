// A waiting room under attack: 200 people with a link each, never admitted, do what they can, beside a recorded call of two
// real browsers. Measured is what everybody else waits for: requests of a console, one after the other.
//
//   node bench/waiting_room/run.mjs [--against CHECKOUT] [--guests 200] [--seconds 30]
//
// CHECKOUT: another checkout with its own build/release and web/dist; it is measured first, and the ratio printed. Each
// checkout runs its own copy of the programs, the pages and the library of the end-to-end tests.
import { execFileSync, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const file = fileURLToPath(import.meta.url);
const here = join(dirname(file), '../..');
const option = (name, fallback) => { const at = process.argv.indexOf(`--${name}`); return at < 0 ? fallback : process.argv[at + 1]; };
const guests = Number(option('guests', 200));
const seconds = Number(option('seconds', 30));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const library = (root, name) => import(pathToFileURL(join(root, 'tests/e2e/lib', name)));

const limits = { p99Ms: 50 };
/** Guests and browsers are at other computers: here they have a processor of their own, apart from the server and who is measured. */
const [othersCore, serverCore] = ['0', availableParallelism() > 1 ? '1' : '0'];
const pin = (pid, core) => execFileSync('taskset', ['-a', '-c', '-p', core, String(pid)], { stdio: 'ignore' });

function percentile(sorted, part) { return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]; }

/** A process of its own for each part, so that none is slowed by the work of another. */
function part(mode, root, input) {
  const child = spawn('taskset', ['-c', mode === 'ask' ? serverCore : othersCore, process.execPath, file, '--part', mode, '--root', root], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, PARLOUR_BUILD: join(root, 'build/release') } });
  let text = '';
  child.stdout.on('data', (piece) => { text += piece; });
  child.stdin.end(JSON.stringify(input));
  return new Promise((done, fail) => child.once('close', (code) => (code === 0 ? done(JSON.parse(text)) : fail(new Error(`${mode} ended with ${code}`)))));
}

async function inputOf() {
  let text = '';
  for await (const piece of process.stdin) text += piece;
  return JSON.parse(text);
}

/** One request after the other by somebody who is logged in. */
async function askAway(root) {
  const { stack, account, ms } = await inputOf();
  const { Caller } = await library(root, 'hostile.mjs');
  const caller = await Caller.staff(stack, account);
  const waits = [];
  const end = Date.now() + ms;
  while (Date.now() < end) {
    const began = performance.now();
    const { status } = await caller.call('GET', waits.length % 2 === 0 ? '/session' : '/status');
    if (status !== 200) throw new Error(`a request was answered with ${status}`);
    waits.push(performance.now() - began);
    await pause(20);
  }
  process.stdout.write(JSON.stringify(waits));
}

/** Each guest says a thousand Hellos and then fifty messages that are refused, and comes again whenever it is shown the door. */
async function attack(root) {
  const { stack, links, ms } = await inputOf();
  const { Caller, Device } = await library(root, 'hostile.mjs');
  const end = Date.now() + ms;
  const counts = { said: 0, closed: 0, entered: 0 };
  const one = async (link) => {
    const guest = await Caller.guest(stack, link).catch(() => null);
    if (guest === null) return;
    for (const step of [() => guest.deviceCheck(), () => guest.notice()]) await step().catch(() => null);
    while (Date.now() < end) {
      const entered = await guest.enter({}, { ready: false }).catch(() => null);
      if (entered === null || entered.answer.type !== 'ok') { entered?.socket.destroy(); await pause(100); continue; }
      counts.entered++;
      const { socket } = entered;
      const welcome = await socket.message((message) => message.type === 'welcome').catch(() => null);
      let gone = welcome === null;
      void socket.closed.then(() => { gone = true; });
      // Signed before, a few in turn: what is measured is the server's work and not that of the guests.
      const device = new Device(2);
      const hellos = Array.from({ length: 8 }, (_, i) => {
        device.ep = Buffer.from(String(i).padStart(16, '0')).toString('base64url');
        return device.hello(welcome.call, 'C. Customer');
      });
      for (let i = 0; i < 1050 && !gone && Date.now() < end; i++) {
        socket.send({ type: 'e2ee', m: hellos[i % 8], id: i + 10 });
        counts.said++;
        // As fast as a reader that still takes its pushes can be.
        await pause(i % 4 === 3 ? 8 : 0);
        socket.messages.length = 0;
      }
      if (gone) counts.closed++;
      socket.destroy();
      await pause(20);
    }
  };
  await Promise.all(links.map(one));
  process.stdout.write(JSON.stringify(counts));
}

async function measure(root) {
  process.env.PARLOUR_BUILD = join(root, 'build/release');
  const [{ Stack }, { Person, makeMedia }, { meet, api, endCall }, { Caller }] = await Promise.all(['stack.mjs', 'people.mjs', 'story.mjs', 'hostile.mjs'].map((name) => library(root, name)));
  makeMedia();
  pin(process.pid, othersCore);
  const stack = await Stack.start();
  for (const one of [stack.serve, stack.vault]) pin(one.pid, serverCore);
  const people = [];
  try {
    const { agent, customer } = await meet(async (name, more) => { const person = await Person.start(name, stack, more); people.push(person); return person; }, 'required');
    const meeting = (await api(agent, 'GET', '/meetings')).body.items[0].id;
    const desk = await Caller.staff(stack, stack.accounts.agent);
    const links = [];
    for (let i = 0; i < guests; i++) links.push((await desk.schedule(stack.types.never)).link);
    const plain = { port: stack.port, baseUrl: stack.baseUrl };
    const quiet = await part('ask', root, { stack: plain, account: stack.accounts.compliance, ms: 5000 });
    const [waits, counts] = await Promise.all([
      part('ask', root, { stack: plain, account: stack.accounts.compliance, ms: seconds * 1000 }),
      part('attack', root, { stack: plain, links, ms: seconds * 1000 }),
    ]);
    await endCall(agent).catch(() => null);
    const story = await desk.call('GET', `/meetings/${meeting}/timeline`);
    const stalls = story.body.items.filter((entry) => entry.type === 'media.stopped' || entry.type === 'recording.gap').length;
    void customer;
    const sorted = [...waits].sort((a, b) => a - b);
    const before = [...quiet].sort((a, b) => a - b);
    return { requests: waits.length, quietP99: percentile(before, 0.99), p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), most: sorted.at(-1), stalls, ...counts };
  } finally {
    for (const person of people) await person.stop().catch(() => {});
    await stack.stop();
  }
}

function tell(name, got) {
  const ms = (value) => `${value.toFixed(1)} ms`;
  console.log(`${name}: ${got.requests} requests of others, p50 ${ms(got.p50)}, p99 ${ms(got.p99)} (before the attack ${ms(got.quietP99)}), longest ${ms(got.most)}; stalls of the recorded call: ${got.stalls}; ` +
    `the attack entered ${got.entered} times, said ${got.said} messages, was closed ${got.closed} times`);
}

if (option('part')) {
  await { ask: askAway, attack }[option('part')](option('root'));
} else {
  const against = option('against');
  const other = against ? await measure(resolve(against)) : null;
  if (other) tell(against, other);
  const got = await measure(here);
  tell('this checkout', got);
  if (other) console.log(`p99: ${(got.p99 / other.p99).toFixed(3)} of the other's`);
  const good = got.p99 <= limits.p99Ms && got.stalls === 0;
  console.log(good ? `within the limits (p99 ${limits.p99Ms} ms, no stall)` : `NOT within the limits (p99 ${limits.p99Ms} ms, no stall)`);
  process.exit(good ? 0 : 1);
}
