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
