// A recording in the hands of a compliance officer: what the log says that was played, what stands over a picture that is none,
// and one truth about the times in which nothing could be recorded.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { api, endCall, inCall, logIn, meet, reviewRecording } from '../lib/story.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The bytes of a GET in the person's own session. */
async function bytesOf(person, url, range) {
  const base64 = await person.page.evaluate(async ([from, header]) => {
    const response = await fetch(from, header ? { headers: { range: header } } : {});
    if (!response.ok) throw new Error(`${from}: ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(text);
  }, [url, range]);
  return Buffer.from(base64, 'base64');
}

/** The whole seconds in which FFmpeg finds sound or pictures. */
function secondsOf(file) {
  const times = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file], { maxBuffer: 1 << 28 }).toString();
  return new Set(times.trim().split('\n').map(Number.parseFloat).filter(Number.isFinite).map(Math.floor));
}

/** {file: {seconds, bytes}} of everything that the log says was played of this request; seconds of the file. */
async function logged(officer, recording, request) {
  const { body } = await api(officer, 'GET', '/audit/entries?type=recording.played&limit=200');
  const out = {};
  for (const { data } of body.items.filter((entry) => entry.data.request === request && entry.data.track)) {
    const one = (out[data.track] ??= { seconds: new Set(), bytes: 0 });
    one.bytes += data.bytes;
    for (const [from, to] of data.ranges_ms) for (let at = from; at < to; at += 1000) one.seconds.add(at);
  }
  return out;
}

const playsOf = async (officer, meeting) => JSON.stringify((await api(officer, 'GET', `/meetings/${meeting}/recordings`)).body.items[0].plays);

const sorted = (set) => [...set].sort((a, b) => a - b).join(' ');

test.alone('fault H3: 900 single bytes, then the whole file: the log has every second, and who logs out is out', () =>
  scene('player-log', async (stack, person) => {
    const { agent } = await meet(person, 'required');
    await pause(12_000);
    await endCall(agent);
    const { officer, meeting, recording } = await reviewRecording(person);
    const { body: playback } = await api(officer, 'POST', `/recordings/${recording.id}/play`, { purpose: 'complaint' });
    const [track, other] = playback.tracks;
    // Bytes with two others between each, from behind the head on.
    await officer.page.evaluate(async ([url, size]) => {
      const from = Math.min(1000, size - 2700);
      for (let i = 0; i < 900; i += 6)
        await Promise.all([0, 1, 2, 3, 4, 5].map(async (k) => {
          const at = from + 3 * (i + k);
          const response = await fetch(url, { headers: { range: `bytes=${at}-${at}` } });
          if (response.status !== 206 || (await response.arrayBuffer()).byteLength !== 1) throw new Error(`byte ${at}: ${response.status}`);
        }));
    }, [track.url, track.size]);
    const file = join(stack.home, 'played.webm');
    writeFileSync(file, await bytesOf(officer, track.url));
    // Of the other one a stretch in the middle.
    const middle = Math.floor(other.size / 2);
    await bytesOf(officer, other.url, `bytes=${middle}-${middle + 99}`);
    const closed = await api(officer, 'DELETE', `/play/${playback.playback}`);
    check(closed.status === 204, `closing answers ${closed.status}`);
    const requests = await api(officer, 'GET', '/audit/entries?type=recording.play_requested');
    const request = requests.body.items[0].seq;
    const played = await until('the log has both files', async () => {
      const found = await logged(officer, recording, request);
      return Object.keys(found).length === 2 ? found : null;
    });
    const whole = Object.values(played).find((one) => one.bytes > 1000);
    const part = Object.values(played).find((one) => one !== whole);
    check(whole.bytes === track.size + 900, `${whole.bytes} bytes of ${track.size} + 900`);
    const truth = new Set([...secondsOf(file)].map((second) => track.offset_ms + 1000 * second));
    check(sorted(whole.seconds) === sorted(truth), `the log has ${sorted(whole.seconds)}, the file ${sorted(truth)}`);
    check(part.bytes === 100 && part.seconds.size >= 1 && part.seconds.size <= 2, `of 100 bytes: ${part.bytes}, ${sorted(part.seconds)}`);
    await officer.page.goto(`${stack.baseUrl}/console#/meetings/${meeting.id}`);
    await until('the page says how much', async () => /1\d seconds/.test(await officer.get('plays').innerText()), 10);

    // A playback is open, and who logs out is out; the log has its end too.
    const { body: again } = await api(officer, 'POST', `/recordings/${recording.id}/play`, { purpose: 'quality' });
    await bytesOf(officer, again.tracks[0].url, 'bytes=0-99999');
    check((await api(officer, 'DELETE', '/session')).status === 204, 'the log-out is refused');
    officer.expected = (text) => /401|404/.test(text);
    check((await officer.page.evaluate(async (url) => (await fetch(url)).status, again.tracks[0].url)) === 401, 'the playback outlives the log-out');
    const { officer: next } = await reviewRecording(person);
    await until('the log has the end of that playback', async () => {
      const all = await api(next, 'GET', '/audit/entries?type=recording.play_requested');
      const found = await logged(next, recording, all.body.items[0].seq);
      return Object.keys(found).length === 1;
    });
    const verdict = await api(next, 'POST', '/audit/verify');
    check(verdict.body.exit === 0, `${verdict.body.text} ${verdict.body.faults}`);

    // Fault R2: who can write to the database changes no fact. The page says so, nothing is opened, Verify finds it, and the
    // plays are the log's.
    const before = await playsOf(next, meeting.id);
    execFileSync('python3', ['-c', 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1], timeout=10); d.executescript(sys.argv[2]); d.commit()', join(stack.home, 'parlour.db'), "UPDATE recording SET manifest = ''; DELETE FROM playback;"]);
    check((await playsOf(next, meeting.id)) === before && JSON.parse(before).length === 2, `plays ${before} became ${await playsOf(next, meeting.id)}`);
    const changed = await api(next, 'POST', '/audit/verify');
    check(changed.body.exit === 10, `${changed.body.exit} ${changed.body.text}`);
    next.expected = (text) => /409/.test(text);
    const refused = await api(next, 'POST', `/recordings/${recording.id}/play`, { purpose: 'quality' });
    check(refused.status === 409 && refused.body.type?.includes('recording.differs') !== false, `${refused.status} ${JSON.stringify(refused.body)}`);
    await next.page.goto(`${stack.baseUrl}/console#/meetings/${meeting.id}`);
    await next.get('recording-differs').waitFor();
    check((await next.get('play').count()) === 0, 'it can be played');
    await next.screenshot('recording-differs');
  }));

test.alone('fault A3, fault A4: cards with words where no picture was sent, and a held call is no 100 %', () =>
  scene('player-covers', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required');
    await pause(8000);
    // The adviser is lost, and goes on from another computer.
    const { body } = await api(agent, 'GET', '/meetings');
    const other = await person('other', { device: 'agent' });
    await logIn(other, stack.accounts.agent);
    await agent.browser.close();
    await other.page.goto(`${stack.baseUrl}/console#/meetings/${body.items[0].id}/call`);
    await other.get('allow-both').click();
    await other.get('device-continue').click();
    await other.get('take-over').click();
    await customer.get('held').waitFor();
    await pause(4000);
    await other.get('admit').first().click();
    // The link's secret is at the computer that is lost.
    await customer.get('go-on-unproven').click();
    await inCall([other, customer]);
    await pause(4000);
    await endCall(other);

    const { officer, meeting, recording } = await reviewRecording(person);
    const { body: log } = await api(officer, 'GET', `/meetings/${meeting.id}/timeline`);
    const at = (type) => Date.parse(log.items.find((entry) => entry.type === type).time);
    const held = recording.stops.filter((stop) => stop.cause === 'held');
    check(held.length === 1, `stops: ${JSON.stringify(recording.stops)}`);
    const heldMs = held[0].to_ms - held[0].from_ms;
    check(heldMs >= at('meeting.resumed') - at('meeting.held') && heldMs > 4000, `held for ${heldMs} ms`);
    const expected = Math.floor((1000 * (recording.duration_ms - recording.stops.reduce((sum, stop) => sum + stop.to_ms - stop.from_ms, 0))) / recording.duration_ms);
    check(recording.coverage_permille <= expected && recording.coverage_permille < 1000, `coverage ${recording.coverage_permille} per mille with ${heldMs} ms of ${recording.duration_ms} held`);

    await officer.page.goto(`${stack.baseUrl}/console#/meetings/${meeting.id}`);
    await officer.get('coverage-stop').first().waitFor();
    const coverage = await officer.get('coverage').innerText();
    check(!/100\s*%/.test(coverage) && /adviser was out of the call/.test(coverage), `the page says: ${coverage}`);
    check(!/Coverage 100/.test(await officer.get('story').innerText()), 'the story says that the coverage is 100 %');
    const violations = await officer.axe();
    check(violations.length === 0, violations.join('; '));
    await officer.screenshot('coverage-held');

    await officer.get('play').click();
    await officer.get('purpose-play').click();
    await officer.get('purpose-missing').waitFor(); // none is chosen for anybody
    await officer.get('purpose-supervision').click();
    await officer.get('purpose-play').click();
    await officer.get('player').waitFor();
    const covers = async (ms) => {
      await officer.get('player-seek').fill(String(Math.round(ms / 1000) * 1000));
      await until('the player is there', async () => Math.abs(Number(await officer.get('player').getAttribute('data-position')) - ms) <= 600);
      return officer.page.evaluate(() => [...document.querySelectorAll('[data-testid=player] figure')].map((figure) => ({
        track: Number(figure.querySelector('video').dataset.track), cover: figure.querySelector('[data-cover]')?.dataset.cover ?? null,
        words: figure.querySelector('[data-cover]')?.textContent ?? '', visible: getComputedStyle(figure.querySelector('video')).visibility,
      })));
    };
    const tracks = recording.tracks.filter((track) => !track.screen);
    const first = tracks.filter((track) => track.role === 'staff').sort((a, b) => a.pictures[0][0] - b.pictures[0][0])[0].track;
    const early = tracks.filter((track) => track.pictures[0][0] < held[0].from_ms);
    const beforeMs = Math.min(...early.map((track) => track.pictures.at(-1)[1])) - 2500;
    const before = await covers(beforeMs);
    for (const one of before) {
      const second = tracks.some((track) => track.track === one.track && track.pictures[0][0] > beforeMs);
      if (second) check(one.cover === 'not_yet' && one.words !== '' && one.visible === 'hidden', `not here yet: ${JSON.stringify(one)}`);
      else check(one.cover === null && one.visible === 'visible', `is seen: ${JSON.stringify(one)}`);
    }
    check(before.some((one) => one.cover === 'not_yet') && before.some((one) => one.track === first && one.cover === null), `before the hold, at ${beforeMs}: ${JSON.stringify(before)} of ${JSON.stringify(recording.tracks)} ${JSON.stringify(recording.stops)}`);
    await officer.get('player').scrollIntoViewIfNeeded();
    await officer.screenshot('player-not-yet');
    const inHold = await covers((held[0].from_ms + held[0].to_ms) / 2);
    check(inHold.every((one) => one.cover === 'stop' && /adviser was out of the call/.test(one.words) && one.visible === 'hidden'), `held: ${JSON.stringify(inHold)}`);
    await officer.screenshot('player-held');
    const late = await covers(Math.max(...tracks.map((track) => track.pictures.at(-1)[1])) - 1500);
    check(late.some((one) => one.cover === null), `after the hold somebody is seen: ${JSON.stringify(late)}`);
    const playerViolations = await officer.axe();
    check(playerViolations.length === 0, playerViolations.join('; '));
  }));

