// Networks that real people sit in: one that loses the first datagrams.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeMedia, silenceAtEnd } from '../lib/people.mjs';
import { Network } from '../lib/network.mjs';
import { check, scene } from '../lib/scene.mjs';
import { inCall, meet } from '../lib/story.mjs';

test('fault I3: a ClientHello in two datagrams, each of which is lost once', () =>
  scene('lost-hello', async (stack, person) => {
    const networks = [];
    const { agent, customer } = await meet(person, 'never', async (one) => {
      const network = await Network.between(stack.port);
      // The first datagram of the first ClientHello, the second one of its repetition, and the server's first answer.
      network.loses = { up: new Set([0, 3]), down: new Set([0]) };
      networks.push(network);
      await network.lead(one);
    });
    for (const network of networks) {
      check(network.handshake.up.length >= 4 && network.handshake.lost >= 2, `the handshake: ${JSON.stringify(network.handshake)}`);
      check(network.handshake.up[0] + network.handshake.up[1] > 1300, `the first flight is one of two datagrams: ${JSON.stringify(network.handshake.up)}`);
    }
    await inCall([agent, customer]);
    for (const network of networks) network.close();
  }));

test('fault I3: test sounds end in silence, for a fake microphone repeats the last 10 ms for ever', async () => {
  const directory = makeMedia();
  const sounds = readdirSync(directory).filter((name) => name.endsWith('.wav'));
  check(sounds.length >= 2, 'there are no test sounds');
  for (const name of sounds) check(silenceAtEnd(join(directory, name)) >= 20, `${name} ends in ${silenceAtEnd(join(directory, name))} ms of silence`);
});
