import { fileURLToPath } from 'node:url';
import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { copyPage } from './build_copy.ts';
import { gzipBeside } from './build_gzip.ts';
import { liveText } from './build_live_text.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Three pages: /j for customers (join.html), / for staff (console.html), and closed.html under every address while nothing is served; a fourth one goes with a download and is not
// served. No inline script or style, no file inlined as a data
// URL, no source map: what the server delivers is exactly what the content security policy and the build manifest name.
export default defineConfig({
  root: here('.'),
  base: '/',
  plugins: [svelte({ preprocess: [liveText(), vitePreprocess({ script: true })] }), copyPage(), gzipBeside()],
  worker: { format: 'es' },
  build: {
    outDir: here('./dist'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
    rollupOptions: {
      input: { join: here('./join.html'), console: here('./console.html'), closed: here('./closed.html') },
    },
  },
});
