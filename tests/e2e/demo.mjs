// ./dev demo: both stories in real Chromiums on an installation of their own, a line a step, with the verdict, the proof and
// pictures at the end.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Stack, root, until } from './lib/stack.mjs';
import { Person } from './lib/people.mjs';
import { admit, api, comeIn, endCall, inCall, logIn, schedule } from './lib/story.mjs';

const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`);
const out = join(root, 'build/demo');
mkdirSync(out, { recursive: true });
const pictures = [];
const stack = await Stack.start();
const people = [];
const person = async (name, options) => {
  const one = await Person.start(name, stack, options);
  people.push(one);
  return one;
};
try {
  say(`Parlour runs at ${stack.baseUrl} (a fresh installation, data in ${stack.home}).`);
  const agent = await person('agent');
  await logIn(agent, stack.accounts.agent);
  say('The adviser has logged in.');
  for (const rule of ['required', 'never']) {
    const title = rule === 'required' ? 'Wealth management (must be recorded)' : 'Debt counselling (never recorded)';
    const link = await schedule(agent, rule, { name: rule === 'required' ? 'C. Customer' : 'D. Customer' });
    await agent.page.keyboard.press('Escape');
    say(`${title}: scheduled; the customer's link is ${link.replace(/#.*/, '#…')}`);
    const customer = await person('customer', { width: 390, height: 844 });
    await comeIn(customer, link);
    say('The customer has checked the camera, read the notice, and waits.');
    pictures.push(await customer.screenshot(`demo-${rule}-waiting`));
    await admit(agent);
    await inCall([agent, customer]);
    say('Admitted: both see each other, end-to-end encrypted.');
    await new Promise((resolve) => setTimeout(resolve, 4000));
    pictures.push(await agent.screenshot(`demo-${rule}-call`));
    await endCall(agent);
    await customer.get('goodbye').waitFor();
    say(`Ended. The customer reads: ${(await customer.get('goodbye-recorded').innerText()).replace(/\s+/g, ' ')}`);
    await customer.stop();
    await agent.page.goto(`${stack.baseUrl}/console#/today`);
  }
  const officer = await person('officer');
  await logIn(officer, stack.accounts.compliance);
  const { body } = await api(officer, 'GET', '/meetings?limit=10');
  const meeting = body.items.find((item) => item.type.record === 'required');
  const recording = await until('the recording is opened', async () => {
    const answer = await api(officer, 'GET', `/meetings/${meeting.id}/recordings`);
    const item = answer.body.items[0];
    if (item?.state === 'failed') throw new Error(`the recording failed: ${item.failure}`);
    return item?.state === 'verified' ? item : null;
  }, 40);
  say(`The vault has opened and checked the recording: ${(recording.duration_ms / 1000).toFixed(1)} s, coverage ${recording.coverage_permille / 10} %, ${recording.gaps.length} gaps.`);
  await officer.page.goto(`${stack.baseUrl}/console#/meetings/${meeting.id}`);
  await officer.get('play').click();
  await officer.get('purpose-supervision').click();
  await officer.get('purpose-play').click();
  await officer.get('player-play').click();
  await until('it plays', async () => Number(await officer.get('player').getAttribute('data-position')) > 1500);
  pictures.push(await officer.screenshot('demo-player'));
  await officer.get('player-close').click();
  say('The compliance officer has played it, for a purpose that is in the log.');
  await officer.get('verify-log').click();
  await officer.get('verdict').waitFor();
  pictures.push(await officer.screenshot('demo-verdict'));
  const [download] = await Promise.all([officer.page.waitForEvent('download'), officer.get('export-proof').click()]);
  const proof = join(out, 'proof.zip');
  await download.saveAs(proof);
  const verdict = stack.verify(proof);
  console.log(`\n${verdict.output.trim()}\n`);
  console.log(`Verdict     exit status ${verdict.status} of: parlour audit verify ${proof} --key ${stack.logKey}`);
  console.log(`Recording   ${join(stack.recordings, recording.id)} (sealed)`);
  console.log(`Proof       ${proof}`);
  for (const picture of pictures) console.log(`Picture     ${picture}`);
  process.exitCode = verdict.status;
} catch (error) {
  console.error(error);
  for (const one of people) await one.screenshot(`demo-failed-${one.name}`).catch(() => {});
  process.exitCode = 1;
} finally {
  for (const one of people) await one.stop().catch(() => {});
  process.env.PARLOUR_E2E_KEEP = '1';
  await stack.stop();
}
