// The pages of a call say what is so: about the recording on the way out, under a translator, of a share that is over, of a
// picture that stands still; and they do nothing by themselves: no microphone on after a reload, no leaving by Back.
import { until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { Network } from '../lib/network.mjs';
import { drawnScreen, heard, screenColours } from '../lib/pages.mjs';
import { endCall, inCall, meet, picturesMove, reviewRecording } from '../lib/story.mjs';
import { translate } from '../../../web/tests/translator.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isRecorded = (one) => until(`${one.name} reads that the recording runs`, async () => (await one.page.locator('[data-testid=recording-fact][data-fact=on]').count()) > 0, 20);
const within = async (what, seconds, fact) => {
  const from = Date.now();
  await until(what, fact, seconds);
  return (Date.now() - from) / 1000;
};

test('fault B1: who leaves a recorded call reads what was recorded and until when it is kept', () =>
  scene('goodbye-recorded', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required');
    await isRecorded(customer);
    await pause(3000);
    await customer.get('leave').click();
    await customer.get('goodbye').waitFor();
    const [recorded, kept] = [await customer.get('goodbye-recorded').innerText(), await customer.get('goodbye-kept').innerText()];
    check(/^Picture and sound/.test(recorded), `the customer reads: ${recorded}`);
    await customer.screenshot('goodbye-left');
    await endCall(agent);
    const { recording } = await reviewRecording(person);
    const date = await customer.page.evaluate((time) => new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' }), recording.keep_until);
    check(kept.includes(date), `the customer reads "${kept}", kept is ${recording.keep_until} (${date})`);
  }));

test('fault B1: a server that is gone leaves the page in doubt, and it says so', () =>
  scene('goodbye-doubt', async (stack, person) => {
    const { customer } = await meet(person, 'required', (one) => { one.expected = (text) => /WebSocket|ERR_CONNECTION|Failed to load resource/.test(text); });
    await isRecorded(customer);
    await stack.killServe();
    await customer.get('leave').click();
    await customer.get('goodbye').waitFor();
    const read = await customer.get('goodbye').innerText();
    check(/What was recorded so far stays recorded/.test(read) && !/Nothing/.test(read), `the customer reads: ${read}`);
    await customer.screenshot('goodbye-doubt');
    await stack.startServe();
  }));

test('fault B2: a translated page follows a recorded call from the first page to the goodbye, on both sides', () =>
  scene('translated', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required', async (one) => {
      await one.context.addInitScript(translate);
    });
    const words = async (one, id) => (await one.get(id).first().innerText()).replace(/\s+/g, ' ').trim();
    const reads = (one, id, what) => until(`${one.name} reads ${what} at ${id}`, async () => what.test(await words(one, id)), 15);
    for (const one of [agent, customer]) {
      check((await one.page.locator('font').count()) > 10, `${one.name}: nothing was translated`);
      await isRecorded(one);
      await reads(one, 'recording-fact', /^Recording$/);
      await reads(one, 'encryption-fact', /^Encrypted/);
      const clock = await words(one, 'call-time');
      await until(`${one.name}'s clock goes on`, async () => (await words(one, 'call-time')) !== clock, 5);
      await reads(one, 'toggle-microphone', /Microphone on$/);
      await one.get('toggle-microphone').click();
      await reads(one, 'toggle-microphone', /Microphone off$/);
      await one.get('toggle-microphone').click();
      await reads(one, 'toggle-microphone', /Microphone on$/);
    }
    await customer.get('toggle-camera').click();
    await reads(agent, 'stage', /has the camera off/);
    await customer.get('toggle-camera').click();
    await until('the picture is back', () => picturesMove(agent), 15);
    await customer.page.reload();
    await inCall([agent, customer], 40);
    for (const one of [agent, customer]) await reads(one, 'recording-fact', /^Recording$/);
    await customer.screenshot('translated-customer');
    await endCall(agent);
    await reads(agent, 'agent-ended', /You have ended the meeting/);
    await reads(customer, 'goodbye-recorded', /^Picture and sound/);
  }));

