// Faults in a call: the server killed, the vault killed or absent. Nothing lost, nothing silent.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, until } from '../lib/stack.mjs';
import { attestedBy, framesFault, manifestOf } from '../lib/manifest.mjs';
import { check, scene } from '../lib/scene.mjs';
import { admit, api, arrive, comeIn, endCall, inCall, logIn, meet, picturesMove, reviewRecording, schedule } from '../lib/story.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test.alone('fault: kill -9 of the server, ten times in a recorded call; browsers come back, at most a second is missing, and named', () =>
  scene('kill-serve', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required');
    for (const one of [agent, customer]) one.expected = (text) => /WebSocket|ERR_CONNECTION|Failed to load resource/.test(text);
    const seed = Number(process.env.PARLOUR_SEED ?? Date.now() % 1_000_000);
    let state = seed;
    const random = () => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 4294967296; };
    console.log(`  PARLOUR_SEED=${seed}`);
    const kills = [];
    for (let i = 0; i < 10; i++) {
      // Also in the moments just after a comeback, when parts are opened and keys acknowledged.
      await pause(i === 0 ? 2500 : random() * 2500);
      kills.push({ at: Date.now() });
      await stack.killServe();
      await stack.startServe();
      kills[i].ready = Date.now();
      await inCall([agent, customer], 40);
      kills[i].back = Date.now();
    }
    await pause(2000);
    await endCall(agent);
    const { officer, meeting, recording } = await reviewRecording(person);
    const manifest = manifestOf(stack, recording.id);
    const gaps = manifest.tracks.flatMap((track) => track.gaps.map((gap) => ({ ...gap, kind: track.kind, from: manifest.started_ms + gap.from_ms, to: manifest.started_ms + gap.to_ms })));
    const lost = [];
    for (const kill of kills) {
      const named = gaps.filter((gap) => gap.cause === 'server' && gap.from <= kill.back && gap.to >= kill.at);
      // A kill before anything flowed again falls into the gap of the kill before it.
      check(named.length > 0, `the gap of a kill is not named: ${JSON.stringify({ kill, gaps })}`);
      const before = kills[kills.indexOf(kill) - 1];
      if (before && named.every((gap) => gap.from < before.ready)) continue;
      lost.push(Math.max(...named.map((gap) => kill.at - gap.from)));
    }
    console.log(`  missing before each kill, ms: ${lost.map((ms) => ms.toFixed(0)).join(', ')}; back after ${kills.map((kill) => ((kill.back - kill.at) / 1000).toFixed(1)).join(', ')} s`);
    check(lost.length >= 5 && lost.every((ms) => ms <= 1000), `more than the last second is missing: ${lost}`);
    const timeline = await api(officer, 'GET', `/meetings/${meeting.id}/timeline`);
    check(timeline.body.items.some((entry) => entry.type === 'recording.gap' && entry.data.cause === 'server'), 'the log does not name the gap');
    const verdict = await api(officer, 'POST', '/audit/verify');
    check(verdict.body.exit === 0, `${verdict.body.text} ${verdict.body.faults}`);
  }));

test('fault: no vault, no recorded call; the other type is untouched', () =>
  scene('no-vault', async (stack, person) => {
    await stack.killVault();
    const { agent, customer } = await arrive(person, 'required');
    await agent.get('nav-waiting').click();
    await agent.get('admit').first().click();
    await agent.get('allow-both').click();
    await agent.get('device-continue').click();
    await until('the adviser is told why nobody can be let in', async () => /recorder|recording|opname/i.test(await agent.page.locator('main, body').first().innerText()));
    check((await customer.get('waiting-room').count()) === 1, 'the customer was let in without a recorder');
    const quiet = await person('quiet', { width: 390, height: 844 });
    await agent.page.goto(`${stack.baseUrl}/console#/today`);
    const link = await schedule(agent, 'never', { name: 'D. Customer', email: 'd@example.org' });
    await agent.page.keyboard.press('Escape');
    await comeIn(quiet, link);
    await agent.get('nav-waiting').click();
    await agent.page.locator('[data-testid=waiting-person]', { hasText: 'D. Customer' }).getByTestId('admit').click();
    await inCall([agent, quiet]);
  }));

