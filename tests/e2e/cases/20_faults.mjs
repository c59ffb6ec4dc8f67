// Faults in a call: the server killed, the vault killed or absent. Nothing lost, nothing silent.
import { until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { admit, api, comeIn, endCall, inCall, logIn, picturesMove, schedule, verified } from '../lib/story.mjs';

async function start(stack, person, rule) {
  const agent = await person('agent');
  const customer = await person('customer', { width: 390, height: 844 });
  await logIn(agent, stack.accounts.agent);
  const link = await schedule(agent, rule);
  await agent.page.keyboard.press('Escape');
  await comeIn(customer, link);
  return { agent, customer, link };
}

test('fault: kill -9 of the server in a recorded call; browsers come back and the gap is named', () =>
  scene('kill-serve', async (stack, person) => {
    const { agent, customer } = await start(stack, person, 'required');
    await admit(agent);
    await inCall([agent, customer]);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (const one of [agent, customer]) one.expected = (text) => /WebSocket|ERR_CONNECTION|Failed to load resource/.test(text);
    await stack.killServe();
    await stack.startServe();
    await inCall([agent, customer], 40);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await endCall(agent);
    const officer = await person('officer');
    await logIn(officer, stack.accounts.compliance);
    const { body } = await api(officer, 'GET', '/meetings');
    const recording = await verified(officer, body.items[0].id);
    check(recording.gaps.some((gap) => gap.to_ms - gap.from_ms > 50), `no gap is named: ${JSON.stringify(recording.gaps)}`);
    const timeline = await api(officer, 'GET', `/meetings/${body.items[0].id}/timeline`);
    check(timeline.body.items.some((entry) => entry.type === 'recording.gap' && entry.data.cause === 'server'), 'the log does not name the gap');
    const verdict = await api(officer, 'POST', '/audit/verify');
    check(verdict.body.exit === 0, `${verdict.body.text} ${verdict.body.faults}`);
  }));

test('fault: no vault, no recorded call; the other type is untouched', () =>
  scene('no-vault', async (stack, person) => {
    await stack.killVault();
    const { agent, customer } = await start(stack, person, 'required');
    await agent.get('nav-waiting').click();
    await agent.get('admit').first().click();
    await agent.get('allow-both').click();
    await agent.get('device-continue').click();
    await until('the adviser is told why nobody can be let in', async () => /recorder|recording|opname/i.test(await agent.page.locator('main, body').first().innerText()));
    check((await customer.get('waiting-room').count()) === 1, 'the customer was let in without a recorder');
    const quiet = await person('quiet', { width: 390, height: 844 });
    await agent.page.goto(`${stack.baseUrl}/console#/today`);
    const link = await schedule(agent, 'never', { name: 'D. Customer', email: 'd@example.org' });
    await agent.page.keyboard.press('Escape');
    await comeIn(quiet, link);
    await agent.get('nav-waiting').click();
    await agent.page.locator('[data-testid=waiting-person]', { hasText: 'D. Customer' }).getByTestId('admit').click();
    await inCall([agent, quiet]);
  }));

test('fault: no free disk, no recorded call', () =>
  scene('no-disk', async (stack, person) => {
    const { agent, customer } = await start(stack, person, 'required');
    await agent.get('nav-waiting').click();
    await agent.get('admit').first().click();
    await agent.get('allow-both').click();
    await agent.get('device-continue').click();
    await until('the adviser is told why nobody can be let in', async () => /recorder|recording/i.test(await agent.page.locator('body').innerText()));
    check((await customer.get('waiting-room').count()) === 1, 'the customer was let in without a recorder');
    // A watermark that no disk reaches stands for a full disk.
  }, { serve: ['--free-mib-min', '16000000'] }));

test('fault: kill -9 of the vault in a call; the recording goes on and is opened when it is back', () =>
  scene('kill-vault', async (stack, person) => {
    const { agent, customer } = await start(stack, person, 'required');
    await admit(agent);
    await inCall([agent, customer]);
    await stack.killVault();
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await until('the call goes on without the vault', () => picturesMove(customer), 5);
    await endCall(agent);
    stack.startVault();
    const officer = await person('officer');
    await logIn(officer, stack.accounts.compliance);
    const { body } = await api(officer, 'GET', '/meetings');
    const recording = await verified(officer, body.items[0].id);
    check(recording.coverage_permille >= 990, `coverage ${recording.coverage_permille}`);
  }));

test('e2ee 20: a browser without the API is told before any prompt, and no offer is asked for', () =>
  scene('no-api', async (stack, person) => {
    const agent = await person('agent');
    const customer = await person('customer', { width: 390, height: 844 });
    await logIn(agent, stack.accounts.agent);
    const link = await schedule(agent, 'required');
    await customer.page.addInitScript(() => { delete globalThis.RTCRtpScriptTransform; });
    let sockets = 0;
    customer.page.on('websocket', () => sockets++);
    await customer.page.goto(link);
    await customer.get('start').click();
    await customer.get('browser-unable').waitFor();
    check(sockets === 0, 'a socket was opened');
  }));
