import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { build, type Plugin } from 'vite';
import { liveText } from './build_live_text.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The page that goes with a downloaded recording: one file, whose script and style its own policy names by their hashes, and
    nothing from elsewhere. The server puts the facts in place of `{{recording}}`. Its name begins with a dot: it is not served. */
export function copyPage(): Plugin {
  return {
    name: 'parlour-copy-page',
    apply: 'build',
    async generateBundle() {
      const made = await build({
        configFile: false,
        root: here('.'),
        logLevel: 'error',
        plugins: [svelte({ preprocess: [liveText(), vitePreprocess({ script: true })] })],
        build: { write: false, target: 'es2022', sourcemap: false, modulePreload: false, cssCodeSplit: false, rollupOptions: { input: here('./src/entries/copy.ts'), output: { format: 'es' } } },
      });
      const parts = (Array.isArray(made) ? made : [made]).flatMap((one) => ('output' in one ? one.output : []));
      const scripts = parts.flatMap((part) => (part.type === 'chunk' ? [part.code] : []));
      if (scripts.length !== 1) throw new Error(`the copy page has ${String(scripts.length)} scripts`);
      // Neither may end its element.
      const script = (scripts[0] ?? '').trim().replaceAll('</script', '<\\/script');
      const style = parts.flatMap((part) => (part.type === 'asset' && part.fileName.endsWith('.css') ? [String(part.source)] : [])).join('').trim();
      if (style.includes('</style') || style.includes('url(')) throw new Error('the copy page’s style asks for more than itself');
      const policy = `default-src 'none'; media-src 'self' file:; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;
      const page = (await readFile(here('./copy.html'), 'utf8')).replace('{{policy}}', () => policy).replace('{{style}}', () => style).replace('{{script}}', () => script);
      this.emitFile({ type: 'asset', fileName: '.copy.html', source: page });
    },
  };
}
