// The rebuilt recording, from real browsers over a network that is cut: what is in it, and when.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../lib/stack.mjs';
import { check, scene } from '../lib/scene.mjs';
import { distances, median, picturesOf, soundOf } from '../lib/flashes.mjs';
import { attestedBy, framesFault, manifestOf } from '../lib/manifest.mjs';
import { Network } from '../lib/network.mjs';
import { flashingDevices } from '../lib/patches.mjs';
import { api, endCall, meet, picturesMove, reviewRecording } from '../lib/story.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test.alone('recording: every frame that was attested, one clock, a 3 s cut as one gap, a muted minute as none', () =>
  scene('recording', async (stack, person) => {
    const network = await Network.between(stack.port);
    try {
      const attested = {};
      const { agent, customer } = await meet(person, 'required', async (one) => {
        await flashingDevices(one);
        if (one.name === 'customer') await network.lead(one);
        attested[one.name === 'agent' ? 'staff' : one.name] = attestedBy(one);
      });
      await pause(12_000);
      // A minute in which the adviser is muted, and three seconds of it in which the customer's network is gone.
      await agent.get('toggle-microphone').click();
      const mutedAt = Date.now();
      await pause(15_000);
      network.cut();
      const cutAt = Date.now();
      await pause(3000 - (Date.now() - cutAt));
      network.mend();
      const cutMs = Date.now() - cutAt;
      await pause(60_000 - (Date.now() - mutedAt));
      await agent.get('toggle-microphone').click();
      await pause(8000);
      await endCall(agent);

      const { officer, meeting, recording } = await reviewRecording(person);
      const manifest = manifestOf(stack, recording.id);

      // One gap, of the customer, as long as the cut; none of the adviser.
      const trackOf = (role) => recording.tracks.find((track) => track.role === role && !track.screen);
      const ofCustomer = recording.gaps.filter((gap) => gap.track === trackOf('customer').track);
      const others = recording.gaps.filter((gap) => gap.track !== trackOf('customer').track);
      check(others.length === 0, `gaps of the adviser: ${JSON.stringify(others)}`);
      // Sound and picture each name it, and the page shows them as the one gap that it was.
      check(ofCustomer.map((gap) => gap.kind).sort().join() === 'a,v', `gaps: ${JSON.stringify(ofCustomer)} of ${JSON.stringify(manifest.tracks)}`);
      for (const gap of ofCustomer) {
        const gapMs = gap.to_ms - gap.from_ms;
        check(Math.abs(gapMs - cutMs) <= 300, `a cut of ${cutMs} ms is named as ${gapMs} ms of ${gap.kind}`);
        check(gap.cause === 'network', `its cause is ${gap.cause}`);
      }
      await officer.page.goto(`${stack.baseUrl}/console#/meetings/${meeting.id}`);
      await officer.get('coverage-gap').first().waitFor();
      check((await officer.get('coverage-gap').count()) === 1, 'the page shows more than one gap');
      console.log(`  ${(await officer.get('gap-list').innerText()).trim()}`);

      // Each rendition: FFmpeg decodes every frame, and there are as many as were attested, less those that are named.
      const play = await api(officer, 'POST', `/recordings/${recording.id}/download`, { reason: 'The supervisor has asked for it.' });
      const files = {};
      for (const track of play.body.tracks) {
        const base64 = await officer.page.evaluate(async (url) => {
          const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
          let text = '';
          for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
          return btoa(text);
        }, track.url);
        const path = join(stack.home, `${track.role}.webm`);
        writeFileSync(path, Buffer.from(base64, 'base64'));
        check(track.offset_ms === 0, `${track.role} begins at ${track.offset_ms} ms, not at the recording's origin`);
        files[track.role] = { path, offset: track.offset_ms, pictures: picturesOf(path), sound: soundOf(path) };
      }
      for (const role of ['staff', 'customer']) {
        const fault = framesFault(manifest, role, attested[role]);
        check(fault === null, fault);
        const participant = manifest.participants.find((one) => one.role === (role === 'staff' ? 'agent' : 'customer')).id;
        for (const [kind, decoded] of [['video', files[role].pictures.decoded], ['audio', files[role].sound.decoded]]) {
          const { frames } = manifest.tracks.find((track) => track.participant === participant && track.kind === kind);
          // Of the sound, the person's own frames and the silence between them: no hole.
          const { sound } = manifest.renditions.find((one) => one.participant === participant && one.content === 'camera');
          const expected = frames.recovered - frames.skipped + (kind === 'audio' ? sound.filled_frames - sound.left_out_frames : 0);
          check(decoded === expected, `${role} ${kind}: FFmpeg decodes ${decoded} of ${JSON.stringify(frames)}, ${JSON.stringify(sound)}`);
        }
      }

      // Tone and flash of each, and the flashes of both, on one clock.
      const clock = (role, kind) => files[role][kind === 'tone' ? 'sound' : 'pictures'][kind === 'tone' ? 'tones' : 'flashes'].map((at) => at + files[role].offset);
      const skews = {};
      for (const role of ['staff', 'customer']) skews[role] = distances(clock(role, 'flash'), clock(role, 'tone'));
      skews.both = distances(clock('staff', 'flash'), clock('customer', 'flash'));
      skews.tones = distances(clock('staff', 'tone'), clock('customer', 'tone'));
      console.log(`  skew in ms (median, of how many): ${Object.entries(skews).map(([name, all]) => `${name} ${median(all)?.toFixed(0)} (${all.length})`).join(', ')}`);
      for (const [name, all] of Object.entries(skews)) {
        check(all.length >= 5, `${name}: only ${all.length} to compare`);
        check(Math.abs(median(all)) <= 60, `${name} is ${median(all)} ms apart`);
      }

      // The same in the player, after a seek.
      await officer.get('play').click();
      await officer.get('purpose-supervision').click();
      await officer.get('purpose-play').click();
      await officer.get('player-play').click();
      await until('it plays', async () => Number(await officer.get('player').getAttribute('data-position')) > 500);
      for (let i = 0; i < 4; i++) await officer.get('player-forward').click();
      await until('it plays from there', async () => Number(await officer.get('player').getAttribute('data-position')) > 41_000 && (await officer.get('player').getAttribute('data-state')) === 'playing');
      const seen = await officer.page.evaluate(async () => {
        const out = [];
        const ends = performance.now() + 9000;
        await Promise.all([...document.querySelectorAll('[data-testid=player-track]')].map((video, index) => {
          out[index] = [];
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 1;
          const pen = canvas.getContext('2d', { willReadFrequently: true });
          let lit = true;
          return new Promise((resolve) => {
            const look = (now, frame) => {
              pen.drawImage(video, 100, 20, 100, 100, 0, 0, 1, 1);
              const light = pen.getImageData(0, 0, 1, 1).data[1] > 128;
              if (light && !lit) out[index].push(frame.expectedDisplayTime);
              lit = light;
              if (now < ends) video.requestVideoFrameCallback(look);
              else resolve();
            };
            video.requestVideoFrameCallback(look);
          });
        }));
        return out;
      });
      await officer.screenshot('recording-player');
      const apart = distances(seen[0], seen[1]);
      console.log(`  in the player after a seek: ${apart.map((one) => one.toFixed(0)).join(', ')} ms`);
      check(apart.length >= 3 && Math.abs(median(apart)) <= 60, `in the player: ${apart}`);
    } finally {
      network.close();
    }
  }));

