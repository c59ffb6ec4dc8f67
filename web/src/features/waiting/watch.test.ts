import { describe, expect, it } from 'vitest';
import { pauseMs, waitingList } from './watch.ts';

describe('the live list', () => {
  it('waits longer after each failure, at most half a minute', () => {
    expect(pauseMs(0, 1)).toBe(1000);
    expect(pauseMs(3, 1)).toBe(8000);
    expect(pauseMs(40, 1)).toBe(30_000);
    expect(pauseMs(40, 0)).toBe(20_000);
  });
  it('takes only a whole list', () => {
    expect(waitingList('{"type":"waiting","n":1,"list":[]}')).toEqual([]);
    expect(waitingList('{"type":"queue","n":1,"place":1}')).toBeNull();
    expect(waitingList('{"type":"waiting"}')).toBeNull();
    expect(waitingList('nonsense')).toBeNull();
    expect(waitingList(new ArrayBuffer(2))).toBeNull();
    expect(waitingList('null')).toBeNull();
  });
});