test.alone('fault B6: a share that is over is off the other screen at once, whatever ended it; its last picture never comes back', () =>
  scene('share-over', async (stack, person) => {
    const network = await Network.between(stack.port);
    try {
      const { agent, customer } = await meet(person, 'never', async (one) => {
        await drawnScreen(one);
        if (one.name === 'agent') await network.lead(one);
      });
      const shared = () => customer.get('shared-screen').count();
      const share = async (colour) => {
        await agent.page.evaluate((name) => { globalThis.drawnColour = name; }, colour);
        await agent.get('toggle-share').click();
        await until('the customer sees the screen', async () => (await shared()) > 0, 20);
        await until(`it is ${colour}`, async () => (await screenColours(customer)).at(-1) === colour, 10);
      };
      const over = async (what, seconds) => {
        const took = await within(`the screen is gone: ${what}`, seconds, async () => (await shared()) === 0);
        console.log(`  ${what}: gone after ${took.toFixed(1)} s`);
        check((await customer.get('tile').count()) === 1, 'the face is not back');
        await until('the customer may share', async () => (await customer.page.locator('[data-testid=toggle-share][data-slot=none]').count()) > 0, 5);
      };
      await share('red');
      await customer.screenshot('share-customer');
      await agent.get('toggle-share').click();
      await over('stopped by its button', 1.5);
      await until('the picture moves', () => picturesMove(customer), 10);
      // The next share shows nothing of the one before, not for a moment.
      await share('blue');
      const colours = await screenColours(customer);
      check(!colours.includes('red'), `the last picture of the share before was seen: ${colours}`);
      await agent.page.evaluate(() => globalThis.drawnTrack.dispatchEvent(new Event('ended')));
      await over('stopped by the browser’s own bar', 1.5);
      await share('red');
      network.cut();
      await over('the network is gone', 7);
      network.mend();
      await inCall([agent, customer], 40);
      await until('the adviser reads that nothing is shared', async () => (await agent.page.locator('[data-testid=toggle-share][data-slot=none]').count()) > 0, 15);
      await share('blue');
      await agent.page.reload();
      await within('gone: the page was reloaded', 3, async () => (await shared()) === 0);
      await inCall([agent, customer], 40);
      await share('red');
      await endCall(agent);
    } finally {
      network.close();
    }
  }));

test.alone('fault B7: a picture that stands still is dimmed and named within 3 s, and who is lost is told after 5', () =>
  scene('frozen', async (stack, person) => {
    const network = await Network.between(stack.port);
    try {
      const { agent, customer } = await meet(person, 'never', (one) => (one.name === 'agent' ? network.lead(one) : undefined));
      await pause(3000);
      check((await customer.get('picture-still').count()) === 0, 'a live picture is said to stand still');
      const cut = Date.now();
      network.cut();
      await until('the picture is named', async () => (await customer.get('picture-still').count()) > 0, 6);
      const named = (Date.now() - cut) / 1000;
      check((await customer.page.locator('[data-testid=tile] video').evaluate((video) => Number(getComputedStyle(video).opacity))) < 0.5, 'it is not dimmed');
      await customer.screenshot('frozen-customer');
      await until('the customer is told', async () => (await customer.get('other-reconnecting').count()) > 0, 10);
      const told = (Date.now() - cut) / 1000;
      console.log(`  named after ${named.toFixed(1)} s, told after ${told.toFixed(1)} s`);
      check(named <= 3.3, `named only after ${named} s`);
      check(told <= 6, `told only after ${told} s`);
      check(/has lost the connection/.test(await customer.get('other-reconnecting').innerText()), 'not in these words');
      await customer.screenshot('lost-customer');
      const violations = await customer.axe();
      check(violations.length === 0, `lost: ${violations.join('; ')}`);
      network.mend();
      await until('it moves again', async () => (await customer.get('picture-still').count()) === 0 && (await customer.get('other-reconnecting').count()) === 0 && (await picturesMove(customer)), 20);
      // A camera that is off, and a page in the background, have lost nothing.
      await agent.get('toggle-camera').click();
      await until('the customer reads that the camera is off', async () => /has the camera off/.test(await customer.get('stage').innerText()), 5);
      const other = await agent.newPage();
      await other.bringToFront();
      await pause(8000);
      check((await customer.get('other-reconnecting').count()) === 0, 'a camera that is off is taken for a lost connection');
      await agent.page.bringToFront();
    } finally {
      network.close();
    }
  }));

