// What mail and chat programs do to a link, in a real browser: the link opens, or a page says why and takes it another way.
import { check, scene } from '../lib/scene.mjs';
import { admit, comeIn, inCall, logIn, schedule, tokenOf } from '../lib/story.mjs';
import { until } from '../lib/stack.mjs';

const secret = 'gezdgnbvgy3tqojqgezdgnbvgy';

/** Addresses that open the link; `t` is the token. The browser itself encodes some of what is typed. */
const opening = (t) => ({
  'as it is': `/j#${t}`,
  'with a secret': `/j#${t}.${secret}`,
  'full stop': `/j#${t}.`,
  'full stop behind a secret': `/j#${t}.${secret}.`,
  'comma': `/j#${t},`,
  'bracket': `/j#${t})`,
  'angle bracket': `/j#${t}>`,
  'quote': `/j#${t}"`,
  'typographic quote': `/j#${t}”`,
  'apostrophe and full stop': `/j#${t}’.`,
  'space': `/j#${t} `,
  'encoded space': `/j#${t}%20`,
  'words behind it': `/j#${t} see you on Tuesday`,
  'parameters in front': `/j?utm_source=mail&utm_medium=x#${t}`,
  'parameters behind': `/j#${t}?utm_source=mail`,
  'more parameters behind': `/j#${t}&fbclid=IwAR0`,
  'parameters within': `/j#utm_source=mail&${t}`,
  'slash in front': `/j/#${t}`,
  'slash behind': `/j#/${t}`,
  'capital letter': `/J#${t}`,
  'capitals': `/J#${t.toUpperCase()}`,
  '%23': `/j%23${t}`,
  '%23 behind a slash': `/j/%23${t}`,
  '%2523': `/j%2523${t}`,
  'slash for #': `/j/${t}`,
  'question mark for #': `/j?${t}`,
  'zero-width space': `/j#${t.slice(0, 9)}\u200b${t.slice(9)}`,
  'soft hyphen': `/j#${t.slice(0, 20)}\u00ad${t.slice(20)}`,
  'quoted-printable #': `/j#=23${t}`,
  'a line break in it': `/j#${t.slice(0, 12)}%0A${t.slice(12)}`,
  'an entity': `/j&#35;${t}`,
});
/** Addresses that can't open it: a page says so, and takes the link when it is pasted. */
const explaining = (t) => ({
  'no fragment': '/j',
  'an empty fragment': '/j#',
  'cut off': `/j#${t.slice(0, 17)}`,
  'cut off in its secret': `/j#${t}.${secret.slice(0, 11)}`,
  'its secret was changed': `/j#${t}.${secret}x`,
  'cut off with dots': `/j#${t.slice(0, 17)}…`,
  'too long': `/j#${t}${t}`,
  'a broken escape': `/j%2`,
  'a broken escape with the token': `/j%2${t}%`,
  'two slashes': '//j',
  'dots': '/j/..%2f',
  'a control character': '/j%00',
  'another name': '/invitation',
  'a console that is none': '/consoles',
  'an address that is far too long': `/invitation?${'a'.repeat(9000)}`,
});

