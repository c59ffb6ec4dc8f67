import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';

const contract = readFileSync(new URL('../../../../contracts/openapi.yaml', import.meta.url), 'utf8');

describe('fault B8: printed limits are the enforced ones', () => {
  it('a meeting’s length', () => {
    const found = /duration_min: \{type: integer, minimum: (\d+), maximum: (\d+)\}/.exec(contract);
    expect(limits.durationMin).toEqual({ least: Number(found?.[1]), most: Number(found?.[2]) });
  });
  it('a reason’s length', () => {
    const found = /properties: \{reason: \{type: string, minLength: 1, maxLength: (\d+)\}\}/.exec(contract);
    expect(limits.reasonCharacters).toBe(Number(found?.[1]));
  });
});
