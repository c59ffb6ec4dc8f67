// Somebody's whole network is gone for a while, the page's connections and the media, as when a telephone leaves the house.
// What is read meanwhile is true, and afterwards both talk again without a reload.
import { until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { Cable } from '../lib/network.mjs';
import { api, comeIn, endCall, inCall, meet, picturesMove, reviewRecording } from '../lib/story.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Who loses the network, for how long, and whether the adviser may have to let the customer in again; the others with --long. */
const cuts = [['customer', 36, true]];
if (process.env.PARLOUR_LONG) cuts.push(['agent', 36, true], ['customer', 20, false], ['customer', 180, true], ['agent', 20, false], ['agent', 180, true]);
for (const [who, seconds, again] of cuts) {
  test(`fault B5: ${who === 'agent' ? 'the adviser' : 'the customer'} without any network for ${seconds} s reads what is true and comes back into the call`, () =>
    scene(`away-${who}-${seconds}`, async (stack, person) => {
      const cable = await Cable.between(stack.port);
      try {
        const people = await meet(person, 'required', async (one) => {
          one.expected = (text) => /WebSocket|ERR_|Failed to load resource|timed out/i.test(text);
          if (one.name === who) await cable.udp.lead(one);
        }, { [who]: { proxy: cable.proxy } });
        const { agent, customer } = people;
        const [gone, there] = who === 'agent' ? [agent, customer] : [customer, agent];
        await pause(3000);
        cable.cut();
        const cutAt = Date.now();
        const wrong = [];
        while (Date.now() - cutAt < seconds * 1000) {
          await pause(500);
          // Whoever has no network has not been left by somebody else.
          for (const id of ['held', 'other-reconnecting'])
            for (const text of await gone.get(id).allInnerTexts()) wrong.push(`after ${Math.round((Date.now() - cutAt) / 1000)} s ${gone.name} reads: ${text}`);
        }
        check(wrong.length === 0, wrong.slice(0, 3).join(' | '));
        // A socket that is silent is found out by an answer that does not come: up to 20 s.
        if (seconds > 30) check((await gone.get('reconnecting').count()) > 0, `${gone.name} does not read that the connection is lost`);
        cable.mend();
        // Whether the server had given the person up by then depends on when it noticed; who was, is let in with one click.
        await until('they talk again, or the adviser can let the customer in', async () => {
          if ((await agent.get('admit').count()) > 0 && (await agent.get('admit').first().isEnabled())) {
            await agent.get('admit').first().click();
            return true;
          }
          return (await gone.get('reconnecting').count()) === 0 && (await picturesMove(agent)) && (await picturesMove(customer));
        }, again ? 60 : 40);
        await inCall([agent, customer], 40);
        for (const one of [agent, customer]) {
          check((await one.get('held').count()) === 0, `${one.name} is still held`);
          await until(`${one.name} reads nothing of a lost connection`, async () => (await one.get('reconnecting').count()) + (await one.get('other-reconnecting').count()) === 0, 20);
        }
        await pause(12_000);
        for (const one of [agent, customer]) check(await picturesMove(one), `${one.name}'s picture stands still again`);
        check(there.errors.length === 0, there.errors.join());
        await endCall(agent);
      } finally {
        cable.close();
      }
    }));
}

test('fault C1: a second device that is let in takes the place of the first, which is told; both are recorded as one person', () =>
  scene('instead', async (stack, person) => {
    const { agent, customer, link } = await meet(person, 'required');
    const second = await person('second', { width: 390, height: 844, device: 'customer' });
    await comeIn(second, link);
    await agent.get('second-allow').click();
    await customer.page.locator('[data-testid=goodbye][data-reason=other_device]').first().waitFor();
    await inCall([agent, second], 40);
    let most = 0;
    for (let i = 0; i < 20; i++) {
      most = Math.max(most, await agent.get('remote-picture').count());
      await pause(250);
    }
    check(most === 1, `the adviser sees ${most} pictures of one person`);
    await endCall(agent);
    const { officer, meeting, recording } = await reviewRecording(person);
    // One after the other, under one name; a moment's overlap is the first device's last frames.
    const tracks = recording.tracks.filter((track) => track.role === 'customer' && !track.screen).sort((a, b) => a.pictures[0][0] - b.pictures[0][0]);
    check(tracks.length >= 1 && new Set(tracks.map((track) => track.name)).size === 1, `the customer's tracks: ${JSON.stringify(tracks)}`);
    for (let i = 1; i < tracks.length; i++)
      check(tracks[i - 1].pictures.at(-1)[1] <= tracks[i].pictures[0][0] + 1000, `two devices at once: ${JSON.stringify(tracks)}`);
    const story = await api(officer, 'GET', `/meetings/${meeting.id}/timeline`);
    const admitted = story.body.items.filter((entry) => entry.type === 'waiting.admitted');
    check(admitted.length === 1, 'one person came in, with two devices');
  }));