test('fault H4: a server whose vault is not there shows one page that says what it waits for, and goes on by itself', () =>
  scene('locked', async (stack, person) => {
    await stack.stopServe();
    await stack.killVault();
    stack.launchServe();
    await until('the server is locked', () => stack.log('serve').includes('server.locked'));
    const customer = await person('customer', { width: 390, height: 844 });
    const officer = await person('officer');
    for (const one of [customer, officer]) one.expected = (text) => /Failed to load resource/.test(text);
    await customer.page.goto(`${stack.baseUrl}/j#${'k'.repeat(43)}`);
    await officer.page.goto(`${stack.baseUrl}/console`);
    for (const one of [customer, officer]) {
      await one.get('closed-locked').waitFor();
      check(/waits for its vault/.test(await one.get('closed-locked').innerText()), await one.get('closed-locked').innerText());
      await one.get('closed-code').waitFor();
      await one.screenshot(`locked-${one.name}`);
    }
    await customer.get('language-nl').click();
    check(/wacht op zijn kluis/.test(await customer.get('closed-locked').innerText()), 'not in Dutch');
    stack.startVault();
    await officer.get('login-submit').waitFor({ timeout: 20_000 });
    await until('the customer is where the link leads', async () => (await customer.get('closed-locked').count()) === 0, 20);
    check(new URL(customer.page.url()).pathname === '/j', customer.page.url());
  }));

test('fault H4: a database put back to an earlier moment is not served, and the closed server says so', () =>
  scene('rolled-back', async (stack, person) => {
    await stack.stopServe();
    const database = join(stack.home, 'parlour.db');
    const early = readFileSync(database);
    await stack.startServe();
    await stack.stopServe();
    for (const rest of ['-wal', '-shm']) rmSync(database + rest, { force: true });
    writeFileSync(database, early);
    // With the vault there it does not start; without it, it waits, and then says that it is closed.
    stack.launchServe();
    await until('it ends', () => stack.serve.exitCode !== null);
    check(stack.serve.exitCode === 1 && /head\.rollback/.test(stack.log('serve')), stack.log('serve').slice(-800));
    await stack.killVault();
    stack.launchServe();
    await until('the server is locked', () => stack.log('serve').includes('server.locked'));
    const officer = await person('officer');
    officer.expected = (text) => /Failed to load resource/.test(text);
    await officer.page.goto(`${stack.baseUrl}/console`);
    await officer.get('closed-locked').waitFor();
    stack.startVault();
    await officer.get('closed-alarm').waitFor({ timeout: 20_000 });
    check(/head\.rollback/.test(await officer.get('closed-code').innerText()), await officer.get('closed-code').innerText());
    await officer.screenshot('closed-alarm');
    check(!existsSync(join(stack.home, 'serve.json')), 'a closed server says that people can come');
  }));

test('fault: no free disk, no recorded call', () =>
  scene('no-disk', async (stack, person) => {
    const { agent, customer } = await arrive(person, 'required');
    await agent.get('nav-waiting').click();
    await agent.get('admit').first().click();
    await agent.get('allow-both').click();
    await agent.get('device-continue').click();
    await until('the adviser is told why nobody can be let in', async () => /recorder|recording/i.test(await agent.page.locator('body').innerText()));
    check((await customer.get('waiting-room').count()) === 1, 'the customer was let in without a recorder');
    // A watermark that no disk reaches stands for a full disk.
  }, { serve: ['--free-mib-min', '16000000'] }));

test('fault: kill -9 of the vault in a call; the recording goes on and is opened when it is back', () =>
  scene('kill-vault', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required');
    await stack.killVault();
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await until('the call goes on without the vault', () => picturesMove(customer), 5);
    await endCall(agent);
    stack.startVault();
    const { recording } = await reviewRecording(person);
    check(recording.coverage_permille >= 990, `coverage ${recording.coverage_permille}`);
  }));

