import { defineConfig } from 'vitest/config';

// Tests that drive a real Chromium (playwright-core). One at a time: they share the machine's only browser.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['tests/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
