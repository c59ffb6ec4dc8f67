// Whose organisation this is, and whose link: what a server in other hands can't change without a word (e2ee.md 3 and 5).
import { readFileSync } from 'node:fs';
import { Caller } from '../lib/hostile.mjs';
import { inFiles } from '../lib/memory.mjs';
import { check, scene } from '../lib/scene.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { admit, api, arrive, comeIn, endCall, inCall, logIn, meet, review, schedule } from '../lib/story.mjs';

const bodyOf = (signed) => JSON.parse(Buffer.from(signed.b, 'base64url'));

/** The signed messages that a person's pages have sent, from now on. */
function sentBy(person) {
  const sent = [];
  person.page.on('websocket', (socket) => socket.on('framesent', (frame) => {
    const message = JSON.parse(String(frame.payload));
    if (message.type === 'e2ee') sent.push(message.m);
  }));
  return sent;
}

async function security(person) {
  await person.get('facts').first().click();
  await person.get('security-panel').first().waitFor();
  const read = await person.page.evaluate(() => {
    const panel = document.querySelector('[data-testid=security-panel]');
    return {
      fingerprint: panel.querySelector('[data-testid=root-fingerprint]')?.textContent.trim(),
      link: panel.querySelector('[data-testid=security-link]').dataset.link,
      words: panel.querySelector('[data-testid=security-link]').textContent,
      known: [...panel.querySelectorAll('[data-testid=security-member]')].map((member) => member.dataset.known),
    };
  });
  return read;
}

/** Another organisation at the address of one that was known: programs, keys, types, accounts of its own. */
async function secondOrganisation(stack, run) {
  await stack.stopServe();
  const second = await Stack.start({ port: stack.port });
  try {
    await run(second);
  } finally {
    await second.stop();
  }
}

test('fault H1: a second organisation at the address of a known one is refused loudly, and gets no key', () =>
  scene('second-organisation', async (stack, person) => {
    const { agent, customer } = await meet(person, 'required');
    const known = await security(agent);
    check(/^([0-9a-f]{4} ){7}[0-9a-f]{4}$/.test(known.fingerprint ?? ''), `the fingerprint: ${known.fingerprint}`);
    check((await security(customer)).fingerprint === known.fingerprint, 'the customer sees another fingerprint');
    check(stack.ready.organisation_key === known.fingerprint, 'the set-up has printed another fingerprint');
    const [saved] = await Promise.all([customer.page.waitForEvent('download'), customer.get('save-receipt').first().click()]);
    const receipt = JSON.parse(readFileSync(await saved.path(), 'utf8'));
    check(receipt.fingerprint === known.fingerprint && receipt.root.length === 87, 'the receipt does not name the organisation key');
    for (const one of [agent, customer]) await one.page.keyboard.press('Escape');
    await endCall(agent);
    const { officer } = await review(person);
    await officer.get('nav-audit').click();
    await officer.get('proof-organisation-key').first().waitFor();
    check((await officer.get('proof-organisation-key').first().inputValue()) === known.fingerprint, 'the proof page does not show the organisation key');
    await officer.screenshot('proof-organisation-key');
    await officer.stop();
    for (const one of [agent, customer]) {
      one.expected = (text) => /401|404|WebSocket|ERR_CONNECTION|Failed to load resource/.test(text);
      await one.page.goto('about:blank');
    }

    await secondOrganisation(stack, async (second) => {
      const stranger = await person('stranger', { device: 'agent' });
      stranger.stack = second;
      await logIn(stranger, second.accounts.agent);
      const link = await schedule(stranger, 'required');
      await stranger.page.keyboard.press('Escape');
      // In the profiles of those who knew the first organisation. Only cookies of the first are gone: they are of no use.
      for (const one of [agent, customer]) await one.context.clearCookies();
      const sent = sentBy(customer);
      await customer.page.goto(link);
      await customer.get('start').click();
      await customer.get('allow-both').click();
      await customer.get('device-continue').click();
      await customer.get('notice-continue').click();
      await customer.get('waiting-problem').waitFor();
      const words = await customer.get('waiting-problem').innerText();
      check(/signing key of another organisation/.test(words) && words.includes(known.fingerprint), `the customer reads: ${words}`);
      await customer.screenshot('second-organisation-customer');
      const violations = await customer.axe();
      check(violations.length === 0, `waiting room with another key: ${violations.join('; ')}`);
      check(sent.length === 0, `the customer's page sent ${sent.map((m) => m.t)}`);

      const agentSent = sentBy(agent);
      agent.stack = second;
      await logIn(agent, second.accounts.agent);
      const { body } = await api(agent, 'GET', '/meetings');
      await agent.page.goto(`${second.baseUrl}/console#/meetings/${body.items[0].id}/call`);
      await agent.page.locator('[data-testid=call-problem][data-code=root_refused]').waitFor();
      await agent.screenshot('second-organisation-adviser');
      check(agentSent.length === 0, `the adviser's page sent ${agentSent.map((m) => m.t)}`);
      const kept = await agent.page.evaluate(() => localStorage.getItem('parlour.root'));
      check(JSON.parse(kept).root === receipt.root, 'the browser remembers the stranger now');
      // Leaving and logging out clear what is stored, but not this.
      await agent.page.goto(`${second.baseUrl}/console#/today`);
      await agent.get('log-out').first().click();
      await agent.get('login-email').waitFor();
      check((await agent.page.evaluate(() => localStorage.getItem('parlour.root'))) === kept, 'the log-out forgot the organisation key');
    });
  }));

