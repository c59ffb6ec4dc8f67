import { fileURLToPath } from 'node:url';
import { mergeConfig, type Plugin } from 'vite';
import base from '../../vite.config.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The pages as they are, on a call that shows what it is told to: only in this build, which is never delivered. */
function fakeCall(): Plugin {
  return {
    name: 'parlour-preview-call',
    enforce: 'pre',
    resolveId(source, importer) {
      return source === '../../call/index.ts' && importer !== undefined && importer.includes('/src/features/') ? here('./fake_call.ts') : null;
    },
  };
}

export default mergeConfig(base, { root: here('../..'), plugins: [fakeCall()], build: { outDir: here('../../../build/screens/preview'), emptyOutDir: true } });
