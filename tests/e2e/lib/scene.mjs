// A test's scene: an installation and its people, all stopped at the end; what went wrong is shown with pictures and logs.
import { Stack } from './stack.mjs';
import { Person } from './people.mjs';

export async function scene(name, run, options = {}) {
  const stack = await Stack.start(options);
  const people = [];
  const person = async (who, more) => {
    const one = await Person.start(who, stack, more);
    people.push(one);
    return one;
  };
  try {
    await run(stack, person);
    for (const one of people) {
      if (one.errors.length > 0) throw new Error(`${one.name}'s console: ${one.errors.join(' | ')}`);
      if (one.foreign.length > 0) throw new Error(`${one.name} asked other hosts: ${one.foreign.join(' | ')}`);
    }
  } catch (error) {
    for (const one of people) {
      const path = await one.screenshot(`failed-${name.replace(/\W+/g, '-')}-${one.name}`).catch(() => 'no picture');
      console.log(`  ${one.name}: ${path}\n  ${(await one.page.locator('body').innerText().catch(() => '')).slice(0, 500).replace(/\n+/g, ' · ')}`);
      if (one.errors.length > 0) console.log(`  ${one.name}'s console: ${one.errors.join(' | ')}`);
    }
    console.log(stack.log('serve').slice(-1500), stack.log('vault').slice(-1500));
    throw error;
  } finally {
    for (const one of people) await one.stop().catch(() => {});
    await stack.stop();
  }
}

export function check(condition, text) {
  if (!condition) throw new Error(text);
}
