// A first walk through the recorded story, step by step, for people who work on it: node tests/e2e/try.mjs [required|never]
import { Stack } from './lib/stack.mjs';
import { Person } from './lib/people.mjs';
import { admit, comeIn, inCall, logIn, schedule } from './lib/story.mjs';

const rule = process.argv[2] ?? 'required';
const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1)} s  ${text}`);
const stack = await Stack.start();
say(`ready at ${stack.baseUrl}, home ${stack.home}`);
let agent, customer;
try {
  agent = await Person.start('agent', stack);
  customer = await Person.start('customer', stack, { width: 390, height: 844 });
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
} catch (error) {
  console.log(error);
  process.exitCode = 1;
} finally {
  for (const person of [agent, customer]) {
    if (!person) continue;
    await person.screenshot(`try-${person.name}`).catch(() => {});
    console.log(person.name, 'errors:', person.errors, 'foreign:', person.foreign);
    console.log(person.name, 'page:', (await person.page.locator('body').innerText().catch(() => '')).slice(0, 800));
  }
  await agent?.stop();
  await customer?.stop();
  console.log(stack.log('serve').slice(-3000));
  console.log(stack.log('vault').slice(-1500));
  if (!process.env.PARLOUR_E2E_KEEP) await stack.stop();
}