/** The officer's way to the file; returns where it was saved, and under which name it came. */
async function downloadOf(officer, stack, meeting) {
  await officer.page.goto(`${stack.baseUrl}/console#/meetings/${meeting.id}`);
  await officer.get('download').click();
  await officer.get('download-ask').click();
  check((await officer.get('download-file').count()) === 0, 'no reason is asked for');
  await officer.get('download-reason').fill('Request of the court');
  await officer.get('download-ask').click();
  await officer.get('download-file').waitFor();
  const [download] = await Promise.all([officer.page.waitForEvent('download'), officer.get('download-file').click()]);
  const path = join(stack.home, 'download.zip');
  await download.saveAs(path);
  return { path, name: download.suggestedFilename() };
}

test.alone('fault A5: a download is one ZIP with date and number, manifest, proof and a page that plays it without a network', () =>
  scene('player-download', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required');
    await pause(6000);
    // A screen is a track of its own, which begins late.
    await agent.get('toggle-share').click();
    await customer.get('shared-screen').waitFor();
    await pause(5000);
    await endCall(agent);
    const { officer, meeting, recording } = await reviewRecording(person);
    const { path, name } = await downloadOf(officer, stack, meeting);
    const day = new Date(recording.started_at).toISOString().slice(0, 10);
    check(name === `recording-${day}-${meeting.id}.zip`, `it is called ${name}`);
    const violations = await officer.axe();
    check(violations.length === 0, violations.join('; '));
    await officer.screenshot('download-sheet');
    await officer.page.keyboard.press('Escape');

    // Whole for another program, and the log has its hash.
    execFileSync('unzip', ['-tqq', path]);
    const folder = join(stack.home, 'download');
    execFileSync('unzip', ['-qq', path, '-d', folder]);
    const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
    const entry = await until('the log has the download', async () => (await api(officer, 'GET', '/audit/entries?type=recording.downloaded')).body.items[0]);
    check(entry.data.sha256 === sha256(path) && entry.data.bytes === statSync(path).size && entry.data.size === entry.data.bytes, `the log says ${JSON.stringify(entry.data)}`);
    const played = await api(officer, 'GET', '/audit/entries?type=recording.played');
    check(played.body.items.length === 0, 'a download counts as played');
    await until('the page says so', async () => /downloaded/.test(await officer.get('plays').innerText()));

    // Each file is the one that the signed manifest names, and the proof is good.
    const { manifest } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    check(manifest.recording === recording.id && manifest.renditions.length === 3, JSON.stringify(manifest.renditions));
    for (const rendition of manifest.renditions) check(sha256(join(folder, 'tracks', rendition.name)) === rendition.sha256, `${rendition.name} is another file`);
    const honest = stack.verify(join(folder, 'proof.zip'));
    check(honest.status === 0, `the proof: ${honest.status} ${honest.output}`);

    // The page plays them together from the disk; it asks for nothing but its tracks.
    const page = await officer.context.newPage();
    const errors = [];
    const asked = [];
    page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`file://${join(folder, 'play.html')}`);
    await page.getByTestId('player-play').click();
    await until('it plays', async () => Number(await page.getByTestId('player').getAttribute('data-position')) > 1500);
    const apart = await page.evaluate((faces) => {
      const [a, b] = [...document.querySelectorAll('video')].filter((video) => faces.includes(Number(video.dataset.track))).map((video) => video.currentTime * 1000 + Number(video.dataset.offset));
      return Math.abs(a - b);
    }, recording.tracks.filter((track) => !track.screen).map((track) => track.track));
    check(apart < 150, `the two are ${apart} ms apart`);
    const late = recording.tracks.find((track) => track.screen);
    await page.getByTestId('player-seek').fill(String(Math.floor((late.offset_ms - 1500) / 1000) * 1000));
    await page.locator(`figure:has(video[data-track="${late.track}"]) [data-cover=not_shared]`).waitFor();
    check((await page.locator('[data-cover]').count()) === 1, 'somebody who is there is covered too');
    check(errors.length === 0, `the page's console: ${errors.join(' | ')}`);
    check(asked.every((url) => url.startsWith('file://')), `it asked for ${asked.filter((url) => !url.startsWith('file://'))}`);
    const pageViolations = await officer.axe(page);
    check(pageViolations.length === 0, pageViolations.join('; '));
    await page.screenshot({ path: join(root, 'build/screens-e2e/copy-1280.png'), fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: join(root, 'build/screens-e2e/copy-390.png'), fullPage: true });
    await page.close();

    // A download goes on where it broke, and not behind that.
    const { body: again } = await api(officer, 'POST', `/recordings/${recording.id}/download`, { reason: 'Once more' });
    officer.expected = (text) => /409|404/.test(text);
    const status = (range) => officer.page.evaluate(async ([url, header]) => (await fetch(url, { headers: { range: header } })).status, [again.archive.url, range]);
    check((await status(`bytes=${again.archive.size - 100}-`)) === 409, 'the end comes before the beginning');
    const half = await bytesOf(officer, again.archive.url, 'bytes=0-49999');
    const rest = await bytesOf(officer, again.archive.url, 'bytes=40000-');
    check((await api(officer, 'DELETE', `/play/${again.playback}`)).status === 204, 'it can’t be closed');
    const last = await until('the log has the second one', async () => {
      const { body } = await api(officer, 'GET', '/audit/entries?type=recording.downloaded');
      return body.items.length === 2 ? body.items[0] : null;
    });
    const whole = Buffer.concat([half.subarray(0, 40_000), rest]);
    check(last.data.sha256 === createHash('sha256').update(whole).digest('hex') && last.data.bytes === again.archive.size, `the log says ${JSON.stringify(last.data)}`);
    check((await status('bytes=0-0')) === 404, 'a closed download goes on');
  }));
