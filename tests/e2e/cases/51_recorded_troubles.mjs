// Faults A1 and A2 in real Chromium: whatever happens to a microphone, a computer or a network in the call, the recorded voice
// lies where it was spoken, beside its own picture and the other person's, and what is not there is named. The same on virtual
// time, forty times: tests/simulation/recorded_troubles_test.cpp.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { heardOf, picturesOf } from '../lib/flashes.mjs';
import { listen } from '../lib/listening.mjs';
import { manifestOf } from '../lib/manifest.mjs';
import { Network } from '../lib/network.mjs';
import { flashingDevices } from '../lib/patches.mjs';
import { api, endCall, inCall, meet, reviewRecording } from '../lib/story.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function numbersFrom(seed) {
  let state = (seed * 2654435761) >>> 0;
  return (least, most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return least + ((most - least) * state) / 4294967296;
  };
}

/** All processes of a person's browser stand still, as those of a computer that sleeps. */
async function processesOf(person) {
  const session = await person.browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.map(({ id }) => id);
}

/** Each does its trouble to a person for `ms`; returns when it is over. `hole`: sound is missing meanwhile. */
const troubles = {
  stall: { hole: true, async run({ page }, ms) {
    await page.evaluate(() => globalThis.devices.stall(true));
    await pause(ms);
    await page.evaluate(() => globalThis.devices.stall(false));
  } },
  sleep: { hole: true, async run(person, ms) {
    const ids = await processesOf(person);
    for (const id of ids) process.kill(id, 'SIGSTOP');
    await pause(ms);
    for (const id of ids.reverse()) process.kill(id, 'SIGCONT');
  } },
  unplug: { hole: true, async run(person, ms) {
    await person.page.evaluate(() => globalThis.devices.unplug());
    await pause(ms);
    await person.get('toggle-microphone').click();
    await person.get('toggle-camera').click();
  } },
  cut: { hole: true, async run({ network }, ms) {
    network.cut();
    await pause(ms);
    network.mend();
  } },
  loss: { hole: false, async run({ network }, ms) {
    network.lossPermille = 30;
    await pause(ms);
    network.lossPermille = 0;
  } },
  stallInCut: { hole: true, async run(person, ms) {
    person.network.cut();
    await pause(ms / 3);
    await troubles.stall.run(person, ms / 3);
    await pause(ms / 3);
    person.network.mend();
  } },
  size: { hole: false, async run({ page }, ms) {
    await page.evaluate(() => globalThis.devices.size(640, 360));
    await pause(ms);
  } },
  // Only of the customer: an adviser who reloads is asked for devices anew.
  reload: { hole: false, customer: true, async run(person) {
    await person.page.reload();
    // The drawn sound of a page that is loaded anew begins with the first touch, as a browser has it.
    await person.page.mouse.click(200, 600);
    await inCall([person]);
  } },
};
const kinds = Object.keys(troubles);

// Four to a call. ./dev test --long has ten calls, with forty of them.
const calls = process.env.PARLOUR_LONG ? 10 : 1;
for (let number = 0; number < calls; number++) {
  const seeds = [0, 1, 2, 3].map((at) => 4 * number + at);
  test.alone(`fault A1 A2: recorded troubles ${seeds.join(', ')} in Chromium: each tone beside its flash, and what was missing is named`, () =>
    scene(`troubles-${number}`, async (stack, person) => {
      const networks = [];
      try {
        const { agent, customer } = await meet(person, 'required', async (one) => {
          await flashingDevices(one);
          one.network = await Network.between(stack.port, { seed: number + 1 });
          networks.push(one.network);
          await one.network.lead(one);
        });
        await pause(5000);
        const done = [];
        for (const seed of seeds) {
          const between = numbersFrom(seed + 1);
          const kind = kinds[(number + seed) % kinds.length];
          const who = troubles[kind].customer || between(0, 2) < 1 ? customer : agent;
          const from = Date.now();
          await troubles[kind].run(who, Math.round(between(2000, 5500)));
          done.push({ kind, who: who.name, from, to: Date.now(), hole: troubles[kind].hole });
          await pause(6500);
        }
        console.log(`  ${done.map((one) => `${one.kind} of the ${one.who}, ${one.to - one.from} ms`).join('; ')}`);
        await endCall(agent);
        const { officer, recording } = await reviewRecording(person);
        const manifest = manifestOf(stack, recording.id);
        const files = await downloaded(officer, stack, recording);
        judge(manifest, files, done);
      } finally {
        for (const network of networks) network.close();
      }
    }));
}

