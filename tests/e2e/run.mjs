// The end-to-end tests: node tests/e2e/run.mjs [part of a name]. Real programs, real Chromium, real media; no test sleeps for
// a fixed time but where a stretch of call is what it needs. Ends with "N passed, N failed".
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = join(dirname(fileURLToPath(import.meta.url)), 'cases');
const only = process.argv[2] ?? '';
const tests = [];
globalThis.test = (name, run) => tests.push({ name, run });
for (const file of readdirSync(here).filter((name) => name.endsWith('.mjs')).sort()) await import(pathToFileURL(join(here, file)));

let passed = 0;
let failed = 0;
for (const { name, run } of tests) {
  if (!name.includes(only)) continue;
  const started = Date.now();
  try {
    await run();
    passed++;
    console.log(`ok      ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n${error.stack ?? error}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
