import { describe, expect, it } from 'vitest';
import { MasterClock, type Media } from './master_clock.ts';

class FakeMedia implements Media {
  currentTime = 0;
  playbackRate = 1;
  paused = true;
  ready = true;
  play(): void {
    this.paused = false;
  }
  pause(): void {
    this.paused = true;
  }
  /** Goes on for `ms`, at its own pace. */
  run(ms: number, pace = 1): void {
    if (!this.paused && this.ready) this.currentTime += (ms / 1000) * this.playbackRate * pace;
  }
}

function player(tracks: [offset: number, duration: number][], duration = 60_000) {
  const media = tracks.map(() => new FakeMedia());
  const clock = new MasterClock(tracks.map(([offsetMs, durationMs], index) => ({ media: media[index] ?? new FakeMedia(), offsetMs, durationMs })), duration);
  let now = 1000;
  return {
    media,
    clock,
    at: () => clock.position(now),
    now: () => now,
    run(ms: number, paces: number[] = []) {
      for (let left = ms; left > 0; left -= 100) {
        now += 100;
        media.forEach((one, index) => one.run(100, paces[index] ?? 1));
        clock.tick(now);
      }
    },
  };
}

const drift = (one: FakeMedia, offset: number, at: number): number => Math.abs(one.currentTime * 1000 + offset - at);

describe('the clock of the player', () => {
  it('starts every track at its own place', () => {
    const { media, clock, run, now, at } = player([[0, 60_000], [2000, 58_000]]);
    clock.play(now());
    run(1000);
    expect(media[0]?.paused).toBe(false);
    expect(media[1]?.paused).toBe(true);
    run(2000);
    expect(media[1]?.paused).toBe(false);
    expect(at()).toBe(3000);
    expect(drift(media[1]!, 2000, at())).toBeLessThan(60);
  });
  it('holds all when one has to load, and goes on together', () => {
    const { media, clock, run, now, at } = player([[0, 60_000], [0, 60_000]]);
    clock.play(now());
    run(1000);
    media[1]!.ready = false;
    run(100);
    const held = at();
    run(2000);
    expect(clock.state).toBe('buffering');
    expect(at()).toBe(held);
    expect(media[0]?.paused).toBe(true);
    media[1]!.ready = true;
    run(1000);
    expect(clock.state).toBe('playing');
    for (const one of media) expect(drift(one, 0, at())).toBeLessThan(60);
  });
  it('brings a slow track back within 60 ms without a jump', () => {
    const { media, clock, run, now, at } = player([[0, 60_000], [0, 60_000]]);
    clock.play(now());
    run(20_000, [1, 0.99]);
    expect(drift(media[1]!, 0, at())).toBeLessThan(60);
  });
  it('jumps when the drift is large', () => {
    const { media, clock, run, now, at } = player([[0, 60_000]]);
    clock.play(now());
    run(1000);
    media[0]!.currentTime += 3;
    run(100);
    expect(drift(media[0]!, 0, at())).toBeLessThan(120);
  });
  it('seeks all tracks, playing or paused', () => {
    const { media, clock, run, now, at } = player([[0, 60_000], [500, 59_000]]);
    clock.seek(30_000, now());
    expect(media.map((one) => one.currentTime)).toEqual([30, 29.5]);
    expect(clock.state).toBe('paused');
    clock.play(now());
    run(1000);
    clock.seek(10_000, now());
    run(500);
    expect(at()).toBeGreaterThan(10_300);
    expect(drift(media[0]!, 0, at())).toBeLessThan(60);
    expect(drift(media[1]!, 500, at())).toBeLessThan(60);
  });
  it('stays inside the recording and stops at its end', () => {
    const { media, clock, run, now, at } = player([[0, 5000]], 5000);
    clock.seek(99_000, now());
    expect(at()).toBe(5000);
    clock.seek(-5, now());
    expect(at()).toBe(0);
    clock.play(now());
    run(6000);
    expect(clock.state).toBe('paused');
    expect(media[0]?.paused).toBe(true);
    clock.play(now());
    expect(at()).toBe(0);
  });
  it('pauses a track that is over while the others go on', () => {
    const { media, clock, run, now } = player([[0, 60_000], [0, 2000]]);
    clock.play(now());
    run(3000);
    expect(media[0]?.paused).toBe(false);
    expect(media[1]?.paused).toBe(true);
    expect(clock.state).toBe('playing');
  });
});
