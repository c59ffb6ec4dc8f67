// People who come, go and change computers: declining from the list, taking a meeting up again, an account that is closed.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root, until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { api, arrive, comeIn, endCall, inCall, logIn, meet } from '../lib/story.mjs';

const parlour = join(process.env.PARLOUR_BUILD ?? join(root, 'build/release'), 'src/bin/parlour/parlour');

test('people: declining from the list tells the customer, and nobody enters the meeting', () =>
  scene('decline', async (stack, person) => {
    const { agent, customer } = await arrive(person, 'required');
    const frames = [];
    agent.page.on('websocket', (socket) => socket.on('framesent', (frame) => frames.push(JSON.parse(String(frame.payload)).type)));
    await agent.get('nav-waiting').click();
    await agent.get('decline').first().click();
    await agent.get('decline-not_now').click();
    await agent.get('decline-confirm').click();
    await customer.page.locator('[data-testid=goodbye][data-reason=declined]').first().waitFor();
    await until('the list is empty', async () => (await agent.get('waiting-person').count()) === 0);
    check(!frames.includes('enter'), `the console entered the meeting: ${frames}`);
    const { body } = await api(agent, 'GET', '/meetings');
    const story = await api(agent, 'GET', `/meetings/${body.items[0].id}/timeline`);
    const kinds = story.body.items.map((entry) => entry.type);
    check(kinds.includes('waiting.denied') && !kinds.includes('staff.entered'), `the log: ${kinds}`);
  }));

test('people: the adviser goes on from another computer at once', () =>
  scene('takeover', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required');
    const { body } = await api(agent, 'GET', '/meetings');
    const other = await person('other', { device: 'agent' });
    await logIn(other, stack.accounts.agent);
    const lost = Date.now();
    await agent.browser.close();
    await other.page.goto(`${stack.baseUrl}/console#/meetings/${body.items[0].id}/call`);
    await other.get('allow-both').click();
    await other.get('device-continue').click();
    await other.get('take-over').click();
    await customer.get('held').waitFor();
    check(Date.now() - lost < 25_000, `the customer was told only ${Math.round((Date.now() - lost) / 1000)} s after the loss`);
    await other.get('admit').first().click();
    // The other computer has no secret of the link: the customer decides.
    await customer.get('go-on-unproven').click();
    await inCall([other, customer]);
    await endCall(other);
    const story = await api(other, 'GET', `/meetings/${body.items[0].id}/timeline`);
    const kinds = story.body.items.map((entry) => entry.type);
    for (const kind of ['meeting.held', 'meeting.resumed']) check(kinds.includes(kind), `the log lacks ${kind}`);
  }));

test('people: an adviser who reloads the page goes on with the same call', () =>
  scene('reload', async (stack, person) => {
    const { agent, customer } = await meet(person, 'never');
    await agent.page.reload();
    await inCall([agent, customer], 40);
    await endCall(agent);
    const { body } = await api(agent, 'GET', '/meetings');
    const story = await api(agent, 'GET', `/meetings/${body.items[0].id}/timeline`);
    const kinds = story.body.items.map((entry) => entry.type);
    check(!kinds.includes('meeting.held') && kinds.includes('roster.accepted'), `the log: ${kinds}`);
  }));

test('people: fault pages: a refused second device, and a customer whose adviser leaves, read what happened', () =>
  scene('left', async (stack, person) => {
    const { agent, customer, link } = await meet(person, 'never');
    const second = await person('second', { width: 390, height: 844 });
    await comeIn(second, link);
    await agent.get('second-refuse').click();
    await second.page.locator('[data-testid=goodbye][data-declined=other_device]').waitFor();
    check(/This device was not let in/.test(await second.get('goodbye').innerText()), await second.get('goodbye').innerText());
    check((await second.axe()).length === 0, `the refused device: ${await second.axe()}`);
    await second.screenshot('second-refused');
    await inCall([agent, customer]);

    await agent.page.evaluate(() => { location.hash = '#/today'; });
    await agent.get('leave-confirm').click();
    await customer.page.locator('[data-testid=held][data-cause=left]').waitFor();
    check(/has left the call/.test(await customer.get('held').innerText()) && !/lost/.test(await customer.get('held').innerText()), await customer.get('held').innerText());
    await customer.screenshot('adviser-left');
    const { body } = await api(agent, 'GET', '/meetings');
    const story = await api(agent, 'GET', `/meetings/${body.items[0].id}/timeline`);
    const held = story.body.items.find((entry) => entry.type === 'meeting.held');
    check(held?.data.reason === 'left', `the log: ${JSON.stringify(held)}`);
  }));

test('security 37: a closed account is out of its pages within 5 s', () =>
  scene('disabled', async (stack, person) => {
    const agent = await person('agent');
    let closedAt = 0;
    agent.page.on('websocket', (socket) => socket.on('close', () => { closedAt ||= Date.now(); }));
    await logIn(agent, stack.accounts.agent);
    await until('the list is live', async () => (await agent.page.locator('[data-testid=waiting-now][data-link=live]').count()) > 0);
    check(closedAt === 0, 'the list was closed before the account was');
    const told = Date.now();
    execFileSync(parlour, ['admin', 'user', 'disable', '--home', stack.home, '--email', stack.accounts.agent.email], { stdio: 'pipe' });
    // The page then tries once more, is refused, and asks to log in.
    await agent.get('login-email').waitFor({ timeout: 15000 });
    check(closedAt > 0 && closedAt - told < 5000, `the socket was closed after ${closedAt - told} ms`);
    check((await agent.page.evaluate(async () => (await fetch('/api/v1/session')).status)) === 204, 'the session lives on');
  }));
