// Looks for byte strings: in the whole memory of a process (what a core dump of it would hold), and in files.
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the `wanted` ({name: Buffer}) that `bytes` holds. */
function holds(bytes, wanted) {
  return Object.entries(wanted).filter(([, value]) => bytes.includes(value)).map(([name]) => name);
}

/** Every readable part of a process's memory, looked through. The process stands still while it is copied, as for a core dump. */
export function inMemory(pid, wanted) {
  const parts = [];
  process.kill(pid, 'SIGSTOP');
  try {
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n');
    const memory = openSync(`/proc/${pid}/mem`, 'r');
    for (const line of maps) {
      const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line);
      // Shared libraries' code and what the kernel lends hold nothing of ours.
      if (!rights.startsWith('rw') || /\[v(var|syscall|dso)/.test(line)) continue;
      const start = BigInt(`0x${from}`);
      const bytes = Buffer.alloc(Number(BigInt(`0x${to}`) - start));
      const step = 1 << 20;
      for (let at = 0; at < bytes.length; at += step) {
        try {
          readSync(memory, bytes, at, Math.min(step, bytes.length - at), start + BigInt(at));
        } catch { /* a hole: guard pages and the like */ }
      }
      parts.push(bytes);
    }
    closeSync(memory);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const found = new Set();
  for (const part of parts) for (const name of holds(part, wanted)) found.add(name);
  return { found: [...found], looked: parts.reduce((sum, part) => sum + part.length, 0) };
}

/** Files below `directories` that hold one of the wanted: [{file, name}]. */
export function inFiles(directories, wanted, leaveOut = () => false) {
  const out = [];
  let looked = 0;
  const walk = (path) => {
    if (leaveOut(path)) return;
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) walk(join(path, name));
    else if (statSync(path).isFile()) {
      const bytes = readFileSync(path);
      looked += bytes.length;
      for (const name of holds(bytes, wanted)) out.push({ file: path, name });
    }
  };
  for (const directory of directories) walk(directory);
  return { found: out, looked };
}
