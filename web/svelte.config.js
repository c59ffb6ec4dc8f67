import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

// CSS is emitted as files of its own: the content security policy allows no inline style.
export default {
  preprocess: vitePreprocess({ script: true }),
  compilerOptions: { runes: true, css: 'external' },
};
