import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contrast, readTokens } from './contrast.ts';

const tokens = readTokens(readFileSync(new URL('./tokens.css', import.meta.url), 'utf8'));

// [text, ground it stands on, least contrast]. Text needs 4.5; large text, outlines of controls and the focus ring need 3.
const pairs: [string, string, number][] = [
  ['text', 'ground', 4.5],
  ['text', 'surface', 4.5],
  ['text', 'sunken', 4.5],
  ['text', 'accent-soft', 4.5],
  ['text', 'danger-soft', 4.5],
  ['text', 'notice-soft', 4.5],
  ['text', 'good-soft', 4.5],
  ['muted', 'ground', 4.5],
  ['muted', 'surface', 4.5],
  ['muted', 'sunken', 4.5],
  ['accent', 'ground', 4.5],
  ['accent', 'surface', 4.5],
  ['accent', 'sunken', 4.5],
  ['accent', 'accent-soft', 4.5],
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-strong', 4.5],
  ['danger', 'ground', 4.5],
  ['danger', 'surface', 4.5],
  ['danger', 'danger-soft', 4.5],
  ['on-danger', 'danger', 4.5],
  ['on-danger', 'danger-strong', 4.5],
  ['notice', 'ground', 4.5],
  ['notice', 'surface', 4.5],
  ['notice', 'notice-soft', 4.5],
  ['good', 'ground', 4.5],
  ['good', 'surface', 4.5],
  ['good', 'good-soft', 4.5],
  ['line-strong', 'ground', 3],
  ['line-strong', 'surface', 3],
  ['focus', 'ground', 3],
  ['focus', 'surface', 3],
  ['call-text', 'call-ground', 4.5],
  ['call-text', 'call-surface', 4.5],
  ['call-text', 'call-raised', 4.5],
  ['call-muted', 'call-ground', 4.5],
  ['call-muted', 'call-surface', 4.5],
  ['call-muted', 'call-raised', 4.5],
  ['call-on-danger', 'call-danger', 4.5],
  ['call-recording', 'call-ground', 4.5],
  ['call-recording', 'call-surface', 4.5],
  ['call-accent', 'call-ground', 4.5],
  ['call-accent', 'call-surface', 4.5],
  ['call-accent', 'call-raised', 4.5],
  ['call-notice', 'call-ground', 4.5],
  ['call-notice', 'call-surface', 4.5],
  ['call-focus', 'call-ground', 3],
  ['call-focus', 'call-raised', 3],
];

describe.each(['light', 'dark'] as const)('colours of the %s theme', (theme) => {
  it.each(pairs)('%s on %s has a contrast of at least %s', (text, ground, least) => {
    const one = tokens[theme].get(text);
    const other = tokens[theme].get(ground);
    expect(one, text).toBeDefined();
    expect(other, ground).toBeDefined();
    expect(contrast(one ?? '', other ?? '')).toBeGreaterThanOrEqual(least);
  });
});

describe('contrast', () => {
  it('is 21 for black on white and 1 for a colour on itself', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#0f5c63', '#0f5c63')).toBeCloseTo(1, 5);
  });
});
