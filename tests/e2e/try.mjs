// The whole story of one type, step by step, for people who work on it: node tests/e2e/try.mjs [required|never]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack, until } from './lib/stack.mjs';
import { Person } from './lib/people.mjs';
import { admit, api, comeIn, endCall, inCall, logIn, schedule } from './lib/story.mjs';

const rule = process.argv[2] ?? 'required';
const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1)} s  ${text}`);
const stack = await Stack.start();
say(`ready at ${stack.baseUrl}, home ${stack.home}`);
const people = [];
try {
  const agent = await Person.start('agent', stack);
  people.push(agent);
  const customer = await Person.start('customer', stack, { width: 390, height: 844 });
  people.push(customer);
  await logIn(agent, stack.accounts.agent);
  say('agent is logged in');
  const link = await schedule(agent, rule);
  say(`scheduled: ${link}`);
  await agent.page.keyboard.press('Escape');
  await comeIn(customer, link);
  say('customer waits');
  await admit(agent);
  say('admitted');
  await inCall([agent, customer]);
  say('in the call');
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await endCall(agent);
  await customer.get('goodbye').waitFor();
  say('ended');
  const officer = await Person.start('compliance', stack);
  people.push(officer);
  await logIn(officer, stack.accounts.compliance);
  const meetings = await api(officer, 'GET', '/meetings');
  const meeting = meetings.body.items[0];
  say(`officer sees ${meetings.body.items.length} meeting, ${meeting.state}, recording ${meeting.recording}`);
  if (rule === 'required') {
    const recording = await until('the recording is opened', async () => {
      const answer = await api(officer, 'GET', `/meetings/${meeting.id}/recordings`);
      const item = answer.body.items[0];
      return item && ['verified', 'failed'].includes(item.state) ? item : null;
    }, 30);
    say(JSON.stringify(recording));
  }
  const timeline = await api(officer, 'GET', `/meetings/${meeting.id}/timeline`);
  console.log(timeline.body.items.map((e) => `${e.time.slice(11)} ${e.type} ${e.outcome} ${e.reason ?? ''} ${JSON.stringify(e.data)}`).join('\n'));
  const verdict = await api(officer, 'POST', '/audit/verify');
  say(JSON.stringify(verdict.body));
  await officer.page.goto(`${stack.baseUrl}/console#/meetings/${meeting.id}`);
  await officer.get('meeting-page').waitFor();
  if (rule === 'required') {
    await officer.get('play').click();
    await officer.get('purpose-supervision').click();
    await officer.get('purpose-play').click();
    await officer.get('player').waitFor();
    await officer.get('player-play').click();
    await until('it plays', async () => Number(await officer.get('player').getAttribute('data-position')) > 1500);
    say('it plays');
  }
} catch (error) {
  console.log(error);
  process.exitCode = 1;
} finally {
  for (const person of people) {
    await person.screenshot(`try-${person.name}`).catch(() => {});
    console.log(person.name, 'errors:', person.errors, 'foreign:', person.foreign);
    if (process.exitCode) console.log(person.name, 'page:', (await person.page.locator('body').innerText().catch(() => '')).slice(0, 800));
    await person.stop();
  }
  console.log(stack.log('serve').slice(-3000));
  console.log(stack.log('vault').slice(-1500));
  if (!process.env.PARLOUR_E2E_KEEP) await stack.stop();
  else { stack.serve.kill('SIGTERM'); stack.vault.kill('SIGTERM'); }
}