test('fault D1: a link opens whatever mail and chat programs did to it, and every page path is a page', () =>
  scene('mangled-links', async (stack, person) => {
    const agent = await person('agent');
    await logIn(agent, stack.accounts.agent);
    const link = await schedule(agent, 'never');
    const token = tokenOf(link);
    check(/^[a-z2-7]{32}$/.test(token), `the token is not letters and digits: ${token}`);
    // One person opens a link only so often: four of them take turns.
    const tokens = [token];
    while (tokens.length < 4) {
      await agent.page.keyboard.press('Escape');
      tokens.push(tokenOf(await schedule(agent, 'never', { name: `Customer ${tokens.length}`, email: `customer${tokens.length}@example.org` })));
    }

    const customer = await person('customer', { width: 390, height: 844 });
    customer.expected = (text) => /Failed to load resource/.test(text);
    const sent = [];
    customer.page.on('request', (request) => sent.push({ url: request.url(), body: request.postData() ?? '' }));
    let shapes = 0;
    for (const name of Object.keys(opening(token))) {
      const mine = tokens[shapes % tokens.length];
      const address = opening(mine)[name];
      sent.length = 0;
      await customer.context.clearCookies();
      await customer.page.goto('about:blank');
      await customer.page.goto(stack.baseUrl + address);
      await customer.get('invitation').waitFor({ timeout: 8000 }).catch(async () => {
        throw new Error(`${name} (${address}): ${(await customer.page.locator('body').innerText()).slice(0, 200)}`);
      });
      const left = await customer.page.evaluate(() => location.href);
      check(left === `${stack.baseUrl}/j`, `${name}: the address still holds ${left}`);
      const posts = sent.filter(({ url }) => url.endsWith('/api/v1/link'));
      check(posts.length === 1 && JSON.parse(posts[0].body).token === mine, `${name}: ${JSON.stringify(posts)}`);
      check(sent.every(({ url, body }) => !url.includes(secret) && !body.includes(secret)), `${name}: the secret was sent`);
      shapes++;
    }
    check(shapes >= 30, `${shapes} shapes`);
    // Reloaded, the tab goes on with its own appointment.
    await customer.page.reload();
    await customer.get('invitation').waitFor();

    for (const [name, address] of Object.entries(explaining(token))) {
      await customer.context.clearCookies();
      await customer.page.goto('about:blank');
      await customer.page.evaluate(() => 0);
      const page = await customer.newPage();
      page.setDefaultTimeout(8000);
      const answer = await page.goto(stack.baseUrl + address);
      check((answer.headers()['content-type'] ?? '').startsWith('text/html'), `${name}: ${answer.headers()['content-type']}`);
      await page.locator('[data-testid=no-link], [data-testid=no-page], [data-testid=bad-link]').first().waitFor().catch(async () => {
        throw new Error(`${name} (${address}): ${(await page.locator('body').innerText()).slice(0, 200)}`);
      });
      if (name === 'cut off') {
        const violations = await customer.axe(page);
        check(violations.length === 0, violations.join(' | '));
        await page.getByTestId('paste-link-text').fill('see you on Tuesday');
        await page.getByTestId('paste-link-open').click();
        await page.getByText('There is no link to an appointment in this text.').waitFor();
        await page.getByTestId('paste-link-text').fill(`Dear customer,\n\nyour link is ${link.slice(0, -9)}=\n${link.slice(-9)}.\n\nKind regards`);
        await page.getByTestId('paste-link-open').click();
        await page.getByTestId('invitation').waitFor();
      }
      await page.close();
    }
  }));

test('fault D1: a new link in an old tab is taken; two appointments in one browser never open each other', () =>
  scene('two-links', async (stack, person) => {
    const agent = await person('agent');
    await logIn(agent, stack.accounts.agent);
    const first = await schedule(agent, 'never', { name: 'A. First' });
    await agent.page.keyboard.press('Escape');
    const second = await schedule(agent, 'never', { name: 'B. Second' });
    await agent.page.keyboard.press('Escape');
    const customer = await person('customer');
    customer.expected = (text) => /Failed to load resource/.test(text);
    const shows = async (name, page = customer.page) => page.getByText(`Invitation for ${name}`).waitFor();
    await customer.page.goto(first);
    await shows('A. First');

    // Only the fragment changes: no load, and the token must not stay in the address.
    await customer.page.evaluate((to) => { location.href = to; }, second);
    await shows('B. Second');
    check(!(await customer.page.evaluate(() => location.href)).includes('#'), 'the token stays in the address');
    // A damaged one opens nothing, least of all the one that was there before.
    await customer.page.evaluate((to) => { location.href = to; }, `${stack.baseUrl}/j#${first.split('#')[1].slice(0, 10)}`);
    await customer.get('bad-link').waitFor();
    check((await customer.page.getByText('B. Second').count()) === 0, 'an older appointment is shown');

    // A page without a link never opens what the browser has open by itself.
    await customer.page.goto(second);
    await shows('B. Second');
    const bare = await customer.newPage();
    await bare.goto(`${stack.baseUrl}/j`);
    await bare.getByTestId('open-one').waitFor();
    check((await bare.getByText('B. Second').count()) === 0, 'an older appointment was opened unasked');
    await bare.getByTestId('go-on-with').click();
    await shows('B. Second', bare);
    await bare.close();

    // Another tab opens the other appointment: this one shows nothing of it, and goes on only when asked.
    const other = await customer.newPage();
    await other.goto(first);
    await shows('A. First', other);
    await customer.page.reload();
    await customer.get('other-one').waitFor();
    check((await customer.page.getByText('A. First').count()) === 0, "the other tab's appointment is shown");
    await customer.get('open-again').click();
    await shows('B. Second');
    // The other tab's next act is refused, and says why instead of acting upon the wrong appointment.
    await other.getByTestId('open-cant-make-it').click();
    await other.getByTestId('cancel').click();
    await other.getByTestId('cancel-confirm').click();
    await other.getByTestId('other-one').waitFor();
    const list = await agent.page.evaluate(async () => (await (await fetch('/api/v1/meetings')).json()).items.map((one) => one.state));
    check(list.every((state) => state !== 'cancelled'), `an appointment was cancelled by the other one's page: ${list}`);
    await other.close();

    // In a call it is asked about.
    await comeIn(customer, second);
    await admit(agent);
    await inCall([agent, customer], 30);
    await customer.page.evaluate((to) => { location.href = to; }, first);
    await customer.get('link-offered').waitFor();
    check(!(await customer.page.evaluate(() => location.href)).includes(tokenOf(first)), 'the token stays in the address');
    await customer.get('link-offered-stay').click();
    await until('the call goes on', async () => await customer.get('facts').first().isVisible());
    await customer.page.evaluate((to) => { location.href = to; }, first);
    await customer.get('link-offered-open').click();
    await shows('A. First');
  }));

