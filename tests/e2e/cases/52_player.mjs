// A recording in the hands of a compliance officer: what the log says that was played.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { api, endCall, meet, reviewRecording } from '../lib/story.mjs';

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
  }));