test('fault H1: inside an open page a server that turns to another organisation gets no key', () =>
  scene('turned-server', async (stack, person) => {
    let toPage = null;
    let lastN = 0;
    const sent = [];
    const { customer } = await meet(person, 'required', async (one) => {
      if (one.name !== 'customer') return;
      // Between page and server: what the server would say if it were in other hands.
      await one.page.routeWebSocket(/\/api\/v1\/call$/, (socket) => {
        const server = socket.connectToServer();
        server.onMessage((text) => {
          const message = JSON.parse(String(text));
          if (message.n !== undefined) lastN = message.n;
          socket.send(text);
        });
        toPage = (message) => socket.send(JSON.stringify({ ...message, n: ++lastN }));
        socket.onMessage((text) => {
          const message = JSON.parse(String(text));
          if (message.type === 'e2ee') sent.push(message.m);
          server.send(text);
        });
      });
    });
    const second = await Stack.start();
    try {
      const theirs = await Caller.staff(second, second.accounts.agent);
      const meeting = await theirs.schedule(second.types.required);
      const { socket } = await (await Caller.guest(second, meeting.link)).enter();
      const welcome = await until('the welcome of the second organisation', () => socket.messages.find((message) => message.type === 'welcome'));
      check(bodyOf(welcome.policy).org === 'Example Bank', 'the second organisation calls itself as the first');
      sent.length = 0;
      toPage({ ...welcome, type: 'resync' });
      toPage({ type: 'call.new', call: welcome.call });
      await customer.page.locator('[data-testid=call-problem][data-code=root_refused]').waitFor();
      await customer.screenshot('turned-server-customer');
      const violations = await customer.axe();
      check(violations.length === 0, `a call stopped by another key: ${violations.join('; ')}`);
      check(!sent.some((m) => ['Hello', 'SenderKey', 'KeyAck'].includes(m.t)), `the page sent ${sent.map((m) => m.t)}`);
    } finally {
      await second.stop();
    }
  }));

test('the secret of a link verifies both sides, also after a reload, and reaches no server', () =>
  scene('link-secret', async (stack, person) => {
    const asked = [];
    const { agent, customer, link } = await meet(person, 'never', async (one) => {
      one.page.on('request', (request) => asked.push(`${request.url()} ${request.postData() ?? ''} ${JSON.stringify(request.headers())}`));
      one.page.on('websocket', (socket) => socket.on('framesent', (frame) => asked.push(String(frame.payload))));
    });
    const secret = link.split('.').at(-1);
    check(/^[a-z2-7]{26}$/.test(secret), `the link: ${link}`);
    const proven = async () => {
      const [hers, his] = [await security(agent), await security(customer)];
      check(hers.link === 'proven' && hers.known.join() === 'self,link', `the adviser sees ${JSON.stringify(hers)}`);
      check(his.link === 'proven' && his.known.join() === 'link,self', `the customer sees ${JSON.stringify(his)}`);
      check(/Verified by your link/.test(his.words), his.words);
      for (const one of [agent, customer]) await one.page.keyboard.press('Escape');
    };
    await proven();
    await security(customer);
    await customer.screenshot('link-proven-customer');
    const violations = await customer.axe();
    check(violations.length === 0, `Security with a proven link: ${violations.join('; ')}`);
    await customer.page.keyboard.press('Escape');
    await customer.page.reload();
    await inCall([agent, customer], 40);
    const [hers, his] = [await security(agent), await security(customer)];
    check(his.link === 'proven' && hers.known.includes('link') && !hers.known.includes('server'), `after the reload: ${JSON.stringify([hers, his])}`);
    check(asked.length > 50 && !asked.some((text) => text.includes(secret)), 'the secret left a browser');
    check(inFiles([stack.home], { secret: Buffer.from(secret) }, () => false).found.length === 0, 'the secret is in a file of the server');
  }));