test('fault D1: the browser that cannot gives the link to one that can, and closing leaves none behind', () =>
  scene('link-elsewhere', async (stack, person) => {
    const agent = await person('agent');
    await logIn(agent, stack.accounts.agent);
    const link = `${stack.baseUrl}/j#${tokenOf(await schedule(agent, 'never'))}.${secret}`;
    const customer = await person('customer', { width: 390, height: 844 });
    // A mail program's own browser: it cannot encrypt.
    await customer.page.addInitScript(() => { delete globalThis.RTCRtpScriptTransform; });
    await customer.page.goto(link);
    await customer.get('open-elsewhere').click();
    check((await customer.get('own-link').inputValue()) === link, `copied: ${await customer.get('own-link').inputValue()}`);
    const violations = await customer.axe();
    check(violations.length === 0, violations.join(' | '));
    await customer.page.keyboard.press('Escape');
    await customer.get('start').click();
    await customer.get('browser-unable').waitFor();
    check((await customer.get('own-link').inputValue()) === link, 'where this browser cannot, the link is not offered');
    // The secret is not stored as text, so after a reload the page does not offer half of the link as if it were all of it.
    check(!(await customer.page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes(secret), 'the tab stores the secret');
    await customer.page.reload();
    await customer.get('own-link-in-message').waitFor();
    check((await customer.get('own-link').count()) === 0, 'half of a link is offered');
    // In another tab of a browser that can, the copied link opens.
    const able = await person('able');
    await able.page.goto(link);
    await able.get('invitation').waitFor();
    await able.get('open-cant-make-it').click();
    await able.get('cancel').click();
    await able.get('cancel-confirm').click();
    await able.get('close-page').click();
    await able.get('page-closed').waitFor();
    for (const [width, height] of [[390, 844], [1280, 800]]) {
      await able.page.setViewportSize({ width, height });
      await able.screenshot(`page-closed-${width}`);
      const faults = await able.axe();
      check(faults.length === 0, `the closed page at ${width}: ${faults.join(' | ')}`);
    }
    const closed = await able.get('page-closed').innerText();
    check(/way in, your choices, and the keys/.test(closed) && !/signing key/.test(closed), `nobody was met, so no key is remembered: ${closed}`);
    const databases = await able.page.evaluate(async () => {
      const counts = {};
      for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((resolve, reject) => { const request = indexedDB.open(name); request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
        for (const store of database.objectStoreNames) counts[`${name}/${store}`] = await new Promise((resolve) => { const all = database.transaction(store).objectStore(store).count(); all.onsuccess = () => resolve(all.result); });
        database.close();
      }
      return counts;
    });
    check(Object.values(databases).every((count) => count === 0), `left in databases: ${JSON.stringify(databases)}`);
    const kept = await able.page.evaluate(() => [JSON.stringify({ ...sessionStorage }), JSON.stringify({ ...localStorage }), location.href, document.cookie].join(' '));
    check(!kept.includes(secret) && !kept.includes(link.split('#')[1].slice(0, 10)), `left behind: ${kept}`);
  }));
