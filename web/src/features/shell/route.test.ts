import { describe, expect, it } from 'vitest';
import { parseRoute } from './route.ts';

const id = '01931f00-0000-7000-8000-000000000001';

describe('routes of the console', () => {
  it('name pages', () => {
    expect(parseRoute('')).toEqual({ page: 'start' });
    expect(parseRoute('#/')).toEqual({ page: 'start' });
    expect(parseRoute('#/today')).toEqual({ page: 'today' });
    expect(parseRoute(`#/meetings/${id}`)).toEqual({ page: 'meeting', id });
    expect(parseRoute(`#/meetings/${id}/call`)).toEqual({ page: 'call', id });
  });
  it('take nothing that is not an id for one', () => {
    expect(parseRoute('#/meetings/../types')).toEqual({ page: 'unknown' });
    expect(parseRoute(`#/meetings/${id}/call?admit=${id}`)).toEqual({ page: 'call', id });
    expect(parseRoute(`#/meetings/${id}/call/more`)).toEqual({ page: 'unknown' });
    expect(parseRoute('#/today/1')).toEqual({ page: 'unknown' });
    expect(parseRoute('#/constructor')).toEqual({ page: 'unknown' });
  });
});
