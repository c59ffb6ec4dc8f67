// Security checks on every field that takes text: what people type is shown as text, and the logs stay what they are.
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { join } from 'node:path';
import { Caller, Device, admin, ask } from '../lib/hostile.mjs';
import { faults, payloads, watch } from '../lib/payloads.mjs';
import { check, scene } from '../lib/scene.mjs';
import { root, until } from '../lib/stack.mjs';
import { admit, comeIn, endCall, inCall, logIn } from '../lib/story.mjs';

/** A published type whose every text is hostile. */
function publish(stack, title, record = 'never') {
  const document = JSON.parse(readFileSync(join(root, 'deploy/demo', record === 'never' ? 'debt-counselling.json' : 'wealth-management.json'), 'utf8'));
  const all = payloads.slice(0, 24).join(' ');
  document.title = { en: title, nl: title };
  document.notice.why.value = { en: all, nl: all };
  document.notice.other_ways.value = { en: all, nl: all };
  document.retention.recording_basis.value = payloads[2];
  const file = join(stack.home, 'hostile-type.json');
  writeFileSync(file, JSON.stringify(document));
  return admin(stack, ['type', 'publish', file]).split(' ')[0];
}

test('security 32: hostile text in every field, on every page, is text', () =>
  scene('xss', async (stack, person) => {
    const clock = Date.now();
    const lap = (what) => process.env.PARLOUR_E2E_LAPS && console.log(`  ${((Date.now() - clock) / 1000).toFixed(1)} s ${what}`);
    // Accounts: the adviser of everything below, and one for each fifth payload.
    const account = (name, role, i) => {
      const one = { email: `hostile${i}@example.org`, password: `password-of-${i}-hostile`, name };
      admin(stack, ['user', 'add', '--email', one.email, '--name', name, '--role', role], `${one.password}\n`);
      return one;
    };
    const adviser = account(payloads[3], 'agent', 0);
    const others = [1, 7, 13, 19, 29, 42].map((at, i) => account(payloads[at], 'agent', i + 1));
    const types = [publish(stack, payloads[2], 'required'), ...[4, 9, 24, 36].map((at) => publish(stack, payloads[at]))];
    lap('accounts and types');

    // A meeting for each payload: name, address where an address may hold it, reason of cancelling.
    const agent = await Caller.staff(stack, adviser);
    const meetings = [];
    let addresses = 0;
    for (const [i, text] of payloads.entries()) {
      let answer = null;
      const type_id = types[i % types.length];
      const start = new Date(clock + (i % 2 ? 60000 : -60000) * (i % 10)).toISOString();
      for (const customer_email of [`${text}@example.org`, 'hostile@example.org']) {
        answer = await agent.call('POST', '/meetings', { type_id, customer_name: text, customer_email, start });
        if (answer.status === 201) { if (customer_email.startsWith(text)) addresses++; break; }
        check(answer.status === 400, `${text}: ${answer.status}`);
        check(answer.headers['content-type'].startsWith('application/problem+json'), 'a refusal is no JSON');
      }
      check(answer.status === 201, `a meeting for ${text}: ${answer.status} ${answer.text}`);
      meetings.push({ id: answer.body.meeting.id, link: answer.body.link, text, email: answer.body.meeting.customer.email });
    }
    check(addresses >= 3, `only ${addresses} addresses`);
    for (const text of ['a\r\nBcc: x@example.org', '\u001b[31mx', 'x\0y', '\u007f'])
      for (const field of ['customer_name', 'customer_email'])
        check((await agent.call('POST', '/meetings', { type_id: types[0], customer_name: 'x', customer_email: 'x@example.org', start: new Date().toISOString(), [field]: text })).status === 400, `${JSON.stringify(text)} as ${field}`);
    for (const [i, one] of others.entries()) {
      const caller = await Caller.staff(stack, one);
      const made = await caller.schedule(types[1 + (i % 4)], payloads[i]);
      await caller.call('POST', `/meetings/${made.id}/cancel`, { reason: payloads[(i * 5) % payloads.length] });
    }
    for (const [i, meeting] of meetings.entries()) {
      const reason = payloads[(i + 1) % payloads.length];
      if (i % 3 === 1) check((await agent.call('POST', `/meetings/${meeting.id}/cancel`, { reason })).status === 200, 'cancelling');
      if (i % 9 === 2) check((await (await Caller.guest(stack, meeting.link)).call('POST', '/guest/cancel', { reason })).status === 204, 'the customer cancels');
      if (i % 3 === 1 || i % 9 === 2) Object.assign(meeting, { reason, told: i % 3 === 1 });
    }
    // The rest wait: half of them with a Hello of their own name.
    const open = meetings.filter((meeting) => meeting.reason === undefined);
    await until('the types are in the Policy', async () => {
      const { socket, answer } = await agent.enter({ meeting: open.at(-1).id });
      socket.destroy();
      return answer.type === 'ok';
    });
    const guests = [];
    for (const [i, meeting] of open.slice(1).entries()) {
      const guest = await Caller.guest(stack, meeting.link);
      const { socket, answer } = await guest.enter();
      check(answer.type === 'ok', `${meeting.text}: ${JSON.stringify(answer)}`);
      guests.push(socket);
      const welcome = await socket.message((one) => one.type === 'welcome');
      for (const name of i % 2 ? [meeting.text] : [`${meeting.text} `, adviser.name]) {
        const said = await socket.ask({ type: 'e2ee', m: new Device(2).hello(welcome.call, name, { caps: payloads.slice(0, 20).map((text) => text.slice(0, 40)) }) });
        check(name === meeting.text ? said.type === 'ok' : said.code === 'hello.identity', `Hello as ${name}: ${JSON.stringify(said)}`);
      }
    }
    lap('meetings, cancelled, waiting');

    const desk = await person('desk');
    await watch(desk);
    const see = async (who, what, texts = []) => {
      // What is still being loaded is waited for; what should not be there is a fault at once.
      let found = await faults(who, texts);
      for (const end = Date.now() + 5000; found.length > 0 && found.every((one) => one.startsWith('not shown')) && Date.now() < end; found = await faults(who, texts))
        await new Promise((resolve) => setTimeout(resolve, 50));
      check(found.length === 0, `${what}: ${found.slice(0, 5).join(' | ')}`);
    };
    // The log-in, and addresses that are hostile by themselves.
    desk.expected = (text) => /Failed to load resource/.test(text);
    for (const at of ['/console#/meetings/<img class=planted src=x onerror=hit()>', '/console?x=<script class=planted>hit()</script>#javascript:hit()', '/console#//evil.example/<svg class=planted onload=hit()>']) {
      await desk.page.goto(stack.baseUrl + at);
      await desk.get('login-email').waitFor();
      await see(desk, at);
    }
    await desk.get('login-email').fill(payloads[2]);
    await desk.get('login-password').fill(payloads[0]);
    await desk.page.evaluate(() => { document.querySelector('form').noValidate = true; });
    await desk.get('login-submit').click();
    await desk.get('login-error').waitFor();
    await see(desk, 'the refused log-in');
    await logIn(desk, adviser);
    await see(desk, 'the name of the account', [adviser.name]);
    const go = async (hash, testid) => {
      await desk.page.evaluate((to) => { location.hash = to; }, hash);
      await desk.get(testid).first().waitFor();
    };
    // Lists.
    await go('#/today', 'today');
    await until('Today is filled', async () => (await desk.get('meeting-row').count()) >= 20);
    await see(desk, 'Today');
    await go('#/meetings', 'meetings');
    await until('the list is filled', async () => (await desk.get('meeting-row').count()) >= payloads.length);
    await see(desk, 'the list of meetings', meetings.map((meeting) => meeting.text));
    for (const text of [payloads[2], payloads[40], '\\', '%', '(', '.*']) {
      await desk.get('meeting-search').fill(text);
      await see(desk, `searching for ${text}`);
    }
    await go('#/types', 'types');
    await see(desk, 'the types', [payloads[2], payloads[4], payloads[9]]);
    await go('#/waiting', 'waiting-now');
    await until('everybody is shown waiting', async () => (await desk.get('waiting-person').count()) === guests.length);
    await see(desk, 'the waiting list', open.slice(1).map((meeting) => meeting.text));
    await desk.get('decline').first().click();
    await desk.get('decline-confirm').waitFor();
    await see(desk, 'the sheet for declining');
    await desk.get('decline-not_now').click();
    await desk.get('decline-confirm').click();
    await until('one fewer waits', async () => (await desk.get('waiting-person').count()) === guests.length - 1);
    await see(desk, 'the toast after declining');
    lap('lists');
    // Each meeting's page, and the sheets that are opened on it.
    for (const meeting of meetings) {
      await desk.page.evaluate((to) => { location.hash = to; }, `#/meetings/${meeting.id}`);
      await desk.page.locator('[data-testid=meeting-page]', { hasText: meeting.email }).first().waitFor({ state: 'attached' });
      await see(desk, `the page of ${meeting.text}`, [meeting.text, meeting.email, adviser.name, ...(meeting.reason ? [meeting.reason] : [])]);
    }
    await go('#/today', 'today');
    await desk.get('new-meeting-open').first().click();
    await desk.get('new-name').fill(payloads[23]);
    await desk.get('new-email').fill('x@example.org');
    await see(desk, 'a new meeting', [payloads[23]]);
    await desk.page.keyboard.press('Escape');
    lap("meetings' pages");
    await desk.stop();

    // The customer's side: the invitation of each kind.
    const customer = await person('customer', { width: 390, height: 844 });
    await watch(customer);
    await customer.page.addInitScript((labels) => {
      if (navigator.mediaDevices === undefined) return;
      const real = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
      navigator.mediaDevices.enumerateDevices = async () => (await real()).map((device, i) => ({ kind: device.kind, deviceId: device.deviceId, groupId: device.groupId, label: labels[i % labels.length], toJSON: () => ({}) }));
    }, [payloads[2], payloads[4], payloads[24], payloads[0]]);
    customer.expected = (text) => /Failed to load resource/.test(text);
    for (const at of ['/j#<img class=planted src=x onerror=hit()>', '/j?x="><script class=planted>hit()</script>', '/j#javascript:hit()']) {
      await customer.page.goto('about:blank');
      await customer.page.goto(stack.baseUrl + at);
      await customer.page.locator('[data-testid=bad-link], [data-testid=no-link]').first().waitFor();
      await see(customer, at);
    }
    for (const meeting of meetings.filter((one, i) => one.reason ? i % 2 === 0 : i % 5 === 0)) {
      await customer.page.goto('about:blank');
      await customer.page.goto(meeting.link);
      await customer.page.locator('[data-testid=meeting-cancelled], [data-testid=invitation], [data-testid=too-early]').first().waitFor();
      // What is cancelled names nobody to whoever holds the link, and gives the adviser's reason alone (fault H10).
      await see(customer, `the invitation of ${meeting.text}`, meeting.reason ? (meeting.told ? [meeting.reason] : []) : [meeting.text, adviser.name]);
    }
    lap('invitations');

    // A call, recorded, between two hostile names in a hostile type.
    const caller = await person('adviser');
    await watch(caller);
    await logIn(caller, adviser);
    const chosen = open[0];
    check(chosen === meetings[0], 'the first meeting is to be the recorded one');
    await customer.page.goto('about:blank');
    await comeIn(customer, chosen.link, async (where) => see(customer, where, where === 'notice' ? [payloads.slice(0, 24).join(' ')] : where === 'device check' ? [payloads[2]] : []));
    await caller.page.goto(`${stack.baseUrl}/console#/waiting`);
    await caller.page.locator(`[data-testid=waiting-person][data-meeting="${chosen.id}"]`).getByTestId('admit').click();
    await caller.get('allow-both').click();
    await caller.get('device-continue').click();
    await inCall([caller, customer]);
    for (const [who, other] of [[caller, chosen.text], [customer, adviser.name]]) {
      // A wide page shows the panel; a narrow one opens it as a sheet.
      if (who === customer) await who.get('open-people').click();
      await who.get('people').waitFor();
      await see(who, `the call, people (${who.name})`, [other]);
      await who.get('tab-security').click();
      await who.get('security-panel').waitFor();
      await see(who, `the call, security (${who.name})`, [other]);
    }
    await until('REC', async () => (await caller.page.locator('[data-testid=recording-fact][data-fact=on]').count()) > 0);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await customer.page.keyboard.press('Escape');
    await endCall(caller);
    await see(caller, "the adviser's end");
    await customer.get('goodbye').waitFor();
    await see(customer, 'the goodbye');
    await caller.stop();
    await customer.stop();
    lap('the call');

    // The officer's pages: recordings, story, log, verdict, proof.
    const officer = await person('officer');
    await watch(officer);
    await logIn(officer, stack.accounts.compliance);
    const clerk = await Caller.staff(stack, stack.accounts.compliance);
    const recording = await until('the recording is verified', async () => {
      const item = (await clerk.call('GET', `/meetings/${chosen.id}/recordings`)).body.items[0];
      if (item?.state === 'failed') throw new Error(`the recording failed: ${item.failure}`);
      return item?.state === 'verified' ? item : null;
    }, 30);
    for (const text of payloads.slice(0, 8)) check((await clerk.call('POST', `/recordings/${recording.id}/download`, { reason: text })).status === 201, `downloading for ${text}`);
    for (const text of payloads.slice(0, 8)) {
      const refused = await clerk.call('POST', `/recordings/${recording.id}/play`, { purpose: text });
      check(refused.status === 400 && refused.headers['content-type'].startsWith('application/problem+json') && !refused.text.includes(text), `playing for ${text}: ${refused.status} ${refused.text}`);
      const member = await clerk.call('POST', `/recordings/${recording.id}/play`, { [text]: 1, purpose: 'quality' });
      check(member.status === 400 && member.headers['content-type'].startsWith('application/problem+json') && member.headers['x-content-type-options'] === 'nosniff', 'an unknown member');
    }
    const to = async (hash, testid) => {
      await officer.page.evaluate((where) => { location.hash = where; }, hash);
      await officer.get(testid).first().waitFor();
    };
    await to('#/recordings', 'recording-link');
    await see(officer, 'the recordings', [payloads[2]]);
    await to(`#/meetings/${chosen.id}`, 'recording');
    await officer.get('story').locator('[data-testid=entry]').first().waitFor();
    await see(officer, 'the recording and its story', [adviser.name, chosen.text]);
    await officer.page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true; });
    await see(officer, 'the entries as they stand');
    await officer.get('download').first().click();
    await officer.get('download-reason').fill(payloads[23]);
    await officer.get('download-ask').click();
    await officer.get('download-file').first().waitFor();
    await see(officer, 'the files to download');
    await officer.page.keyboard.press('Escape');
    await officer.get('play').first().click();
    await officer.get('purpose-supervision').click();
    await officer.get('purpose-play').click();
    await officer.get('player').waitFor();
    await officer.get('player-play').click();
    await until('it plays', async () => Number(await officer.get('player').getAttribute('data-position')) > 200);
    await see(officer, 'the player', [payloads[3]]);
    await officer.get('player-close').click();
    await to('#/audit', 'audit');
    await officer.get('entry').first().waitFor();
    while (await officer.get('audit-more').isVisible()) {
      const before = await officer.get('entry').count();
      await officer.get('audit-more').click();
      await until('more entries', async () => (await officer.get('entry').count()) > before || !(await officer.get('audit-more').isVisible()));
    }
    await officer.page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true; });
    await see(officer, 'the log', [adviser.name]);
    for (const text of [payloads[2], payloads[36], '\\', '(', '[']) {
      await officer.get('audit-search').fill(text);
      await see(officer, `the log, searched for ${text}`, [text]);
      const filtered = await clerk.call('GET', `/audit/entries?type=${encodeURIComponent(text)}`);
      check(filtered.status === 200 && filtered.body.items.length === 0, `filtering for ${text}: ${filtered.status}`);
    }
    await officer.get('audit-search').fill('');
    await officer.get('verify-log').click();
    await officer.get('verdict').waitFor();
    check((await officer.get('verdict').getAttribute('data-exit')) === '0', await officer.get('verdict-text').innerText());
    await see(officer, 'the verdict');
    lap("the officer's pages");
    // The proof holds data and no page that a browser would run.
    const proof = await proofOf(stack, clerk, chosen.id);
    check(proof.verdict.status === 0, `the proof: ${proof.verdict.output}`);
    check(proof.names.length > 2 && !proof.names.some((name) => /\.(x?html?|svg|xml|js)$/i.test(name)), `files in the proof: ${proof.names}`);
    for (const socket of guests) socket.destroy();
  }));

