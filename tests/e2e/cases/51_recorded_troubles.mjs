// Fault A2 in real Chromium: what comes out of a media element that plays a recording, sound against picture. Forty seeds of troubles
// of a call, decoded by ffmpeg, are in tests/simulation/recorded_troubles_test.cpp.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/stack.mjs';
import { check } from '../lib/scene.mjs';
import { listen } from '../lib/listening.mjs';

const nearest = (values, at) => values.reduce((best, one) => (Math.abs(one - at) < Math.abs(best - at) ? one : best), Infinity);

/** What came out of a media element: as many tones as flashes, each within 60 ms. */
function besideEachOther({ tones, flashes }, where, least = 8) {
  const apart = flashes.map((flash) => nearest(tones, flash) - flash).filter((one) => Math.abs(one) < 900);
  console.log(`  ${where}: ${apart.map((one) => one.toFixed(0)).join(', ')} ms`);
  check(apart.length >= least, `${where}: only ${apart.length} flashes with a tone`);
  check(apart.every((one) => Math.abs(one) <= 60), `${where}: tones are away from their flashes by ${apart.map(Math.round)} ms`);
}

test.alone('fault A2: ten minutes with lost packets and a cut are listened to in Chromium: at the start, over the cut, in the middle, at the end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parlour-listening-'));
  try {
    const program = join(process.env.PARLOUR_BUILD ?? join(root, 'build/release'), 'tests/simulation/simulation_recorded_troubles_test');
    execFileSync(program, ['--gtest_filter=*FaultA2SoundStaysBesideThePictureToTheEnd*', '--gtest_brief=1'], { env: { ...process.env, PARLOUR_LISTENING: folder }, stdio: 'pipe' });
    const stretches = process.env.PARLOUR_LONG
      ? [{ from: 0, seconds: 120 }, { from: 482, seconds: 115 }]
      : [{ from: 0, seconds: 7 }, { from: 55, seconds: 13 }, { from: 296, seconds: 7 }, { from: 590, seconds: 7 }];
    const heard = await listen(join(folder, 'ten-minutes.webm'), stretches);
    for (const [at, one] of heard.entries()) besideEachOther(one, `from ${stretches[at].from} s`, Math.min(50, Math.floor(stretches[at].seconds / 2 - 1.5)));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