test('fault: kill -9 of the vault when the call has just ended; it opens the recording when it is back', () =>
  scene('kill-vault-after', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required');
    await pause(4000);
    await endCall(agent);
    await stack.killVault();
    await pause(1000);
    stack.startVault();
    const { recording } = await reviewRecording(person);
    check(recording.coverage_permille >= 990 && recording.gaps.length === 0, `coverage ${recording.coverage_permille}, ${recording.gaps.length} gaps`);
  }));

/** The shipped type that must be recorded, with the shortest time until a call without recording ends. */
function impatientType() {
  const document = JSON.parse(readFileSync(join(root, 'deploy/demo/wealth-management.json'), 'utf8'));
  document.recording.loss_end_s.value = 10;
  const path = join(mkdtempSync(join(tmpdir(), 'parlour-type-')), 'type.json');
  writeFileSync(path, JSON.stringify(document));
  return path;
}

/** Media stop, both read why, in words of their own. */
async function stopsWith(reason, { agent, customer }) {
  await agent.get('recording-stopped').waitFor({ timeout: 15_000 });
  await customer.get('recording-stopped').waitFor();
  const [staff, guest] = [await agent.get('recording-stopped').innerText(), await customer.get('recording-stopped').innerText()];
  check(reason.test(staff) && /The customer reads/.test(staff), `the adviser reads: ${staff}`);
  check(/may only go on while it is recorded/.test(guest), `the customer reads: ${guest}`);
  for (const one of [agent, customer]) {
    check(!(await picturesMove(one)), `${one.name} still sees a moving picture`);
    check((await one.get('speaking').count()) === 0, `${one.name} reads that somebody is speaking`);
    check(/not|stopped|Not/.test(await one.get('recording-fact').innerText()) || (await one.get('recording-fact').getAttribute('data-fact')) !== 'on', `REC is lit: ${await one.get('recording-fact').innerText()}`);
  }
}

async function backAgain({ agent, customer }) {
  for (const one of [agent, customer]) {
    await until(`${one.name} reads that it goes on`, async () => (await one.get('recording-stopped').count()) === 0, 20);
    await until(`${one.name} sees a moving picture again`, () => picturesMove(one), 20);
  }
}

const typesOf = async (who, id) => (await api(who, 'GET', `/meetings/${id}/timeline`)).body.items;

test('fault: a store that stalls in a call stops media with words for both sides; back, and then not: the call ends', () =>
  scene('stall', async (stack, person) => {
    const both = await meet(person, 'required');
    const { agent, customer } = both;
    await pause(2000);
    stack.witness.stall();
    await stopsWith(/does not write to its disk in time/, both);
    await agent.screenshot('stall-agent');
    await customer.screenshot('stall-customer');
    stack.witness.flow();
    await backAgain(both);
    await pause(2000);
    stack.witness.stall();
    await stopsWith(/does not write to its disk in time/, both);
    check(/the call ends in/.test(await customer.get('recording-stopped').innerText()), 'the customer is not told when it ends');
    await agent.get('agent-ended').waitFor({ timeout: 30_000 });
    await customer.get('goodbye').waitFor();
    await customer.screenshot('stall-goodbye');
    stack.witness.flow();
    const { officer, meeting, recording } = await reviewRecording(person);
    check(recording.gaps.length > 0, 'no gap is named');
    const log = await typesOf(officer, meeting.id);
    const media = log.filter((entry) => entry.type.startsWith('media.')).map((entry) => `${entry.type} ${entry.data.reason}`).sort();
    check(media.filter((one) => one === 'media.stopped recording.stalled').length === 2, `the log says ${media}`);
    check(log.some((entry) => entry.type === 'meeting.ended' && JSON.stringify(entry).includes('recording_lost')), 'the log does not say why the call ended');
  }, { witness: true, documents: { required: impatientType() } }));

