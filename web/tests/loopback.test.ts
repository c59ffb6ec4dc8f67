// The call's browser part in a real Chromium: transforms, self-test, capability check.

import { createServer, type Server } from 'node:http';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
let folder = '';
let server: Server;
let browser: Browser;
let base = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parlour-loopback-'));
  await build({
    configFile: false,
    logLevel: 'error',
    root: new URL('./loopback', import.meta.url).pathname,
    build: { outDir: folder, emptyOutDir: true, target: 'es2022' },
    worker: { format: 'es' },
  });
  server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = join(folder, path === '/' ? 'index.html' : path);
    readFile(file).then(
      (bytes) => response.writeHead(200, { 'content-type': types[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream' }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await chromium.launch({
    executablePath: process.env['PARLOUR_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
  });
});

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => server?.close(resolve));
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function open(before?: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  if (before) await page.addInitScript(before);
  await page.goto(base);
  await page.waitForFunction('window.ready === true');
  return { page, errors };
}

interface Counts {
  sent: number;
  opened: number;
  foreign: number;
  rejected: Record<string, number>;
}

describe('Chromium', () => {
  it('passes the self-test: no plaintext, frames decrypt', async () => {
    const { page } = await open();
    const result = (await page.evaluate('window.runSelfTest()')) as { ok: boolean; counts?: Counts; reason?: string; what?: string };
    expect(result).toMatchObject({ ok: true });
    expect(result.counts!.foreign).toBe(0);
    expect(result.counts!.opened).toBeGreaterThan(5);
    expect(await page.evaluate('window.checkBrowser()')).toMatchObject({ ok: true });
    await page.close();
  });

  it('encrypts and decrypts sound and pictures both ways, and rekeys without a stall', async () => {
    const { page, errors } = await open();
    const result = (await page.evaluate('window.loopback(3)')) as {
      counts: [Counts, Counts];
      sizes: number[];
      framesDecoded: number[];
      heard: string[][];
      labels: string[];
      longestStallMs: number;
      answer: string;
    };
    for (const [side, other] of [[0, 1], [1, 0]] as const) {
      const { opened, sent, rejected } = result.counts[side];
      expect(opened).toBeGreaterThan(150);
      expect(sent).toBeGreaterThan(150);
      // Everything that arrived was an authentic frame of the other side: nothing unencrypted, nothing lost to a switch.
      // (Replays are the browser's own: bandwidth probes repeat packets, which arrive as the same frame again.)
      expect({ ...rejected, replay: 0 }).toEqual({ auth: 0, replay: 0, shim: 0, key_bit: 0, header: 0, slot: 0, stranger: 0, old: 0, no_key: 0 });
      for (const epoch of [1, 2, 3, 4]) for (const slot of [0, 1]) expect(result.heard[side]).toContain(`${other}/${epoch}/${slot}`);
      expect(result.sizes[side]).toBeGreaterThan(100);
      expect(result.framesDecoded[side]).toBeGreaterThan(50);
    }
    expect(new Set(result.labels)).toEqual(new Set(['1/0', '1/1']));
    expect(result.longestStallMs).toBeLessThan(500);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('e2ee 20: without the API there is no camera prompt and the reason is named', async () => {
    const { page } = await open(`delete window.RTCRtpScriptTransform;
      window.asked = 0;
      navigator.mediaDevices.getUserMedia = () => { window.asked++; return Promise.reject(new Error('asked')); };`);
    expect(await page.evaluate('window.checkBrowser()')).toEqual({ ok: false, reason: 'api', what: 'RTCRtpScriptTransform' });
    expect(await page.evaluate('window.asked')).toBe(0);
    await page.close();
  });

  it('a browser whose transforms do nothing does not pass', async () => {
    // What a fail-open browser would look like: the property takes the value, frames go out as they are.
    const { page } = await open(`for (const c of [RTCRtpSender, RTCRtpReceiver]) Object.defineProperty(c.prototype, 'transform', { set() {}, get() { return null; } });`);
    expect(await page.evaluate('window.checkBrowser()')).toMatchObject({ ok: false });
    await page.close();
  });
});
