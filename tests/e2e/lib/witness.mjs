// The witness inside the server (witness.c): what it saw, in terms of RTP (RFC 3550), VP8 (RFC 7741) and SFrame (RFC 9605).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'witness.c');
const built = join(here, '../../../build/e2e-media');
const library = join(built, 'witness.so');

/** Compiles the witness if its source is newer; to be called before tests run beside each other. */
export function buildWitness() {
  if (existsSync(library) && statSync(library).mtimeMs >= statSync(source).mtimeMs) return;
  mkdirSync(built, { recursive: true });
  execFileSync('cc', ['-O1', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: 'pipe' });
}

/** Environment of a server that is watched; `stalled` switches its store off and on. */
export function witness(directory) {
  buildWitness();
  const rtp = join(directory, 'witness.rtp');
  const flag = join(directory, 'stall');
  return {
    rtp,
    env: (recordings) => ({ LD_PRELOAD: library, WITNESS_RTP: rtp, WITNESS_STALL: flag, WITNESS_STORE: recordings }),
    stall: () => writeFileSync(flag, ''),
    flow: () => rmSync(flag, { force: true }),
    packets: () => packetsOf(readFileSync(rtp)),
  };
}

/** [{marker, payloadType, sequence, timestamp, ssrc, payload}] in order of arrival. */
export function packetsOf(bytes) {
  const out = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const headerSize = bytes.readUInt32LE(at);
    const payloadSize = bytes.readUInt32LE(at + 4);
    const header = bytes.subarray(at + 8, at + 8 + headerSize);
    const payload = bytes.subarray(at + 8 + headerSize, at + 8 + headerSize + payloadSize);
    at += 8 + headerSize + payloadSize;
    if (payload.length < payloadSize) break;
    const padding = header[0] & 0x20 ? payload[payload.length - 1] : 0;
    out.push({ marker: header[1] >> 7, payloadType: header[1] & 127, sequence: header.readUInt16BE(2), timestamp: header.readUInt32BE(4), ssrc: header.readUInt32BE(8), payload: payload.subarray(0, payload.length - padding) });
  }
  return out;
}

/** Length of the VP8 payload descriptor (RFC 7741 4.2), and whether it starts a frame. */
function vp8Descriptor(payload) {
  let size = 1;
  if (payload[0] & 0x80) {
    const more = payload[1];
    size = 2;
    if (more & 0x80) size += payload[size] & 0x80 ? 2 : 1;
    if (more & 0x40) size += 1;
    if (more & 0x30) size += 1;
  }
  return { size, start: (payload[0] & 0x10) !== 0 && (payload[0] & 7) === 0 };
}

const video = 96;
const audio = 111;
const key = Buffer.from([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0]);

function numberAt(bytes, at, long, bits) {
  if (!long) return { value: bits, next: at };
  let value = 0;
  for (let i = 0; i <= bits; i++) value = value * 256 + bytes[at + i];
  return { value, next: at + bits + 1 };
}

/** The SFrame header at the start of `bytes`. */
export function sframeHeader(bytes) {
  const config = bytes[0];
  const kid = numberAt(bytes, 1, (config & 0x80) !== 0, (config >> 4) & 7);
  const ctr = numberAt(bytes, kid.next, (config & 8) !== 0, config & 7);
  return { kid: kid.value, ctr: ctr.value, size: ctr.next };
}

/** Frames as a depacketiser puts them together: [{kind, ssrc, timestamp, data, kid, ctr, shim}]; incomplete ones are left out. */
export function framesOf(packets) {
  const out = [];
  const open = new Map();
  const last = new Map();
  const seen = new Set();
  for (const packet of packets) {
    if (packet.payload.length === 0) continue;
    const name = `${packet.ssrc}/${packet.sequence}/${packet.timestamp}`;
    if (seen.has(name)) continue;
    seen.add(name);
    if (packet.payloadType === audio) out.push({ kind: 'audio', ssrc: packet.ssrc, timestamp: packet.timestamp, data: packet.payload, shim: 0 });
    if (packet.payloadType !== video) continue;
    const { size, start } = vp8Descriptor(packet.payload);
    const piece = packet.payload.subarray(size);
    if (start) open.set(packet.ssrc, { timestamp: packet.timestamp, pieces: [piece] });
    else if (open.get(packet.ssrc)?.timestamp === packet.timestamp && last.get(packet.ssrc) === ((packet.sequence - 1) & 0xffff)) open.get(packet.ssrc).pieces.push(piece);
    else open.delete(packet.ssrc);
    last.set(packet.ssrc, packet.sequence);
    if (packet.marker && open.has(packet.ssrc)) {
      const data = Buffer.concat(open.get(packet.ssrc).pieces);
      open.delete(packet.ssrc);
      out.push({ kind: 'video', ssrc: packet.ssrc, timestamp: packet.timestamp, data, shim: data[0] === 0x11 ? 1 : data.subarray(0, 10).equals(key) ? 10 : -1 });
    }
  }
  for (const frame of out) if (frame.shim >= 0) Object.assign(frame, sframeHeader(frame.data.subarray(frame.shim)));
  return out;
}

/** Bits of entropy in a byte, of the distribution of bytes. */
export function entropy(bytes) {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  return -counts.reduce((sum, count) => (count === 0 ? sum : sum + (count / bytes.length) * Math.log2(count / bytes.length)), 0);
}

/** How many frames FFmpeg makes of VP8 frames in an IVF file (12-byte frame headers). */
export function decodableVp8(frames, directory) {
  const head = Buffer.alloc(32);
  head.write('DKIF', 0);
  head.writeUInt16LE(32, 6);
  head.write('VP80', 8);
  head.writeUInt16LE(640, 12);
  head.writeUInt16LE(360, 14);
  head.writeUInt32LE(30, 16);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(frames.length, 24);
  const parts = [head];
  frames.forEach((data, index) => {
    const one = Buffer.alloc(12);
    one.writeUInt32LE(data.length, 0);
    one.writeUInt32LE(index, 4);
    parts.push(one, data);
  });
  const file = join(directory, 'frames.ivf');
  writeFileSync(file, Buffer.concat(parts));
  let decoded = '';
  try {
    decoded = execFileSync('ffprobe', ['-v', 'quiet', '-count_frames', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch { /* ffprobe gives up on a file without any frame that it understands */ }
  return Number.parseInt(decoded, 10) || 0;
}
