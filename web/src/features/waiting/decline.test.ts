import { describe, expect, it } from 'vitest';
import { nextStep } from './decline.ts';

describe('declining from the list', () => {
  it('goes in first, then says no, then is done', () => {
    expect(nextStep(1, { type: 'ok', re: 1 })).toBeNull();
    expect(nextStep(1, { type: 'welcome' })).toBe('decline');
    expect(nextStep(2, { type: 'people' })).toBeNull();
    expect(nextStep(2, { type: 'ok', re: 1 })).toBeNull();
    expect(nextStep(2, { type: 'ok', re: 2 })).toBe('done');
  });
  it('stops at a refusal', () => {
    expect(nextStep(1, { type: 'refused', re: 1 })).toBe('refused');
    expect(nextStep(2, { type: 'refused', re: 2 })).toBe('refused');
  });
});