/** Bytes on a TLS connection, and what comes back until it is closed. */
function raw(stack, bytes) {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connectTls({ port: stack.port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false }, () => socket.write(bytes));
    socket.on('data', (piece) => { answer += piece.toString('latin1'); });
    socket.on('error', () => resolve(answer));
    socket.on('close', () => resolve(answer));
    socket.setTimeout(3000, () => socket.destroy());
  });
}

test('security 36: nothing that a stranger sends forges a line of the logs', () =>
  scene('logs', async (stack) => {
    const forged = '{"at":"2000-01-01T00:00:00.000Z","level":"error","event":"forged.line"}';
    const attacks = [`a\r\n${forged}\r\n`, `a\n${forged}\n`, `\u2028${forged}\u2029`, '\u001b[2J\u001b[31mforged.line\u001b[0m', '\u009b31mforged.line', '\u202eforged.line\u202c', `","event":"forged.line","x":"`, `'; DROP TABLE audit_entry; -- forged.line`, '\u0000forged.line', '\ud83d\ude80'.repeat(2000), '%0d%0aforged.line', '\\u000aforged.line'];
    const agent = await Caller.staff(stack, stack.accounts.agent);
    const officer = await Caller.staff(stack, stack.accounts.compliance);
    const before = (await officer.call('GET', '/status')).body.log_size;
    const host = `localhost:${stack.port}`;
    // Requests as bytes: the client libraries would not send them.
    for (const text of attacks) {
      for (const bytes of [
        `GET /api/v1/session HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${text}\r\nReferer: ${text}\r\nX-Forwarded-For: ${text}\r\nConnection: close\r\n\r\n`,
        `GET /${text} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        `GET /api/v1/meetings/${encodeURIComponent(text.slice(0, 500))}?q=${encodeURIComponent(text.slice(0, 500))} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        `${text} / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        `GET / HTTP/1.1\r\nHost: ${text}\r\nOrigin: ${text}\r\nCookie: __Host-parlour-session=${text}; __Host-parlour-guest=${text}\r\nConnection: close\r\n\r\n`,
      ]) {
        const answer = await raw(stack, bytes);
        check(answer === '' || /^HTTP\/1\.1 [2345]\d\d /.test(answer), `an answer to ${JSON.stringify(text)}: ${answer.slice(0, 80)}`);
        check(!/^HTTP\/1\.1 5/.test(answer), `5xx for ${JSON.stringify(bytes.slice(0, 120))}`);
      }
    }
    for (const field of ['User-Agent', 'Cookie', 'Referer']) {
      const answer = await raw(stack, `GET / HTTP/1.1\r\nHost: ${host}\r\n${field}: ${'forged.line '.repeat(90000)}\r\nConnection: close\r\n\r\n`);
      check(answer === '' || /^HTTP\/1\.1 4/.test(answer), `1 MB of ${field}: ${answer.slice(0, 60)}`);
    }
    // Bodies: what is refused, and what is taken and ends in the log as a commitment or a code.
    const anonymous = { 'content-type': 'application/json', origin: stack.baseUrl, 'sec-fetch-site': 'same-origin' };
    for (const text of attacks) {
      for (const [path, body] of [['/session', { email: text.slice(0, 200), password: text.slice(0, 200) }], ['/link', { token: text.slice(0, 60) }], ['/link', { [text]: 1 }]]) {
        const answer = await ask(stack, 'POST', `/api/v1${path}`, { headers: anonymous, body: JSON.stringify(body) });
        check(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
      }
      const made = await agent.call('POST', '/meetings', { type_id: stack.types.never, customer_name: text.slice(0, 20), customer_email: 'x@example.org', start: new Date().toISOString() });
      check(made.status === (/[\0-\x1f\x7f]/.test(text.slice(0, 20)) ? 400 : 201), `a name of ${JSON.stringify(text.slice(0, 20))}: ${made.status} ${made.text}`);
      if (made.status !== 201) continue;
      const cancel = await agent.call('POST', `/meetings/${made.body.meeting.id}/cancel`, { reason: text.slice(0, 70) });
      check(cancel.status === (/[\0-\x1f\x7f]/.test(text.slice(0, 70)) ? 400 : 200), `a reason of ${JSON.stringify(text.slice(0, 70))}: ${cancel.status}`);
    }
    // The one text that a socket puts into the log as it came: which check failed.
    const meeting = await agent.schedule(stack.types.never);
    const guest = await Caller.guest(stack, meeting.link);
    const { socket, answer } = await guest.enter();
    check(answer.type === 'ok', 'the waiting room');
    const checks = [...attacks, `${'x'.repeat(59)}\u20ac`, `${'x'.repeat(58)}\u{1f680}`, ''];
    for (const text of checks) {
      const said = await socket.ask({ type: 'failed', check: text.slice(0, 200), detail: text.slice(0, 200) });
      check(said.type === 'ok' || said.type === 'refused', `failed ${JSON.stringify(text.slice(0, 60))}: ${JSON.stringify(said)}`);
    }
    // However often it is said: a page that is not ours must not fill the log.
    for (let i = 0; i < 40; i++) check((await socket.ask({ type: 'failed', check: 'roster.signature', detail: '' })).type === 'ok', 'a check that failed');
    check((await socket.ask({ type: 'failed', check: '\ud800', detail: '' })).code === 1008, 'half a character');
    socket.destroy();

    // Every line of both programs is one record, and none of them is the attacker's.
    const lines = stack.log('serve').trimEnd().split('\n');
    check(lines.length > 60, `only ${lines.length} lines`);
    for (const line of lines) {
      let entry = null;
      try { entry = JSON.parse(line); } catch { /* told below */ }
      check(entry !== null && typeof entry.at === 'string' && typeof entry.level === 'string' && /^[a-z_.]+$/.test(entry.event), `a line of the log: ${line.slice(0, 200)}`);
      check(!line.includes('forged') && !/[^\x20-\x7e]/.test(line), `an attacker's words in the log: ${line.slice(0, 200)}`);
    }
    for (const line of stack.log('vault').trimEnd().split('\n')) check(!/forged|[^\x20-\x7e]/.test(line), `the vault's log: ${line.slice(0, 200)}`);
    // The audit log: one entry a number, each one JSON, and the verifier agrees.
    const entries = [];
    for (let before_seq = null; ;) {
      const page = await officer.call('GET', `/audit/entries?limit=200${before_seq === null ? '' : `&before=${before_seq}`}`);
      check(page.status === 200, `entries: ${page.status}`);
      entries.push(...page.body.items);
      before_seq = page.body.next;
      if (before_seq === null) break;
    }
    const size = (await officer.call('GET', '/status')).body.log_size;
    check(entries.length === size && size > before + 20, `${entries.length} entries, the log says ${size}`);
    for (const [i, entry] of entries.entries()) {
      check(entry.seq === size - 1 - i, `entry ${entry.seq} at ${i}`);
      const bytes = JSON.parse(entry.bytes);
      check(bytes.type === entry.type && !/[\0-\x1f\x7f-\x9f]/.test(entry.bytes), `entry ${entry.seq}: ${entry.bytes.slice(0, 300)}`);
    }
    const failed = entries.filter((entry) => entry.type === 'participant.check_failed');
    check(failed.length >= 1 && failed.length <= 20, `${failed.length} failed checks of one page in the log`);
    const verdict = await officer.call('POST', '/audit/verify');
    check(verdict.body.exit === 0, `${verdict.body.text} ${verdict.body.faults}`);
    const proof = await proofOf(stack, officer, meeting.id);
    check(proof.verdict.status === 0, `the proof: ${proof.verdict.output}`);
  }));

/** A meeting's proof: what the verifier says, and the names of the files in it. */
async function proofOf(stack, clerk, meeting) {
  const bytes = await new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: stack.port, method: 'POST', path: `/api/v1/meetings/${meeting}/proof`, rejectUnauthorized: false, headers: { host: `localhost:${stack.port}`, origin: stack.baseUrl, 'sec-fetch-site': 'same-origin', cookie: clerk.cookie, 'x-parlour-csrf': clerk.csrf } }, (incoming) => {
      const pieces = [];
      incoming.on('data', (piece) => pieces.push(piece));
      incoming.on('end', () => resolve(Buffer.concat(pieces)));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
  const file = join(stack.home, 'proof.zip');
  writeFileSync(file, bytes);
  // The central directory of the ZIP: name length at 28, name at 46.
  const names = [];
  for (let at = bytes.indexOf('PK\x01\x02'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 46)) names.push(bytes.toString('utf8', at + 46, at + 46 + bytes.readUInt16LE(at + 28)));
  return { names, verdict: stack.verify(file) };
}
