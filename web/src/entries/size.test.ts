import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rollup } from 'vite';
import { beforeAll, describe, expect, it, vi } from 'vitest';

// What a customer's telephone loads before the call, measured on a real build: everything that join.html reaches except the part
// that is loaded for the waiting room and the call. The crypto worker counts: the device check tests with it.

const root = fileURLToPath(new URL('../..', import.meta.url));
let files: (Rollup.OutputChunk | Rollup.OutputAsset)[] = [];

beforeAll(async () => {
  // What ships: under a test runner Vite would take Svelte's development build, which nobody is sent.
  vi.stubEnv('NODE_ENV', 'production');
  const result = (await build({ root, configFile: fileURLToPath(new URL('../../vite.config.ts', import.meta.url)), logLevel: 'silent', build: { write: false } })) as unknown as { output: typeof files };
  vi.unstubAllEnvs();
  files = result.output;
}, 120_000);

function chunk(name: string): Rollup.OutputChunk {
  const found = files.find((file) => file.fileName === name);
  if (found?.type !== 'chunk') throw new Error(`no chunk ${name}`);
  return found;
}

function reach(names: readonly string[], seen: Set<string> = new Set()): Set<string> {
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    reach(chunk(name).imports, seen);
  }
  return seen;
}

const size = (code: string | Uint8Array): number => gzipSync(code, { level: 9 }).length;

function entry(name: string): Rollup.OutputChunk {
  const found = files.find((file) => file.type === 'chunk' && file.isEntry && file.name === name);
  if (found?.type !== 'chunk') throw new Error(`no entry ${name}`);
  return found;
}

describe('the build', () => {
  it('sends a customer less than 100 kB of JavaScript (gzip) before the call', () => {
    const join = entry('join');
    const check = join.dynamicImports.filter((name) => chunk(name).facadeModuleId?.endsWith('DeviceCheck.svelte'));
    expect(check).toHaveLength(1);
    const before = reach([join.fileName, ...check]);
    const scripts = [...before].reduce((sum, name) => sum + size(chunk(name).code), 0);
    const worker = files.filter((file) => /worker.*\.js$/.test(file.fileName) && !before.has(file.fileName)).reduce((sum, file) => sum + size(file.type === 'chunk' ? file.code : file.source), 0);
    expect(worker).toBeGreaterThan(0);
    expect(scripts + worker).toBeLessThan(100_000);
  });
  it('shows the invitation with far less than that', () => {
    const first = [...reach([entry('join').fileName])].reduce((sum, name) => sum + size(chunk(name).code), 0);
    expect(first).toBeLessThan(60_000);
  });
  it('has no inline script or style, no source map, and asks no other host', () => {
    for (const file of files) {
      expect(file.fileName).not.toMatch(/\.map$/);
      const text = String(file.type === 'chunk' ? file.code : typeof file.source === 'string' ? file.source : '');
      if (file.fileName.endsWith('.html') && file.fileName !== '.copy.html') {
        expect(text).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)/);
        expect(text).not.toMatch(/https?:\/\//);
      }
      if (file.fileName.endsWith('.css')) expect(text).not.toMatch(/url\(|@import/);
      // The markup of components reaches the page as HTML text: a style attribute in it would be blocked.
      if (file.fileName.endsWith('.js')) expect(text).not.toMatch(/<[a-z][^<>`]*\sstyle=/);
    }
  });
  it('fault A5: the page in a download is one file that asks for nothing but what lies beside it', () => {
    const found = files.find((file) => file.fileName === '.copy.html');
    const page = found?.type === 'asset' ? String(found.source) : '';
    const script = /<script type="module">([^]*)<\/script>/.exec(page)?.[1] ?? '';
    const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? '';
    expect(script.length).toBeGreaterThan(10_000);
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const policy = `default-src 'none'; media-src 'self' file:; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`;
    expect(page.includes(`content="${policy}"`)).toBe(true);
    const rest = page.replace(script, '').replace(style, '');
    expect(rest).not.toMatch(/\ssrc=|<link|\shref=/);
    expect(rest.split('{{recording}}')).toHaveLength(2);
    expect(style).not.toMatch(/url\(|@import/);
    expect(script).not.toMatch(/\bfetch\(|XMLHttpRequest|\bimport\(/);
  });
  it('names every asset by its content', () => {
    for (const file of files) if (file.fileName.startsWith('assets/')) expect(file.fileName).toMatch(/-[A-Za-z0-9_-]{8,}\.(js|css)$/);
  });
});
