// Both stories from log-in to verdict, at 1280 and 390 pixels, with axe on each page on the way.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { admit, api, comeIn, endCall, inCall, logIn, review, schedule, startsAnew } from '../lib/story.mjs';

async function accessible(person, where) {
  const violations = await person.axe();
  check(violations.length === 0, `${where}: ${violations.join('; ')}`);
}

async function call(stack, person, rule) {
  const agent = await person('agent');
  const customer = await person('customer', { width: 390, height: 844, locale: rule === 'never' ? 'nl-NL' : 'en-GB' });
  await agent.page.goto(`${stack.baseUrl}/console`);
  await agent.get('login-email').waitFor();
  await accessible(agent, 'log-in');
  await logIn(agent, stack.accounts.agent);
  await accessible(agent, 'today');
  const link = await schedule(agent, rule);
  await accessible(agent, 'new meeting');
  await agent.page.keyboard.press('Escape');
  await customer.page.goto(link);
  await customer.get('start').waitFor();
  check(!customer.page.url().includes('#'), 'the token stays in the address bar');
  await accessible(customer, 'invitation');
  await comeIn(customer, null, (where) => accessible(customer, where));
  await admit(agent);
  await inCall([agent, customer]);
  await accessible(agent, 'call, adviser');
  await accessible(customer, 'call, customer');
  for (const one of [agent, customer]) {
    const again = await startsAnew(one, 2);
    check(again.length === 0, `pictures or sound of ${one.name} start anew by themselves: ${JSON.stringify(again)}`);
  }
  return { agent, customer };
}

test.alone('story: wealth management is recorded, rebuilt, played and proven', () =>
  scene('required', async (stack, person) => {
    const { agent, customer } = await call(stack, person, 'required');
    for (const one of [agent, customer])
      await until(`${one.name} sees REC`, async () => (await one.page.locator('[data-testid=recording-fact][data-fact=on]').count()) > 0);
    await agent.screenshot('story-call-agent');
    await customer.screenshot('story-call-customer');
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await endCall(agent);
    await customer.get('goodbye').waitFor();
    check((await customer.get('goodbye').getAttribute('data-recorded')) === 'true', 'the goodbye does not say that it was recorded');
    await accessible(customer, 'goodbye');
    await customer.screenshot('story-goodbye');

    const { officer, meetings, meeting } = await review(person);
    check(meetings.length === 1 && meeting.state === 'ended', 'the officer does not see the ended meeting');
    const { id } = meeting;
    const recording = await until('the recording is verified', async () => {
      const answer = await api(officer, 'GET', `/meetings/${id}/recordings`);
      const item = answer.body.items[0];
      if (item?.state === 'failed') throw new Error(`the recording failed: ${item.failure}`);
      return item?.state === 'verified' ? item : null;
    }, 30);
    check(recording.tracks.length === 2, `${recording.tracks.length} tracks`);
    check(recording.coverage_permille >= 990, `coverage ${recording.coverage_permille} per mille`);
    await officer.page.goto(`${stack.baseUrl}/console#/meetings/${id}`);
    await officer.get('story').waitFor();
    await accessible(officer, 'meeting page');
    await officer.get('play').click();
    await officer.get('purpose-supervision').click();
    await officer.get('purpose-play').click();
    await officer.get('player-play').click();
    await until('it plays', async () => Number(await officer.get('player').getAttribute('data-position')) > 1500);
    await accessible(officer, 'player');
    await officer.screenshot('story-player');
    await officer.get('player-close').click();
    await until('the played ranges are in the log', async () => {
      const entries = await api(officer, 'GET', '/audit/entries?type=recording.played');
      return entries.body.items.some((entry) => entry.data.ranges_ms.length > 0);
    });
    await until('the page shows who has played it', async () => /O\. Officer/.test(await officer.get('plays').innerText()));
    // A copy leaves the house: with a reason, which the story then shows.
    await officer.get('download').click();
    await officer.get('download-reason').fill('Request of the court');
    await officer.get('download-ask').click();
    await officer.get('download-file').first().waitFor();
    await accessible(officer, 'download');
    await officer.page.keyboard.press('Escape');
    await until('the story gives the reason', async () => /“Request of the court”/.test(await officer.get('story').innerText()));
    await officer.get('verify-log').click();
    await officer.get('verdict').waitFor();
    check((await officer.get('verdict').getAttribute('data-exit')) === '0', await officer.get('verdict-text').innerText());
    const [download] = await Promise.all([officer.page.waitForEvent('download'), officer.get('export-proof').click()]);
    const bundle = join(stack.home, 'proof.zip');
    await download.saveAs(bundle);
    const honest = stack.verify(bundle);
    check(!/signatures of|older version/.test(honest.output), `fault H5: the manifest's signature was not checked: ${honest.output}`);
    check(honest.status === 0, `the honest bundle: ${honest.status} ${honest.output}`);
    const bytes = readFileSync(bundle);
    bytes[Math.floor(bytes.length / 2)] ^= 1;
    writeFileSync(bundle, bytes);
    check(stack.verify(bundle).status !== 0, 'a bundle with one flipped bit passes');
    await officer.screenshot('story-verified');

    // Playing is the officer's; nobody else's, and never without its entry.
    agent.expected = (text) => text.includes('403');
    const denied = await api(agent, 'POST', `/recordings/${recording.id}/play`, { purpose: 'quality' });
    check(denied.status === 403, `an agent may play: ${denied.status}`);
  }));

test.alone('story: debt counselling is never recorded, e2ee 14', () =>
  scene('never', async (stack, person) => {
    const { agent, customer } = await call(stack, person, 'never');
    for (const one of [agent, customer])
      check((await one.page.locator('[data-testid=recording-fact][data-fact=on]').count()) === 0, `${one.name} is told that it is recorded`);
    await endCall(agent);
    await customer.get('goodbye').waitFor();
    check((await customer.get('goodbye').getAttribute('data-recorded')) === 'false', 'the goodbye says that it was recorded');
    const { officer, meeting } = await review(person);
    const timeline = await api(officer, 'GET', `/meetings/${meeting.id}/timeline`);
    const types = timeline.body.items.map((entry) => entry.type);
    check(types.includes('meeting.started') && types.includes('meeting.ended'), `the story lacks its ends: ${types}`);
    check(!types.some((type) => type.startsWith('recording.')), `a recording in the story: ${types}`);
    check(execFileSync('find', [stack.recordings, '-type', 'f'], { encoding: 'utf8' }) === '', 'something was stored');
    const verdict = await api(officer, 'POST', '/audit/verify');
    check(verdict.body.exit === 0, verdict.body.text);
  }));
