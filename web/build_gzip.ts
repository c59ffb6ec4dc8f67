import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const compressible = /\.(js|css|html|svg|json|webmanifest)$/;

/** Writes `name.gz` beside every text file of the build, so that the server sends ready-made bytes and compresses nothing itself. */
export function gzipBeside(): Plugin {
  return {
    name: 'parlour-gzip-beside',
    apply: 'build',
    async writeBundle(options) {
      const folder = options.dir;
      if (folder === undefined) throw new Error('the build has no output folder');
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !compressible.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const packed = gzipSync(await readFile(path), { level: constants.Z_BEST_COMPRESSION });
        packed[9] = 255; // The header's operating system byte: the same sources give the same file everywhere.
        await writeFile(`${path}.gz`, packed);
      }
    },
  };
}