/** A small disk of its own; null where mounting is not permitted. */
function smallDisk(mebibytes) {
  const at = mkdtempSync(join(tmpdir(), 'parlour-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', at], { stdio: 'pipe' });
  } catch (error) {
    console.log(`skipped: a small disk of its own (${String(error.stderr ?? error).trim()})`);
    rmSync(at, { recursive: true });
    return null;
  }
  const filler = join(at, 'filler');
  return {
    at: join(at, 'recordings'),
    fill: () => {
      const file = openSync(filler, 'w');
      const block = Buffer.alloc(64 << 10);
      try {
        for (;;) if (writeSync(file, block) < block.length) break;
      } catch { /* full */ }
      closeSync(file);
    },
    empty: () => rmSync(filler, { force: true }),
    close: () => execFileSync('umount', ['-l', at]),
  };
}

test('fault: a disk that fills up in a call stops media with words for both sides, and the recording goes on when there is room', async () => {
  const disk = smallDisk(64);
  if (!disk) return;
  mkdirSync(disk.at);
  try {
    await scene('disk-full', async (stack, person) => {
      const both = await meet(person, 'required');
      const { agent, customer } = both;
      await pause(3000);
      disk.fill();
      await stopsWith(/disk is full|does not write/, both);
      await agent.screenshot('disk-full-agent');
      disk.empty();
      await backAgain(both);
      await pause(3000);
      await endCall(agent);
      const { officer, meeting, recording } = await reviewRecording(person);
      check(recording.gaps.length > 0, 'no gap is named');
      check((await typesOf(officer, meeting.id)).some((entry) => entry.type === 'media.stopped'), 'the log does not say that media stopped');
      const verdict = await api(officer, 'POST', '/audit/verify');
      check(verdict.body.exit === 0, `${verdict.body.text} ${verdict.body.faults}`);
    }, { recordings: disk.at, serve: ['--free-mib-min', '4'] });
  } finally {
    disk.close();
  }
});

test('fault: no vault when keys change stops media with words for both sides until it is back', () =>
  scene('vault-at-epoch', async (stack, person) => {
    const both = await meet(person, 'required');
    const { agent, customer } = both;
    await pause(2000);
    await stack.killVault();
    await pause(1000);
    // A reload is a new endpoint, so new keys for all, which the recorder must acknowledge.
    await customer.page.reload();
    await agent.get('recording-stopped').waitFor({ timeout: 30_000 });
    check(/vault does not answer/.test(await agent.get('recording-stopped').innerText()), await agent.get('recording-stopped').innerText());
    check(!(await picturesMove(agent)), 'the adviser still sees a moving picture');
    await agent.screenshot('vault-at-epoch-agent');
    await customer.screenshot('vault-at-epoch-customer');
    stack.startVault();
    await inCall([agent, customer], 40);
    await endCall(agent);
    const { officer, meeting } = await reviewRecording(person);
    check((await typesOf(officer, meeting.id)).some((entry) => entry.type === 'media.stopped' && entry.data.reason === 'vault.down'), 'the log does not name it');
  }));

test('fault: the type that is never recorded is untouched by all three', async () => {
  const disk = smallDisk(64);
  if (disk) mkdirSync(disk.at);
  try {
    await scene('never-untouched', async (stack, person) => {
      const { agent, customer } = await meet(person, 'never');
      const goesOn = async (after) => {
        await pause(4000);
        for (const one of [agent, customer]) {
          await until(`${one.name} sees a moving picture after ${after}`, () => picturesMove(one), 3);
          check((await one.get('recording-stopped').count()) === 0, `${one.name} reads of a recording after ${after}`);
        }
      };
      await stack.killVault();
      await goesOn('the vault was killed');
      stack.witness.stall();
      await goesOn('the store stalled');
      stack.witness.flow();
      disk?.fill();
      await goesOn('the disk was full');
      await endCall(agent);
    }, { witness: true, ...(disk ? { recordings: disk.at, serve: ['--free-mib-min', '4'] } : {}) });
  } finally {
    disk?.close();
  }
});