test('fault C2: after a reload microphone and camera are as they were, and nothing is heard', () =>
  scene('reload-muted', async (stack, person) => {
    const { agent, customer } = await meet(person, 'never', (one) => { one.expected = (text) => /WebSocket|ERR_CONNECTION|Failed to load resource/.test(text); });
    const off = (one) => until(`${one.name}'s devices are off`, async () => (await one.page.locator('[data-testid=toggle-microphone][data-slot=off]').count()) + (await one.page.locator('[data-testid=toggle-camera][data-slot=off]').count()) === 2, 20);
    check((await heard(agent, 4)) > 0.01, 'the test hears nothing at all');
    for (const kind of ['microphone', 'camera']) await customer.get(`toggle-${kind}`).click();
    await off(customer);
    await pause(1000);
    const silence = async (after, act) => {
      const listening = heard(agent, 9);
      await act();
      const level = await listening;
      check(level < 0.001, `${after}: the adviser heard ${level}`);
      await off(customer);
      check((await agent.page.locator('[data-testid=tile] [data-testid=remote-picture]').count()) === 0, `${after}: the adviser sees a picture`);
    };
    await silence('a reload', () => customer.page.reload());
    await silence('another reload', () => customer.page.reload());
    await silence('a restart of the server', async () => {
      await stack.killServe();
      await stack.startServe();
    });
    // The same person by the same button: switched on, it is heard.
    await customer.get('toggle-microphone').click();
    await until('the customer is heard again', async () => (await heard(agent, 3)) > 0.01, 20);
    // The adviser's own.
    await agent.get('toggle-microphone').click();
    await pause(500);
    await agent.page.reload();
    await until('the adviser’s microphone is off', async () => (await agent.page.locator('[data-testid=toggle-microphone][data-slot=off]').count()) > 0, 20);
    // Kept until the call is left.
    await customer.get('leave').click();
    await customer.get('goodbye').waitFor();
    check((await customer.page.evaluate(() => sessionStorage.getItem('parlour.call.off'))) === null, 'it is kept after leaving');
  }));

test('fault C3: Back asks before it leaves a call, on both sides', () =>
  scene('back-asks', async (stack, person) => {
    const { agent, customer } = await meet(person, 'never');
    for (const one of [customer, agent]) {
      for (let time = 0; time < 2; time++) {
        await one.page.goBack();
        await one.get('leave-sheet').waitFor();
        if (time === 0) await one.screenshot(`back-${one.name}`);
        await one.get('leave-stay').click();
        await until(`${one.name} is still in the call`, async () => (await one.get('leave-sheet').count()) === 0 && (await picturesMove(one)), 5);
      }
    }
    check((await customer.get('held').count()) === 0 && (await customer.get('other-reconnecting').count()) === 0, 'the customer noticed something');
    // A typed address inside of the console asks as well; the yes goes there.
    await agent.page.evaluate(() => { location.hash = '#/audit'; });
    await agent.get('leave-sheet').waitFor();
    const violations = await agent.axe();
    check(violations.length === 0, `the sheet: ${violations.join('; ')}`);
    await agent.page.keyboard.press('Escape');
    check(/\/call$/.test(agent.page.url()), `Escape stays: ${agent.page.url()}`);
    // Closing the tab: the browser's own question.
    const asked = new Promise((resolve) => agent.page.once('dialog', (dialog) => { resolve(dialog.type()); void dialog.dismiss(); }));
    await agent.page.close({ runBeforeUnload: true });
    check((await asked) === 'beforeunload', 'closing the tab does not ask');
    await until('the adviser is still in the call', () => picturesMove(agent), 5);
    await agent.page.evaluate(() => { location.hash = '#/audit'; });
    await agent.get('leave-confirm').click();
    await until('the console shows the page', async () => /#\/audit$/.test(agent.page.url()), 5);
    await customer.get('held').waitFor({ timeout: 15_000 });
    // The customer's yes.
    await customer.page.goBack();
    await customer.get('leave-confirm').click();
    await customer.get('goodbye').waitFor();
  }));
