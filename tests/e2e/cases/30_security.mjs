// Security checks on the running server, with plain requests. Numbers are those of the acceptance list.
import { request } from 'node:https';
import { check, scene } from '../lib/scene.mjs';
import { api, logIn, schedule, tokenOf } from '../lib/story.mjs';

function ask(stack, method, path, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: stack.port, method, path, rejectUnauthorized: false, headers: { host: `localhost:${stack.port}`, ...headers } }, (incoming) => {
      let text = '';
      incoming.on('data', (piece) => { text += piece; });
      incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
const json = (stack, more = {}) => ({ 'content-type': 'application/json', origin: stack.baseUrl, 'sec-fetch-site': 'same-origin', ...more });

test('security 1, 2, 3, 11: links are guessed, looked at by robots, replaced', () =>
  scene('links', async (stack, person) => {
    const agent = await person('agent');
    await logIn(agent, stack.accounts.agent);
    const link = await schedule(agent, 'required');
    const token = tokenOf(link);
    check(token.length >= 22, 'a token of less than 128 bits');
    for (let i = 0; i < 5; i++) for (const method of ['GET', 'HEAD']) check((await ask(stack, method, '/j')).status === 200, 'the page');
    const meetings = await api(agent, 'GET', '/meetings');
    check(meetings.body.items[0].link_opened_at === null, 'a GET opened the link');
    // 2: a replaced link and that of a cancelled meeting lead to a kind page, and the log says so.
    const id = meetings.body.items[0].id;
    check((await api(agent, 'POST', `/meetings/${id}/link`)).status === 201, 'no new link');
    agent.expected = (text) => /404|409/.test(text);
    const open = (text) => ask(stack, 'POST', '/api/v1/link', { headers: json(stack), body: JSON.stringify({ token: text }) });
    check((await open(token)).status === 404, 'the replaced link opens');
    const second = await api(agent, 'POST', `/meetings/${id}/link`);
    check((await api(agent, 'POST', `/meetings/${id}/cancel`, { reason: 'ill' })).status === 200, 'not cancelled');
    const late = await open(second.body.link.split('#')[1]);
    check(late.status === 200 && JSON.parse(late.text).meeting.entry === 'cancelled', `the cancelled meeting's link: ${late.status}`);
    check(JSON.parse(late.text).you.name === '', 'fault H10: a link to what is over names the customer to whoever holds it');
    const story = await api(agent, 'GET', `/meetings/${id}/timeline`);
    check(story.body.items.filter((entry) => entry.type === 'link.rejected').length === 2, 'the log does not name both');
    let refused = 0;
    let limited = 0;
    for (let i = 0; i < 40; i++) {
      const answer = await ask(stack, 'POST', '/api/v1/link', { headers: json(stack), body: JSON.stringify({ token: 'A'.repeat(30) + String(i).padStart(2, '0') }) });
      if (answer.status === 404) refused++;
      if (answer.status === 429) limited++;
    }
    check(refused === 20 && limited === 20, `${refused} times 404 and ${limited} times 429`);
    // Another customer behind the same address has done nothing wrong.
    await agent.page.keyboard.press('Escape');
    const neighbour = await schedule(agent, 'never', { name: 'D. Customer', email: 'd.customer@example.org' });
    check((await open(tokenOf(neighbour))).status === 200, 'fault H10: guesses of others refuse a right link');
    const logs = stack.log('serve');
    check(!logs.includes(token) && !logs.includes('c.customer@example.org') && !logs.includes('C. Customer'), 'the log holds a token or a name');
  }));

test('security 4, 6, 7, 8, 9, 10, 12, 24, 44: sessions, origins, headers, mass assignment, traversal', () =>
  scene('http', async (stack) => {
    const account = stack.accounts.agent;
    // 9: not without our own origin.
    const foreign = await ask(stack, 'POST', '/api/v1/session', { headers: json(stack, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }), body: JSON.stringify(account) });
    check(foreign.status === 403, `a foreign page may log in: ${foreign.status}`);
    const good = await ask(stack, 'POST', '/api/v1/session', { headers: json(stack, { cookie: '__Host-parlour-session=chosen' }), body: JSON.stringify({ email: account.email, password: account.password }) });
    check(good.status === 200, `log-in: ${good.status} ${good.text}`);
    const cookie = good.headers['set-cookie'][0];
    check(/^__Host-parlour-session=[\w-]{22,};/.test(cookie) && /Secure/.test(cookie) && /HttpOnly/.test(cookie) && /SameSite=Strict/.test(cookie) && /Path=\//.test(cookie) && !cookie.includes('chosen'), `cookie: ${cookie.replace(/=[^;]*/, '=…')}`);
    const session = cookie.split(';')[0];
    const { csrf } = JSON.parse(good.text);
    // 12: one answer for a wrong password and for an unknown user.
    const wrong = await ask(stack, 'POST', '/api/v1/session', { headers: json(stack), body: JSON.stringify({ email: account.email, password: 'wrong-password' }) });
    const unknown = await ask(stack, 'POST', '/api/v1/session', { headers: json(stack), body: JSON.stringify({ email: 'nobody@example.org', password: 'wrong-password' }) });
    check(wrong.status === 401 && unknown.status === 401 && wrong.text === unknown.text, 'an unknown user is told apart');
    // 9: no token, text/plain.
    const meeting = { type_id: stack.types.required, customer_name: 'X', customer_email: 'x@example.org', start: new Date().toISOString() };
    check((await ask(stack, 'POST', '/api/v1/meetings', { headers: json(stack, { cookie: session }), body: JSON.stringify(meeting) })).status === 403, 'no CSRF token was needed');
    // 6: members that nobody asked for.
    for (const extra of [{ role: 'administrator' }, { type_version: 9 }, { recording: 'never' }]) {
      const answer = await ask(stack, 'POST', '/api/v1/meetings', { headers: json(stack, { cookie: session, 'x-parlour-csrf': csrf }), body: JSON.stringify({ ...meeting, ...extra }) });
      check(answer.status === 400, `mass assignment of ${Object.keys(extra)}: ${answer.status}`);
    }
    // 10: headers on every answer.
    for (const [method, path] of [['GET', '/'], ['GET', '/console'], ['GET', '/j'], ['GET', '/api/v1/session'], ['GET', '/api/v1/nothing'], ['PUT', '/api/v1/session'], ['GET', '/nothing'], ['GET', '/api/v1/meetings']]) {
      const { headers } = await ask(stack, method, path);
      const policy = headers['content-security-policy'] ?? '';
      check(policy.includes("default-src 'none'") && !policy.includes('unsafe') && policy.includes("frame-ancestors 'none'"), `${method} ${path}: CSP ${policy}`);
      check(headers['x-content-type-options'] === 'nosniff' && headers['referrer-policy'] === 'no-referrer' && /max-age=31536000/.test(headers['strict-transport-security'] ?? '') && headers['cross-origin-opener-policy'] === 'same-origin' && /camera=\(self\)/.test(headers['permissions-policy'] ?? ''), `${method} ${path}: headers`);
    }
    // Fault H10: nobody makes the server read more than 16 KiB, whatever the path, with or without a session.
    for (const [path, headers] of [['/api/v1/session', {}], ['/api/v1/link', {}], ['/api/v1/guest/device-check', {}], ['/api/v1/meetings', { cookie: session, 'x-parlour-csrf': csrf }]])
      for (const [size, tooLarge] of [[16 * 1024, false], [16 * 1024 + 1, true], [1024 * 1024, true]]) {
        const { status } = await ask(stack, 'POST', path, { headers: json(stack, headers), body: JSON.stringify('x'.repeat(size - 2)) });
        check((status === 413) === tooLarge, `${path} answers ${status} to ${size} bytes`);
      }
    // 24 and 44: traversal, and nothing told about the inside.
    for (const path of ['/assets/%2e%2e/%2e%2e/etc/passwd', '/..%5c..%5cetc/passwd', '/assets/..%2f..%2fparlour.db', '/.git/config', '/metrics', '/debug', '/api/v1/play/../../x', '/assets/%c0%ae%c0%ae/x']) {
      const answer = await ask(stack, 'GET', path);
      check([400, 404].includes(answer.status), `${path}: ${answer.status}`);
      check(!/root:|exception|stack|sqlite|\/home|\/work/i.test(answer.text), `${path}: ${answer.text}`);
    }
    // 4: no session, no door; 8: log out ends it at once.
    check((await ask(stack, 'GET', '/api/v1/meetings')).status === 401, 'meetings without a session');
    check((await ask(stack, 'GET', '/api/v1/meetings', { headers: { cookie: session.replace('session', 'guest') } })).status === 401, 'a guest cookie opens the console');
    check(/no-store/.test((await ask(stack, 'GET', '/api/v1/meetings', { headers: { cookie: session } })).headers['cache-control'] ?? ''), 'answers may be kept');
    const out = await ask(stack, 'DELETE', '/api/v1/session', { headers: json(stack, { cookie: session, 'x-parlour-csrf': csrf }) });
    check(out.status === 204 && /"storage"/.test(out.headers['clear-site-data'] ?? ''), `log-out: ${out.status} ${out.headers['clear-site-data']}`);
    check((await ask(stack, 'GET', '/api/v1/meetings', { headers: { cookie: session } })).status === 401, 'the session lives on');
    // 12: back-off.
    let waits = 0;
    for (let i = 0; i < 10; i++) if ((await ask(stack, 'POST', '/api/v1/session', { headers: json(stack), body: JSON.stringify({ email: account.email, password: 'wrong-password' }) })).status === 429) waits++;
    check(waits > 0, 'no back-off');
  }));

test('security 8: after the log-out nothing comes back by the back button, a reload or a second tab', () =>
  scene('log-out', async (stack, person) => {
    const agent = await person('agent');
    await logIn(agent, stack.accounts.agent);
    await schedule(agent, 'required', { name: 'Rosalind Backbutton' });
    await agent.page.keyboard.press('Escape');
    await agent.get('nav-today').click();
    await agent.page.getByText('Rosalind Backbutton').first().waitFor();
    agent.expected = (text) => /401/.test(text);
    const second = await agent.newPage();
    await second.goto(`${stack.baseUrl}/console`);
    await second.getByText('Rosalind Backbutton').first().waitFor();
    await agent.get('log-out').first().click();
    await agent.get('login-email').waitFor();
    for (const back of [() => agent.page.goBack().catch(() => {}), () => agent.page.reload(), () => agent.page.goto(`${stack.baseUrl}/console#/today`)]) {
      await back();
      await agent.get('login-email').waitFor();
      check(!(await agent.page.content()).includes('Backbutton'), 'a name is on the page after the log-out');
    }
    await second.getByTestId('login-email').waitFor({ timeout: 10_000 });
    check(!(await second.content()).includes('Backbutton'), 'a name is in the second tab after the log-out');
    const kept = await agent.page.evaluate(async () => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), (await indexedDB.databases()).map((one) => one.name)]));
    check(!kept.includes('Backbutton'), `kept in the browser: ${kept}`);
  }));
