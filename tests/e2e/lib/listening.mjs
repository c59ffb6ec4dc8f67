// Plays a file in Chromium as a person would, and notes what really comes out: when the sound of the element becomes a tone (an
// audio worklet behind the element), and when the picture on the screen turns white.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './stack.mjs';

const { chromium } = createRequire(join(root, 'web/package.json'))('playwright-core');

async function serve(file) {
  const size = statSync(file).size;
  const server = createServer((request, response) => {
    if (request.url !== '/file.webm') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Listening</title><video id="video" src="/file.webm" preload="auto" playsinline></video>');
      return;
    }
    const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [null, '0', ''];
    const first = Number(from);
    const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-type': 'video/webm', 'accept-ranges': 'bytes', 'content-length': last - first + 1,
      ...(request.headers.range ? { 'content-range': `bytes ${first}-${last}/${size}` } : {}),
    });
    createReadStream(file, { start: first, end: last }).pipe(response).on('error', () => {});
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/**
 * For each of `stretches` [{from, seconds}] (seconds of the file): {tones, flashes}, in ms of the page's clock and from the same
 * zero. Played at speed 1.
 */
export async function listen(file, stretches) {
  const server = await serve(file);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync),
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--autoplay-policy=no-user-gesture-required'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return await page.evaluate(async (wanted) => {
      const video = document.getElementById('video');
      if (video.readyState < 1) await new Promise((resolve) => video.addEventListener('loadedmetadata', resolve, { once: true }));
      const context = new AudioContext({ latencyHint: 'interactive' });
      const worklet = `registerProcessor('loudness', class extends AudioWorkletProcessor {
        process([input]) {
          let sum = 0;
          const samples = input[0] ?? [];
          for (const value of samples) sum += value * value;
          this.port.postMessage([currentTime, samples.length ? Math.sqrt(sum / samples.length) : 0]);
          return true;
        }
      });`;
      await context.audioWorklet.addModule(URL.createObjectURL(new Blob([worklet], { type: 'text/javascript' })));
      const loudness = new AudioWorkletNode(context, 'loudness');
      context.createMediaElementSource(video).connect(loudness).connect(context.destination);
      await context.resume();
      // What the worklet sees is heard when the output's clock says so.
      const heardAt = (time) => {
        const { contextTime, performanceTime } = context.getOutputTimestamp();
        return performanceTime + (time - contextTime) * 1000;
      };
      const rises = (values, high) => {
        const out = [];
        let low = false;
        let lowSince = 0;
        for (const [at, value] of values) {
          if (value > high) {
            if (low && at - lowSince >= 300) out.push(at);
            low = false;
          } else if (!low) {
            low = true;
            lowSince = at;
          }
        }
        return out;
      };
      const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
      const results = [];
      for (const { from, seconds } of wanted) {
        video.pause();
        if (Math.abs(video.currentTime - from) > 0.001) {
          const there = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
          video.currentTime = from;
          await there;
        }
        const loud = [];
        const light = [];
        loudness.port.onmessage = ({ data: [time, value] }) => loud.push([heardAt(time), value]);
        const look = (now, frame) => {
          pen.drawImage(video, 0, 0, 1, 1);
          light.push([frame.expectedDisplayTime, pen.getImageData(0, 0, 1, 1).data[1] / 255]);
          video.requestVideoFrameCallback(look);
        };
        video.requestVideoFrameCallback(look);
        await video.play();
        await new Promise((resolve) => {
          const timer = setInterval(() => {
            if (video.currentTime < from + seconds && !video.ended) return;
            clearInterval(timer);
            resolve();
          }, 50);
        });
        video.pause();
        results.push({ tones: rises(loud, 0.1), flashes: rises(light, 0.5) });
      }
      return results;
    }, stretches);
  } finally {
    await browser.close();
    server.close();
  }
}
