// Reads a recorded file of the flashing devices (patches.mjs): when does the picture turn white, when does the tone begin?
import { execFileSync } from 'node:child_process';

const run = (program, args) => execFileSync(program, args, { maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'] });
const numbers = (text) => text.trim().split('\n').map(Number.parseFloat).filter(Number.isFinite);

/** Moments (ms of the file) at which `values` [{at, value}] rise above `high` after having been below it for `quietMs`. */
function risesOf(values, high, quietMs) {
  const out = [];
  let lowSince = values[0]?.at ?? 0;
  let low = true;
  for (const { at, value } of values) {
    if (value > high) {
      if (low && at - lowSince >= quietMs) out.push(at);
      low = false;
    } else if (!low) {
      low = true;
      lowSince = at;
    }
  }
  return out;
}

/** {decoded, times, flashes} of the pictures; every frame is decoded. */
export function picturesOf(file) {
  const times = numbers(run('ffprobe', ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', file]).toString());
  const light = run('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:v:0', '-vf', 'scale=1:1:flags=area,format=gray', '-fps_mode', 'passthrough', '-f', 'rawvideo', '-']);
  return { decoded: light.length, times, flashes: risesOf([...light].map((value, index) => ({ at: times[index] * 1000, value })), 128, 300) };
}

function loudness(bytes, rate) {
  const step = rate / 200;
  const values = [];
  for (let at = 0; at + step <= bytes.length / 2; at += step) {
    let sum = 0;
    for (let i = 0; i < step; i++) sum += (bytes.readInt16LE((at + i) * 2) / 32768) ** 2;
    values.push({ at: (at / rate) * 1000, value: Math.sqrt(sum / step) });
  }
  return values;
}

/** {decoded, tones} of the sound. */
export function soundOf(file) {
  const times = numbers(run('ffprobe', ['-v', 'error', '-select_streams', 'a:0', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', file]).toString());
  const rate = 8000;
  const bytes = run('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:a:0', '-af', 'aresample=async=1000:first_pts=0', '-ac', '1', '-ar', String(rate), '-f', 's16le', '-']);
  return { decoded: times.length, tones: risesOf(loudness(bytes, rate), 0.1, 300) };
}

/**
 * Tones as a listener hears them: sample after sample, whatever the time stamps say. A media element plays sound like that, so
 * a hole in the file would run all that follows ahead.
 */
export function heardOf(file) {
  const rate = 8000;
  const bytes = run('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:a:0', '-ac', '1', '-ar', String(rate), '-f', 's16le', '-']);
  return risesOf(loudness(bytes, rate), 0.1, 300);
}

/** For each of `of` the distance to its nearest neighbour in `others`, where there is one within `reachMs`. */
export function distances(of, others, reachMs = 500) {
  const out = [];
  for (const one of of) {
    const nearest = others.reduce((best, other) => (Math.abs(other - one) < Math.abs(best - one) ? other : best), Infinity);
    if (Math.abs(nearest - one) <= reachMs) out.push(nearest - one);
  }
  return out;
}

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
