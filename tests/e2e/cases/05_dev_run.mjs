// The first command of the README, in a home of its own: it ends with people who can log in.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Person } from '../lib/people.mjs';
import { check } from '../lib/scene.mjs';
import { freePort, root } from '../lib/stack.mjs';
import { logIn, schedule } from '../lib/story.mjs';

const run = promisify(execFile);

test('story: ./dev run begins an installation where there is none, goes on with it, and stops', async () => {
  const home = mkdtempSync(join(tmpdir(), 'parlour-dev-'));
  const env = { ...process.env, PARLOUR_HOME: home, PARLOUR_PORT: String(await freePort()) };
  const dev = (...words) => run(join(root, 'dev'), words, { env, maxBuffer: 1 << 24, timeout: 240_000 });
  try {
    const { stderr } = await dev('run', '--background');
    const demo = JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8'));
    for (const what of [demo.base_url, demo.log_key, ...Object.values(demo.accounts).flatMap(({ email, password }) => [email, password])]) check(what && stderr.includes(what), `the table lacks ${what}`);
    const stack = { baseUrl: demo.base_url, home, accounts: demo.accounts };
    const agent = await Person.start('agent', stack);
    try {
      await logIn(agent, demo.accounts.agent);
      for (const type of ['required', 'never']) {
        check(/#[a-z2-7]{32}/.test(await schedule(agent, type)), `no link of the type ${type}`);
        await agent.page.keyboard.press('Escape');
      }
      check(agent.errors.length === 0, `the page's console: ${agent.errors.join(' | ')}`);
    } finally {
      await agent.stop();
    }
    await dev('stop');
    // A second start makes nothing anew.
    await dev('run', '--background');
    const again = JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8'));
    check(again.accounts.agent.password === demo.accounts.agent.password && again.log_key === demo.log_key, 'the second start began anew');
  } finally {
    await dev('stop').catch(() => undefined);
    rmSync(home, { recursive: true, force: true });
  }
});
