#!/usr/bin/env bash
# Chromium: a camera track with enabled = false goes on sending at the full frame rate, pictures of about 50 bytes.
# A good guess: nothing is sent, or about one black picture a second, as a switched-off camera needs no more.
set -uo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
chromium="${CHROMIUM:-/usr/bin/chromium}"
[[ -x "$chromium" ]] || { echo "install Debian's chromium"; exit 2; }
cd "$dir" || exit 2
npm init -y >/dev/null && npm install --no-audit --no-fund playwright-core@1.65.1 >/dev/null || exit 2
cat >run.mjs <<'JS'
import { chromium } from 'playwright-core';
import http from 'node:http';

const server = http.createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html>'));
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
console.log(`Chromium ${browser.version()}, playwright-core 1.65.1`);
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);
const rates = await page.evaluate(async () => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const source = `onrtctransform = async ({ transformer: { readable, writable } }) => {
    const reader = readable.getReader();
    const writer = writable.getWriter();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      postMessage(value.data.byteLength);
      writer.write(value);
    }
  };`;
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  const frames = [];
  worker.onmessage = ({ data }) => frames.push(data);
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 160, height: 120 } });
  const a = new RTCPeerConnection();
  const b = new RTCPeerConnection();
  a.onicecandidate = (event) => event.candidate && b.addIceCandidate(event.candidate);
  b.onicecandidate = (event) => event.candidate && a.addIceCandidate(event.candidate);
  b.ontrack = ({ receiver }) => (receiver.transform = new RTCRtpScriptTransform(worker));
  a.addTrack(stream.getVideoTracks()[0], stream);
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  await sleep(2500);
  const count = async () => {
    const start = frames.length;
    await sleep(3000);
    const some = frames.slice(start);
    return { per_second: Math.round(some.length / 3), bytes: Math.round(some.reduce((sum, size) => sum + size, 0) / some.length) };
  };
  const on = await count();
  stream.getVideoTracks()[0].enabled = false;
  await sleep(1000);
  const off = await count();
  return { on, off };
});
await browser.close();
server.close();
console.log(JSON.stringify(rates));
const as_found = rates.on.per_second > 5 && rates.off.per_second > 0.7 * rates.on.per_second && rates.off.bytes < 200;
console.log(as_found ? 'as found: the picture rate of a disabled camera is that of a running one' : 'changed');
process.exit(as_found ? 0 : 1);
JS
node run.mjs "$chromium"

# Seen with Chromium 156.0.8078.114 (Debian 12), playwright-core 1.65.1, two runs alike within 5 bytes:
#   {"on":{"per_second":20,"bytes":684},"off":{"per_second":20,"bytes":50}}