test.alone('network: a changed address is followed, a poor network is said in words, and neither costs the call', () =>
  scene('network', async (stack, person) => {
    const network = await Network.between(stack.port, { seed: 7 });
    try {
      const { agent, customer } = await meet(person, 'required', (one) => (one.name === 'customer' ? network.lead(one) : undefined));
      for (let i = 0; i < 3; i++) {
        network.move();
        await pause(1000);
        for (const one of [agent, customer]) await until(`${one.name} sees a moving picture after a change of address`, () => picturesMove(one), 15);
      }
      network.lossPermille = 120;
      network.delayMs = 50;
      for (const one of [customer]) await until(`${one.name} reads that the network is poor`, async () => (await one.get('quality').count()) > 0, 20);
      console.log(`  the customer reads: ${await customer.get('quality').innerText()}`);
      await until('the adviser still sees a moving picture', () => picturesMove(agent), 10);
      await customer.screenshot('network-poor');
      network.lossPermille = 0;
      network.delayMs = 0;
      await until('the words go away', async () => (await customer.get('quality').count()) === 0, 30);
      await endCall(agent);
      const { recording } = await reviewRecording(person);
      console.log(`  coverage ${recording.coverage_permille} per mille, ${recording.gaps.length} gaps`);
    } finally {
      network.close();
    }
  }));