async function downloaded(officer, stack, recording) {
  const play = await api(officer, 'POST', `/recordings/${recording.id}/download`, { reason: 'The supervisor has asked for it.' });
  const files = {};
  for (const track of play.body.tracks) {
    const base64 = await officer.page.evaluate(async (url) => {
      const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
      let text = '';
      for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
      return btoa(text);
    }, track.url);
    const name = track.role === 'staff' ? 'agent' : 'customer';
    const path = join(stack.home, `${name}.webm`);
    writeFileSync(path, Buffer.from(base64, 'base64'));
    files[name] = { path, tones: heardOf(path), flashes: picturesOf(path).flashes, track };
  }
  return files;
}

const near = (spans, at, reach) => spans.some(([from, to]) => at > from - reach && at < to + reach);
const nearest = (values, at) => values.reduce((best, one) => (Math.abs(one - at) < Math.abs(best - at) ? one : best), Infinity);

/** Own tone at own flash, and the other's at the same even second, wherever neither was missing. */
function judge(manifest, files, done) {
  const zero = manifest.started_ms;
  const seen = new Map();
  for (const [name, { tones, flashes, track }] of Object.entries(files)) {
    // A flash at the edge of a hole may have begun inside it.
    const clear = (at) => !near(track.filled, at, 450) && track.pictures.some(([from, to]) => at > from + 450 && at < to - 450);
    let pairs = 0;
    for (const flash of flashes.filter(clear)) {
      const tone = nearest(tones, flash);
      check(Math.abs(tone - flash) <= 60, `${name}: the flash at ${flash.toFixed(0)} ms has its tone ${(tone - flash).toFixed(0)} ms away (${tones.map(Math.round)})`);
      pairs++;
      const second = Math.round((zero + flash) / 2000) * 2000;
      seen.set(second, [...(seen.get(second) ?? []), flash, tone]);
    }
    console.log(`  ${name}: ${pairs} flashes with their tones; silence put in: ${track.filled.map(([from, to]) => `${from}–${to}`).join(', ')}`);
    check(pairs >= 8, `${name}: only ${pairs} flashes to compare`);
  }
  for (const [second, all] of seen) {
    const apart = Math.max(...all) - Math.min(...all);
    check(apart <= 60, `at ${second - zero} ms sound and picture of the two are ${apart.toFixed(0)} ms apart`);
  }
  for (const { kind, who, from, to } of done.filter((one) => one.hole)) {
    const participant = manifest.participants.find((one) => one.role === who).id;
    const { gaps } = manifest.tracks.find((one) => one.participant === participant && one.kind === 'audio');
    // The test knows when it asked for it, the browser when it happened.
    const named = gaps.find((gap) => Math.abs(gap.from_ms + zero - from) < 400 && Math.abs(gap.to_ms + zero - to) < 900);
    check(named !== undefined, `${kind} of the ${who} from ${from - zero} to ${to - zero} is not named: ${JSON.stringify(gaps)}`);
    check(near(files[who].track.filled, (from + to) / 2 - zero, 0), `${kind} of the ${who} is not in what was filled`);
    check(manifest.coverage_permille < 1000, 'nothing is missing from the coverage');
  }
}

/** What came out of a media element: as many tones as flashes, each within 60 ms. */
function besideEachOther({ tones, flashes }, where, least = 8) {
  const apart = flashes.map((flash) => nearest(tones, flash) - flash).filter((one) => Math.abs(one) < 900);
  console.log(`  ${where}: ${apart.map((one) => one.toFixed(0)).join(', ')} ms`);
  check(apart.length >= least, `${where}: only ${apart.length} flashes with a tone`);
  check(apart.every((one) => Math.abs(one) <= 60), `${where}: tones are away from their flashes by ${apart.map(Math.round)} ms`);
}

test.alone('fault A2: ten minutes with lost packets and a cut are listened to in Chromium: at the start, over the cut, in the middle, at the end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parlour-listening-'));
  try {
    const program = join(process.env.PARLOUR_BUILD ?? join(root, 'build/release'), 'tests/simulation/simulation_recorded_troubles_test');
    execFileSync(program, ['--gtest_filter=*FaultA2SoundStaysBesideThePictureToTheEnd*', '--gtest_brief=1'], { env: { ...process.env, PARLOUR_LISTENING: folder }, stdio: 'pipe' });
    const stretches = process.env.PARLOUR_LONG
      ? [{ from: 0, seconds: 120 }, { from: 482, seconds: 115 }]
      : [{ from: 0, seconds: 7 }, { from: 55, seconds: 13 }, { from: 296, seconds: 7 }, { from: 590, seconds: 7 }];
    const heard = await listen(join(folder, 'ten-minutes.webm'), stretches);
    for (const [at, one] of heard.entries()) besideEachOther(one, `from ${stretches[at].from} s`, Math.min(50, Math.floor(stretches[at].seconds / 2 - 1.5)));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
