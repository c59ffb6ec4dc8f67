// The signed manifest of a recording, where the vault has put it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

function find(directory, end) {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (path.endsWith(end)) return path;
    const inside = statSync(path).isDirectory() ? find(path, end) : null;
    if (inside) return inside;
  }
  return null;
}

export function manifestOf(stack, recording) {
  return JSON.parse(readFileSync(find(join(stack.home, 'vault'), join(recording, 'manifest.json')) ?? find(stack.recordings, join(recording, 'manifest.json')), 'utf8')).manifest;
}

/** The newest counters that a person has attested, by call and KID. */
export function attestedBy(person) {
  const last = new Map();
  person.page.on('websocket', (socket) => socket.on('framesent', (frame) => {
    const message = JSON.parse(String(frame.payload));
    if (message.type !== 'e2ee' || !['Progress', 'Activated'].includes(message.m?.t)) return;
    const { call, last: newest } = JSON.parse(Buffer.from(message.m.b, 'base64url').toString());
    for (const { kid, ctr } of newest) { last.set(`${call} ${kid}`, ctr); if (process.env.PARLOUR_E2E_FRAMES) console.log(person.name, message.m.t, kid, ctr); }
  }));
  return (slot) => [...last].filter(([kid]) => Number(kid.split(' ')[1]) % 16 === slot).reduce((sum, [, ctr]) => sum + ctr + 1, 0);
}

/** What the manifest says of a person's frames, held against what that person's browser has signed. */
export function framesFault(manifest, role, attested) {
  const participant = manifest.participants.find((one) => one.role === (role === 'staff' ? 'agent' : 'customer'))?.id;
  for (const [kind, slot] of [['video', 1], ['audio', 0]]) {
    const track = manifest.tracks.find((one) => one.participant === participant && one.kind === kind);
    const { frames, gaps } = track ?? { frames: {}, gaps: [] };
    const missing = gaps.reduce((sum, gap) => sum + gap.missing, 0);
    const said = `${role} ${kind}: ${attested(slot)} frames were attested; the manifest says ${JSON.stringify(frames)}, ${missing} missing in its gaps`;
    // Frames that are missing beyond what was signed count as attested too: nobody can say more of a page that was closed.
    const beyond = frames.unattested > 0 ? frames.lost : 0;
    if (frames.attested < attested(slot) || frames.attested > attested(slot) + beyond || frames.lost !== missing || frames.recovered !== frames.attested + frames.unattested - frames.lost) return said;
  }
  return null;
}
