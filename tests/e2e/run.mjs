// The end-to-end tests: node tests/e2e/run.mjs [part of a name]. Real programs, real Chromium, real media; no test sleeps for
// a fixed time but where a stretch of call is what it needs. Ends with "N passed, N failed".
//
// Each test is a process of its own. Those that look at time (`test.alone`: gaps, coverage, skew) run one after the other with
// nothing beside them; the others, which mostly wait, run two at a time.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeMedia } from './lib/people.mjs';
import { buildWitness } from './lib/witness.mjs';

const here = join(dirname(fileURLToPath(import.meta.url)), 'cases');
const longest = 5 * 60_000;
const tests = [];
globalThis.test = (name, run) => tests.push({ name, run, alone: false });
test.alone = (name, run) => tests.push({ name, run, alone: true });
for (const file of readdirSync(here).filter((name) => name.endsWith('.mjs')).sort()) await import(pathToFileURL(join(here, file)));

/** Runs one test here; true if it passed. */
async function runHere({ name, run }) {
  const started = Date.now();
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  try {
    await run();
    console.log(`ok      ${name} (${seconds()} s)`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${name} (${seconds()} s)\n${error.stack ?? error}`);
    return false;
  }
}

/** Runs one test as a process; what it says comes in one piece, when it has ended. */
function runApart({ name }) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--one', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  child.stdout.on('data', (bytes) => said.push(bytes));
  child.stderr.on('data', (bytes) => said.push(bytes));
  const limit = setTimeout(() => {
    said.push(Buffer.from(`FAILED  ${name}: not ended after ${longest / 1000} s\n`));
    child.kill('SIGKILL');
  }, longest);
  return new Promise((resolve) => child.once('close', (code) => {
    clearTimeout(limit);
    process.stdout.write(Buffer.concat(said));
    resolve(code === 0);
  }));
}

if (process.argv[2] === '--one') {
  const one = tests.find(({ name }) => name === process.argv[3]);
  process.exit(one !== undefined && (await runHere(one)) ? 0 : 1);
}

const chosen = tests.filter(({ name }) => name.includes(process.argv[2] ?? ''));
makeMedia();
buildWitness();
const verdicts = [];
if (chosen.length === 1) {
  verdicts.push(await runHere(chosen[0]));
} else {
  const lane = async (queue) => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) verdicts.push(await runApart(one));
  };
  const beside = chosen.filter(({ alone }) => !alone);
  await Promise.all([lane(beside), lane(beside)]);
  await lane(chosen.filter(({ alone }) => alone));
}
const passed = verdicts.filter(Boolean).length;
console.log(`${passed} passed, ${verdicts.length - passed} failed`);
process.exit(passed === verdicts.length && passed > 0 ? 0 : 1);