test('a customer whose link has a secret is asked when the adviser is at another computer', () =>
  scene('other-computer', async (stack, person) => {
    const { agent, customer } = await arrive(person, 'never');
    const sentOf = [];
    const sentKeys = () => sentOf.filter((m) => m.t === 'SenderKey').length;
    await agent.browser.close();
    const other = await person('other', { device: 'agent' });
    await logIn(other, stack.accounts.agent);
    // What leaves the customer's page, told by its own signed messages as the other page gets them.
    other.page.on('websocket', (socket) => socket.on('framereceived', (frame) => {
      const message = JSON.parse(String(frame.payload));
      if (message.type === 'e2ee' && message.from !== 'recorder') sentOf.push(message.m);
    }));
    await admit(other);
    await customer.get('link-unproven').waitFor();
    check(sentKeys() === 0, 'a key of the customer left before he decided');
    for (const [width, height] of [[390, 844], [320, 640], [844, 390], [1280, 800]]) {
      await customer.page.setViewportSize({ width, height });
      await customer.screenshot(`link-unproven-${width}`);
      const violations = await customer.axe();
      check(violations.length === 0, `the question at ${width}: ${violations.join('; ')}`);
    }
    await customer.page.setViewportSize({ width: 390, height: 844 });
    // Nobody answers for more than a minute: the question stands in the waiting room, and the adviser reads that it does.
    check(/is being asked whether to go on/.test(await other.page.locator('body').innerText()), await other.page.locator('body').innerText());
    await customer.get('link-left-out').waitFor({ timeout: 80_000 });
    check((await customer.get('waiting-room').count()) === 1 && !/You are next/.test(await customer.page.locator('body').innerText()), await customer.page.locator('body').innerText());
    check(sentKeys() === 0, 'a key of the customer left before he decided');
    await other.get('waiting-undecided').waitFor();
    for (const one of [customer, other]) {
      const violations = await one.axe();
      check(violations.length === 0, `${one.name}, left out: ${violations.join('; ')}`);
      await one.screenshot(`link-left-out-${one.name}`);
    }
    await customer.get('go-on-unproven').click();
    await inCall([other, customer]);
    // The answer holds in this tab: a reload asks nothing.
    await customer.page.reload();
    await inCall([other, customer], 40);
    const [hers, his] = [await security(other), await security(customer)];
    check(his.link === 'accepted' && his.known.join() === 'server,self' && /compare the code/.test(his.words), JSON.stringify(his));
    check(hers.link === 'none' && hers.known.join() === 'self,server' && /made in another browser/.test(hers.words), JSON.stringify(hers));
  }));

/** A browser that keeps no databases: blocked by a setting, a full disk, some private windows. */
const keepsNothing = (page) => page.addInitScript(() => {
  IDBFactory.prototype.open = () => { throw new DOMException('The operation is insecure.', 'SecurityError'); };
});
const storedText = (page) => page.evaluate(() => [JSON.stringify({ ...sessionStorage }), JSON.stringify({ ...localStorage }), location.href, document.cookie].join(' '));

