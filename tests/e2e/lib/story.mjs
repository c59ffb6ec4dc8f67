// The story of a call in steps that tests put together: what people do, by what they see.
import { until } from './stack.mjs';

export async function logIn(person, account) {
  await person.page.goto(`${person.stack.baseUrl}/console`);
  await person.get('login-email').fill(account.email);
  await person.get('login-password').fill(account.password);
  await person.get('login-submit').click();
  await person.get('me').waitFor();
}

/** Returns the customer's link. */
export async function schedule(agent, rule, { name = 'C. Customer', email = 'c.customer@example.org' } = {}) {
  await agent.get('nav-today').click();
  await agent.get('new-meeting-open').first().click();
  await agent.get(`type-${rule}`).first().click();
  await agent.get('new-name').fill(name);
  await agent.get('new-email').fill(email);
  await agent.get('new-start').fill(await agent.page.evaluate(() => { const now = new Date(Date.now() + 60000); return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 16); }));
  await agent.get('create-meeting').click();
  const link = await linkText(agent);
  return link;
}

/** What the server knows of a link: behind it stands a secret that it does not see. */
export const tokenOf = (link) => link.split('#')[1].split('.')[0];

async function linkText(agent) {
  const field = agent.get('customer-link');
  await field.waitFor();
  const text = await field.evaluate((element) => element.value ?? element.textContent);
  return text.trim();
}

/** The customer's steps up to the waiting room; `link` null: the invitation is open already. `at` is told each page. */
export async function comeIn(customer, link, at = async () => {}) {
  if (link !== null) await customer.page.goto(link);
  await customer.get('start').click();
  await customer.get('allow-both').waitFor();
  await at('device check, before the browser asks');
  await customer.get('allow-both').click();
  await customer.get('device-continue').waitFor();
  await at('device check');
  await customer.get('device-continue').click();
  await customer.get('notice-continue').waitFor();
  await at('notice');
  await customer.get('notice-continue').click();
  await customer.get('waiting-room').waitFor();
  await at('waiting room');
}

export async function admit(agent) {
  await agent.get('nav-waiting').click();
  const admitButton = agent.get('admit').first();
  await admitButton.waitFor();
  await admitButton.click();
  // First time: choose devices; the page then lets the person in whose Hello was on the screen.
  const devices = agent.get('allow-both');
  const inside = agent.get('call-bar');
  await devices.or(inside).first().waitFor();
  if (await devices.isVisible()) {
    await devices.click();
    await agent.get('device-continue').click();
  }
  await agent.get('facts').first().waitFor();
}

/** An adviser, and a customer with a telephone who waits to be let in. `prepare` gets each of them before any page is open; `more`: how their browsers are started. */
export async function arrive(person, rule, prepare = async () => {}, more = {}) {
  const agent = await person('agent', more.agent);
  const customer = await person('customer', { width: 390, height: 844, ...more.customer });
  for (const one of [agent, customer]) await prepare(one);
  await logIn(agent, agent.stack.accounts.agent);
  const link = await schedule(agent, rule);
  await agent.page.keyboard.press('Escape');
  await comeIn(customer, link);
  return { agent, customer, link };
}

/** The same two, in their call. */
export async function meet(person, rule, prepare, more) {
  const both = await arrive(person, rule, prepare, more);
  await admit(both.agent);
  await inCall([both.agent, both.customer]);
  return both;
}

/** An officer, and the meetings as the officer sees them, the newest on its own too. */
export async function review(person) {
  const officer = await person('officer');
  await logIn(officer, officer.stack.accounts.compliance);
  const { body } = await api(officer, 'GET', '/meetings');
  return { officer, meetings: body.items, meeting: body.items[0] };
}

/** The same, with the meeting's recording once the vault has opened and checked it. */
export async function reviewRecording(person) {
  const { officer, meeting } = await review(person);
  return { officer, meeting, recording: await verified(officer, meeting.id) };
}

/** Both see each other's moving picture and the call is established. */
export async function inCall(people, seconds = 30) {
  for (const person of people) {
    await person.get('call').waitFor({ timeout: seconds * 1000 });
    await until(`${person.name} is told that the call is encrypted`, async () => (await person.page.locator('[data-testid=encryption-fact][data-established=true]').count()) > 0, seconds);
    await until(`${person.name} sees a moving picture`, () => picturesMove(person), seconds);
  }
}

export async function picturesMove(person) {
  return person.page.evaluate(async () => {
    const video = document.querySelector('[data-testid=remote-picture]');
    const element = video instanceof HTMLVideoElement ? video : video?.querySelector('video');
    if (!element || element.videoWidth === 0) return false;
    const before = element.getVideoPlaybackQuality().totalVideoFrames;
    await new Promise((resolve) => setTimeout(resolve, 400));
    return element.getVideoPlaybackQuality().totalVideoFrames > before;
  });
}

/** Nothing of what is seen and heard starts anew by itself: [what, how often] in this time. */
export async function startsAnew(person, seconds) {
  return person.page.evaluate(async (ms) => {
    const counts = [...document.querySelectorAll('video, audio')].map((element) => {
      const one = [element.dataset.testid ?? element.tagName, 0];
      element.addEventListener('emptied', () => one[1]++);
      return one;
    });
    await new Promise((resolve) => setTimeout(resolve, ms));
    return counts.filter(([, often]) => often > 0);
  }, seconds * 1000);
}

/** JSON of the API in a person's own session. */
export function api(person, method, path, body) {
  return person.page.evaluate(async ([m, p, b]) => {
    const session = await (await fetch('/api/v1/session')).json();
    const response = await fetch(`/api/v1${p}`, { method: m, headers: { 'content-type': 'application/json', 'x-parlour-csrf': session.csrf ?? '' }, body: b === undefined ? undefined : JSON.stringify(b) });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  }, [method, path, body]);
}

export async function endCall(agent) {
  await agent.get('end-call').click();
  await agent.get('end-confirm').click();
  await agent.get('agent-ended').waitFor();
}

/** The newest recording of a meeting, once the vault has opened and checked it. */
export async function verified(officer, id) {
  return until('the recording is verified', async () => {
    const answer = await api(officer, 'GET', `/meetings/${id}/recordings`);
    const item = answer.body?.items?.[0];
    if (item?.state === 'failed') throw new Error(`the recording failed: ${item.failure}`);
    return item?.state === 'verified' ? item : null;
  }, 40);
}
