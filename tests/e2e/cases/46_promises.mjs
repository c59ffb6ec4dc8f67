// What a page says of a call is what is so.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, scene } from '../lib/scene.mjs';
import { root } from '../lib/stack.mjs';
import { api, endCall, meet } from '../lib/story.mjs';

const promised = /destroy|backup|legal hold|vernietig|reservekopie/i;

test('fault B8: nothing is promised that nothing keeps, from the notice to the goodbye of a recorded call', () =>
  scene('promises', async (stack, person) => {
    const seen = [];
    const { agent, customer } = await meet(person, 'required', async (one) => {
      one.page.on('response', async (response) => {
        if (/\/api\/v1\/(link|guest)(\?|$)/.test(response.url()) && response.request().method() !== 'DELETE') seen.push((await response.json().catch(() => ({}))).notice);
      });
    });
    const notice = seen.filter(Boolean).at(-1);
    check(notice !== undefined && /7 years/.test(notice.facts.kept) && !promised.test(JSON.stringify(notice)), `the notice: ${JSON.stringify(notice?.facts)}`);
    // A recorded call's receipt proves the opposite of "no key was given to a recorder".
    await customer.get('facts').first().click();
    await customer.get('security-panel').waitFor();
    const security = await customer.get('security-panel').innerText();
    check(!/no key was given to a recorder/.test(security) && /holds the keys, as a listed member/.test(security), security);
    await customer.page.keyboard.press('Escape');
    // The time for which a customer is held is the type's.
    const held = JSON.parse(readFileSync(join(root, 'deploy/demo/wealth-management.json'), 'utf8')).steward.hold_s.value;
    const types = await api(agent, 'GET', '/types');
    check(types.body.items.every((type) => type.hold_s === held), JSON.stringify(types.body.items));
    await endCall(agent);
    await customer.get('goodbye').waitFor();
    const goodbye = await customer.get('goodbye').innerText();
    check(/At least until /.test(goodbye) && !promised.test(goodbye), goodbye);
  }));
