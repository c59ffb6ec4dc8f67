import { describe, expect, it } from 'vitest';
import { allowedStep } from './join.svelte.ts';

const progress = (device_checked: boolean, notice_acknowledged: boolean) => ({ device_checked, notice_acknowledged });

describe('the steps', () => {
  it('cannot be skipped by typing an address', () => {
    expect(allowedStep('wait', progress(false, false))).toBe('check');
    expect(allowedStep('wait', progress(true, false))).toBe('notice');
    expect(allowedStep('notice', progress(false, false))).toBe('check');
    expect(allowedStep('wait', progress(false, true))).toBe('check');
  });
  it('can be gone back to', () => {
    for (const step of ['invitation', 'check', 'notice', 'wait'] as const) expect(allowedStep(step, progress(true, true))).toBe(step);
  });
});
