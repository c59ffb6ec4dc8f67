// What the layout of web/src promises, held by a test: who may import whom, and who may touch a connection.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesOf(path);
    return /\.(ts|svelte|js)$/.test(entry.name) && !/\.test\.ts$/.test(entry.name) ? [path] : [];
  });
}

const files = filesOf(root).map((path) => ({ path, name: relative(root, path), text: readFileSync(path, 'utf8') }));
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

interface Import {
  from: string;
  /** Path below src, or the package's name. */
  to: string;
  ours: boolean;
}

function importsOf(file: (typeof files)[number]): Import[] {
  const found = withoutComments(file.text).matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)['"]([\w@./:-]+)['"]/g);
  return [...found].map(([, to]) => {
    const ours = to!.startsWith('.');
    return { from: file.name, to: ours ? relative(root, resolve(dirname(file.path), to!)).replace(/\.ts$/, '') : to!, ours };
  });
}

const imports = files.flatMap(importsOf);
const layer = (name: string): string => name.split('/')[0]!;

describe('one module owns the connection', () => {
  const owners = ['call/peer.ts', 'call/selftest.ts'];

  it.each([
    ['RTCPeerConnection', /\bRTCPeerConnection\b/, owners],
    ['addTransceiver', /\baddTransceiver\b/, ['call/selftest.ts']],
    ['addTrack', /\.addTrack\b/, []],
    ['setCodecPreferences', /\bsetCodecPreferences\b/, []],
    ['createEncodedStreams', /\bcreateEncodedStreams\b/, []],
    ['a transform taken away', /\btransform\s*=\s*(null|undefined)/, []],
    ['RTCRtpScriptTransform', /\bnew RTCRtpScriptTransform\b/, owners],
    ['replaceTrack', /\.replaceTrack\b/, ['call/peer.ts']],
  ] as const)('only its owner mentions %s', (_, pattern, allowed) => {
    const found = files.filter((f) => pattern.test(withoutComments(f.text))).map((f) => f.name);
    expect(found.filter((name) => !(allowed as readonly string[]).includes(name))).toEqual([]);
  });

  it('sets transforms after setRemoteDescription before any other await, with the flag that makes Chromium wait', () => {
    const peer = withoutComments(files.find((f) => f.name === 'call/peer.ts')!.text);
    expect(peer).toContain('encodedInsertableStreams: true');
    const from = peer.indexOf('await this.connection_.setRemoteDescription');
    const armed = peer.lastIndexOf('new RTCRtpScriptTransform');
    const between = peer.slice(from + 'await'.length, armed);
    expect(from).toBeGreaterThan(0);
    expect(armed).toBeGreaterThan(from);
    expect(between).not.toMatch(/\bawait\b|\.then\(/);
    expect(peer.indexOf('createAnswer')).toBeGreaterThan(armed);
  });
});

describe('layers', () => {
  it('protocol imports nothing but itself', () => {
    expect(imports.filter((i) => layer(i.from) === 'protocol' && (!i.ours || layer(i.to) !== 'protocol'))).toEqual([]);
  });

  it('call imports call and protocol only, and no package', () => {
    const forTests = (name: string): boolean => name === 'call/testing.ts';
    expect(imports.filter((i) => layer(i.from) === 'call' && !forTests(i.from) && (!i.ours || !['call', 'protocol'].includes(layer(i.to))))).toEqual([]);
  });

  it('the worker imports nothing of the page but bytes', () => {
    const bad = imports.filter((i) => i.from.startsWith('call/worker/') && !i.to.startsWith('call/worker/') && i.to !== 'call/bytes' && layer(i.to) !== 'protocol');
    expect(bad).toEqual([]);
  });

  it('test support is imported by tests only', () => {
    expect(imports.filter((i) => i.to === 'call/testing')).toEqual([]);
  });

  it('features use the call by its index', () => {
    expect(imports.filter((i) => layer(i.from) !== 'call' && i.ours && layer(i.to) === 'call' && !['call', 'call/index'].includes(i.to))).toEqual([]);
  });

  it('ui imports nothing of ours but the languages and the form of an error (ADR 0010)', () => {
    const allowed = ['lib/i18n/language.svelte', 'lib/i18n/language', 'lib/problem'];
    expect(imports.filter((i) => layer(i.from) === 'ui' && i.ours && layer(i.to) !== 'ui' && !allowed.includes(i.to.replace(/\.ts$/, '')))).toEqual([]);
  });

  it('only call speaks with the call\'s socket and its worker', () => {
    const found = files.filter((f) => layer(f.name) !== 'call' && /\bnew WebSocket\b|\bnew Worker\b/.test(withoutComments(f.text))).map((f) => f.name);
    // The console's own socket (`watch`) has no call and no keys.
    expect(found.filter((name) => !name.startsWith('features/waiting/'))).toEqual([]);
  });
});