test('a browser that keeps no secret asks before anything of the customer leaves; the whole link again is what it needs', () =>
  scene('kept-secret', async (stack, person) => {
    const { agent, customer, link } = await arrive(person, 'never', (one) => (one.name === 'customer' ? keepsNothing(one.page) : undefined));
    const sent = sentBy(customer);
    const secret = link.split('.').at(-1);
    check(!(await storedText(customer.page)).includes(secret), 'the secret is stored as text');
    // As long as the page lives it has the secret itself. A reload loses it: that is no link without one.
    check((await customer.get('waiting-link-lost').count()) === 0, 'asked although the page has the secret');
    await customer.page.reload();
    await customer.get('waiting-link-lost').waitFor();
    for (const [width, height] of [[390, 844], [320, 640], [844, 390], [1280, 800]]) {
      await customer.page.setViewportSize({ width, height });
      await customer.screenshot(`link-lost-waiting-${width}`);
      const violations = await customer.axe();
      check(violations.length === 0, `the waiting room at ${width}: ${violations.join('; ')}`);
    }
    await customer.page.setViewportSize({ width: 390, height: 844 });
    // Its own link again, whole: then it is checked like any other.
    await customer.page.evaluate((to) => { location.href = to; }, link);
    await customer.get('invitation').waitFor();
    await comeIn(customer, null);
    await until('the server knows that he waits', async () => (await customer.get('waiting-path').count()) > 0);
    check((await customer.get('waiting-link-lost').count()) === 0, 'the whole link did not bring the secret back');
    await customer.page.reload();
    await customer.get('waiting-link-lost').waitFor();

    // Nobody can let him in before he has decided, and nothing of his leaves.
    await agent.get('nav-waiting').click();
    await agent.page.locator('[data-testid=waiting-person][data-hello=false]').waitFor();
    check(sent.every((m) => m.t !== 'SenderKey'), `the customer's page sent ${sent.map((m) => m.t)}`);
    check((await customer.page.evaluate(() => localStorage.getItem('parlour.root'))) === null, 'an organisation key that nothing has proven is remembered');
    await customer.get('go-on-unproven').click();
    await agent.page.locator('[data-testid=waiting-person][data-hello=true]').waitFor();
    await admit(agent);
    await inCall([agent, customer]);
    const his = await security(customer);
    check(his.link === 'accepted' && his.known.join() === 'server,self' && /compare the code/.test(his.words), JSON.stringify(his));
    check((await customer.page.evaluate(() => localStorage.getItem('parlour.root'))) !== null, 'the organisation key of a call is not remembered');
  }));

test('an adviser who tries his own link in his own browser, and closes that page, keeps the secrets of his links', () =>
  scene('own-link', async (stack, person) => {
    const agent = await person('agent');
    await logIn(agent, stack.accounts.agent);
    const link = await schedule(agent, 'never');
    await agent.page.keyboard.press('Escape');
    const other = await schedule(agent, 'never', { name: 'B. Second' });
    await agent.page.keyboard.press('Escape');
    const names = (page) => page.evaluate(() => new Promise((resolve, reject) => {
      const request = indexedDB.open('parlour-links');
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const all = request.result.transaction('secret').objectStore('secret').getAllKeys();
        all.onsuccess = () => { request.result.close(); resolve(all.result.map((name) => name.split('/')[0]).sort().join()); };
      };
    }));
    check((await names(agent.page)) === 'staff,staff', `scheduled: ${await names(agent.page)}`);
    const trial = await agent.newPage();
    await trial.goto(link);
    await trial.getByTestId('invitation').waitFor();
    check((await names(trial)) === 'customer,staff,staff', `tried: ${await names(trial)}`);
    await trial.getByTestId('open-cant-make-it').click();
    await trial.getByTestId('cancel').click();
    await trial.getByTestId('cancel-confirm').click();
    await trial.getByTestId('close-page').click();
    await trial.getByTestId('page-closed').waitFor();
    check((await names(trial)) === 'staff,staff', `after closing: ${await names(trial)}`);
    await trial.close();
    // The customer of the other meeting is verified by his link as before.
    const customer = await person('customer', { width: 390, height: 844 });
    await comeIn(customer, other);
    await agent.page.goto(`${stack.baseUrl}/console`);
    await admit(agent);
    await inCall([agent, customer]);
    const his = await security(customer);
    check(his.link === 'proven', JSON.stringify(his));
  }));

test('an adviser whose browser stores no secret is told when the link is made, and proves it as long as the page lives', () =>
  scene('secret-not-stored', async (stack, person) => {
    const agent = await person('agent');
    await keepsNothing(agent.page);
    await logIn(agent, stack.accounts.agent);
    const link = await schedule(agent, 'never');
    await agent.get('secret-not-stored').waitFor();
    for (const [width, height] of [[1280, 800], [390, 844]]) {
      await agent.page.setViewportSize({ width, height });
      await agent.screenshot(`secret-not-stored-${width}`);
      const violations = await agent.axe();
      check(violations.length === 0, `the new link at ${width}: ${violations.join('; ')}`);
    }
    await agent.page.setViewportSize({ width: 1280, height: 800 });
    await agent.page.keyboard.press('Escape');
    const customer = await person('customer', { width: 390, height: 844 });
    await comeIn(customer, link);
    await admit(agent);
    await inCall([agent, customer]);
    const his = await security(customer);
    check(his.link === 'proven', JSON.stringify(his));
  }));
