import { describe, expect, it } from 'vitest';
import { Leaving } from './leaving.ts';

/** A tab's history, as far as fragments go. */
class Tab {
  entries = ['#/today', '#/meetings/1', '#/meetings/1/call'];
  at = 2;
  get hash(): string {
    return this.entries[this.at]!;
  }
  set hash(value: string) {
    this.entries = [...this.entries.slice(0, this.at + 1), value];
    this.at += 1;
  }
  pushState(_: unknown, __: string, url?: string | URL | null): void {
    this.hash = String(url);
  }
}

describe('fault C3: out of a running call', () => {
  it('Back asks, the call’s address stands again, and the person stays', () => {
    const tab = new Tab();
    const leaving = new Leaving(tab, tab);
    let asked = 0;
    leaving.guard(() => (asked++, true));
    for (let back = 1; back <= 3; back++) {
      tab.at -= 1;
      expect(leaving.asksFirst()).toBe(true);
      expect(asked).toBe(back);
      expect(tab.hash).toBe('#/meetings/1/call');
      expect(tab.entries).toEqual(['#/today', '#/meetings/1', '#/meetings/1/call']);
    }
  });
  it('a link or a typed address asks too, and goes where it was meant to after a yes', () => {
    const tab = new Tab();
    const leaving = new Leaving(tab, tab);
    let go: (() => void) | null = null;
    leaving.guard((given) => ((go = given), true));
    tab.hash = '#/audit';
    expect(leaving.asksFirst()).toBe(true);
    expect(tab.hash).toBe('#/meetings/1/call');
    go!();
    expect(tab.hash).toBe('#/audit');
    expect(leaving.asksFirst()).toBe(false);
  });
  it('asks nothing before and after a call', () => {
    const tab = new Tab();
    const leaving = new Leaving(tab, tab);
    expect(leaving.asksFirst()).toBe(false);
    leaving.guard(() => false);
    tab.at -= 1;
    expect(leaving.asksFirst()).toBe(false);
    expect(tab.hash).toBe('#/meetings/1');
    leaving.guard(null);
    expect(leaving.asksFirst()).toBe(false);
  });
});