test('e2ee 20: a browser without the API is told before any prompt, and no offer is asked for', () =>
  scene('no-api', async (stack, person) => {
    const agent = await person('agent');
    const customer = await person('customer', { width: 390, height: 844 });
    await logIn(agent, stack.accounts.agent);
    const link = await schedule(agent, 'required');
    await customer.page.addInitScript(() => { delete globalThis.RTCRtpScriptTransform; });
    let sockets = 0;
    customer.page.on('websocket', () => sockets++);
    await customer.page.goto(link);
    await customer.get('start').click();
    await customer.get('browser-unable').waitFor();
    check(sockets === 0, 'a socket was opened');
  }));

test('e2ee 16: a reload on either side, the adviser\'s too, leads back into the same call by itself', () =>
  scene('reload', async (stack, person) => {
    const attested = {};
    const { agent, customer } = await meet(person, 'required', (one) => { attested[one.name] = attestedBy(one); });
    const code = async (one) => {
      await one.get('facts').first().click();
      const text = await one.get('security-code').first().innerText();
      await one.page.keyboard.press('Escape');
      return text.match(/\b\d{5}\b/g).slice(-6).join('');
    };
    const first = await code(agent);
    check(first.length === 30 && first === (await code(customer)), 'the codes differ before');
    await customer.page.reload();
    await inCall([agent, customer], 40);
    await agent.page.reload();
    await inCall([agent, customer], 40);
    const second = await code(agent);
    check(second.length === 30 && second === (await code(customer)), 'the codes differ afterwards');
    await endCall(agent);
    const { recording } = await reviewRecording(person);
    check(recording.tracks.filter((track) => !track.screen).length === 2, `a reload made another person of somebody: ${JSON.stringify(recording.tracks)}`);
    // Every epoch is in it, those after the reloads too.
    const manifest = manifestOf(stack, recording.id);
    for (const fault of [framesFault(manifest, 'staff', attested.agent), framesFault(manifest, 'customer', attested.customer)]) check(fault === null, fault);
  }));

test('fault: the adviser\'s computer is gone; the customer is held with words, and another computer takes the meeting up again', () =>
  scene('steward-lost', async (stack, person) => {
    const attested = {};
    const { agent, customer } = await meet(person, 'required', (one) => { attested[one.name] = attestedBy(one); });
    await pause(3000);
    const code = async (one) => {
      await one.get('facts').first().click();
      const text = await one.get('security-code').first().innerText();
      await one.page.keyboard.press('Escape');
      return text.match(/\b\d{5}\b/g).slice(-6).join('');
    };
    const before = await code(customer);
    await agent.stop();
    await customer.get('held').waitFor({ timeout: 45_000 });
    check(/Your place is kept/.test(await customer.get('held').innerText()), await customer.get('held').innerText());
    await customer.screenshot('held-customer');
    const violations = await customer.axe();
    check(violations.length === 0, `held: ${violations.join('; ')}`);

    const other = await person('other');
    await logIn(other, stack.accounts.agent);
    await until('the console shows the held meeting', async () => (await other.get('admit').count()) + (await other.get('take-up').count()) > 0 || /C\. Customer/.test(await other.page.locator('main').first().innerText()));
    await other.screenshot('held-console');
    await admit(other);
    // The other computer has no secret of the link: the customer decides.
    await customer.get('go-on-unproven').click();
    await inCall([other, customer], 40);
    check((await code(customer)) !== before, 'a new call has the old code');
    await pause(3000);
    await endCall(other);
    const { officer, recording } = await reviewRecording(person);
    const manifest = manifestOf(stack, recording.id);
    check(manifest.calls.length === 2 && manifest.parts.length >= 2, `${manifest.calls.length} calls in ${manifest.parts.length} parts`);
    const fault = framesFault(manifest, 'customer', attested.customer);
    check(fault === null, fault);
    const verdict = await api(officer, 'POST', '/audit/verify');
    check(verdict.body.exit === 0, `${verdict.body.text} ${verdict.body.faults}`);
  }));
