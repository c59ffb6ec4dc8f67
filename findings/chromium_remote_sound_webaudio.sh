#!/usr/bin/env bash
# Chromium: a remote WebRTC sound track is silent in Web Audio until a media element plays it, and again after.
# A good guess: createMediaStreamSource() hears the track by itself, as it does with a local one.
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
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
});
console.log(`Chromium ${browser.version()}, playwright-core 1.65.1`);
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);
const peaks = await page.evaluate(async () => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const context = new AudioContext();
  const tone = new OscillatorNode(context);
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  const listen = (track) => {
    const analyser = new AnalyserNode(context);
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    return () => {
      analyser.getFloatTimeDomainData(samples);
      return Math.max(...samples.map(Math.abs));
    };
  };
  const local = listen(out.stream.getAudioTracks()[0]);
  const a = new RTCPeerConnection();
  const b = new RTCPeerConnection();
  a.onicecandidate = (event) => event.candidate && b.addIceCandidate(event.candidate);
  b.onicecandidate = (event) => event.candidate && a.addIceCandidate(event.candidate);
  const arrived = new Promise((done) => (b.ontrack = (event) => done(event.track)));
  a.addTrack(out.stream.getAudioTracks()[0]);
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  const track = await arrived;
  const remote = listen(track);
  await sleep(3000);
  const alone = remote();
  const element = new Audio();
  element.muted = true;
  element.srcObject = new MediaStream([track]);
  await element.play();
  await sleep(1500);
  const played = remote();
  element.srcObject = null;
  await sleep(1500);
  return { state: a.connectionState, local: local(), alone, played, after: remote() };
});
await browser.close();
server.close();
console.log(JSON.stringify(peaks));
const silent = (peak) => peak < 0.001;
const as_found = !silent(peaks.local) && silent(peaks.alone) && !silent(peaks.played) && silent(peaks.after);
console.log(as_found ? 'as found: only while a (muted) element plays the remote track does Web Audio hear it' : 'changed');
process.exit(as_found ? 0 : 1);
JS
node run.mjs "$chromium"

# Seen with Chromium 156.0.8078.114 (Debian 12), playwright-core 1.65.1, two runs alike:
#   {"state":"connected","local":0.99,"alone":0,"played":1.00,"after":0}
