// Real Chromiums with fake devices, one a person; every page is watched: no console error, no other host.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { signallingFaults } from './schema.mjs';
import { root } from './stack.mjs';

const require = createRequire(join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const media = join(root, 'build/e2e-media');

/** A moving picture with a flash each second and a tone with it, and speech; made once. */
export function makeMedia() {
  mkdirSync(media, { recursive: true });
  const people = { agent: ['testsrc=size=640x360:rate=15', 'Good afternoon. Let us look at your portfolio together.'], customer: ['testsrc2=size=640x360:rate=15', 'Thank you. I would like to hear about the risks first.'] };
  for (const [name, [source, words]] of Object.entries(people)) {
    const video = join(media, `${name}.mjpeg`);
    const audio = join(media, `${name}.wav`);
    if (!existsSync(video)) execFileSync('ffmpeg', ['-loglevel', 'error', '-y', '-f', 'lavfi', '-i', source, '-t', '10', '-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '6', video]);
    if (!existsSync(audio) || silenceAtEnd(audio) < 20) {
      execFileSync('espeak-ng', ['-w', audio, '-s', '140', words]);
      endInSilence(audio);
    }
  }
  return media;
}

/**
 * A fake microphone repeats the last 10 ms of its file for ever where it doesn't loop: so test sounds end in 40 ms of zeros
 * (16 bit PCM).
 */
function endInSilence(path) {
  const wave = readFileSync(path);
  const rate = wave.readUInt32LE(24);
  const more = Buffer.alloc(2 * wave.readUInt16LE(22) * Math.ceil(rate * 0.04));
  const data = wave.indexOf('data');
  wave.writeUInt32LE(wave.length - data - 8 + more.length, data + 4);
  wave.writeUInt32LE(wave.length - 8 + more.length, 4);
  writeFileSync(path, Buffer.concat([wave, more]));
}

/** Milliseconds of zeros at the end of a 16-bit PCM file. */
export function silenceAtEnd(path) {
  const wave = readFileSync(path);
  const channels = wave.readUInt16LE(22);
  const start = wave.indexOf('data') + 8;
  let zeros = 0;
  for (let at = wave.length - 2; at >= start && wave.readInt16LE(at) === 0; at -= 2) zeros++;
  return (zeros / channels / wave.readUInt32LE(24)) * 1000;
}

export class Person {
  constructor(name) { this.name = name; this.errors = []; this.foreign = []; }

  static async start(name, stack, { width = 1280, height = 800, colorScheme = 'light', locale = 'en-GB', device = name, proxy } = {}) {
    const person = new Person(name);
    const files = makeMedia();
    const source = existsSync(join(files, `${device}.mjpeg`)) ? device : 'customer';
    person.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync),
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
        '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--auto-select-desktop-capture-source=Entire screen',
        `--use-file-for-fake-video-capture=${join(files, `${source}.mjpeg`)}`, `--use-file-for-fake-audio-capture=${join(files, `${source}.wav`)}`],
    });
    person.context = await person.browser.newContext({ ignoreHTTPSErrors: true, viewport: { width, height }, colorScheme, locale, acceptDownloads: true, reducedMotion: 'reduce', ...(proxy ? { proxy } : {}) });
    person.stack = stack;
    person.page = await person.newPage();
    return person;
  }

  async newPage() {
    const page = await this.context.newPage();
    page.on('console', (message) => { if (message.type() === 'error' && !this.expected?.(message.text())) this.errors.push(message.text()); });
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (['data:', 'blob:', 'about:'].includes(url.protocol)) return;
      if (url.host !== new URL(this.stack.baseUrl).host) this.foreign.push(request.url());
    });
    page.on('websocket', (socket) => {
      for (const [event, side] of [['framesent', 'ClientMessage'], ['framereceived', 'ServerMessage']])
        socket.on(event, (frame) => { for (const fault of signallingFaults(side, String(frame.payload))) this.errors.push(`signalling: ${fault}`); });
    });
    if (process.env.PARLOUR_E2E_FRAMES) {
      const say = (...words) => console.log(new Date().toISOString().slice(11, 23), this.name, ...words);
      let sockets = 0;
      page.on('websocket', (socket) => {
        const name = `socket ${++sockets}`;
        say(name, 'opening', new URL(socket.url()).pathname);
        for (const event of ['framesent', 'framereceived']) socket.on(event, (frame) => say(name, event, String(frame.payload).slice(0, 300)));
        socket.on('socketerror', (error) => say(name, 'error', error));
        socket.on('close', () => say(name, 'closed'));
      });
    }
    page.setDefaultTimeout(20000);
    return page;
  }

  get(id) { return this.page.getByTestId(id); }

  /** Accessibility violations of the page as it stands, in words. */
  async axe(page = this.page) {
    // Evaluated in the page's isolated world: the page's own policy allows no foreign script, and need not.
    await page.evaluate(`(() => { ${axe}; return true; })()`);
    const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  }

  async screenshot(name) {
    const directory = join(root, 'build/screens-e2e');
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `${name}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  async stop() { await this.browser?.close(); }
}
