import { describe, expect, it } from 'vitest';
import type { WaitingEntry } from '../../protocol/index.ts';
import { deviceFacts } from './facts.ts';
import { waitingWords } from './words.ts';

const words = waitingWords();
const person = (path: WaitingEntry['path'], network: string): WaitingEntry => ({
  meeting: 'm', participant: 'p', name: 'C. Customer', type_title: 't', since: 0, notice: 'acknowledged', device: { camera: 'ok', microphone: 'ok', speaker: 'heard', network }, hello: null, ready: true, second_device: false, away_since: null, path,
});
const network = (path: WaitingEntry['path'], said: string) => deviceFacts(person(path, said), words).at(-1);

describe('fault B4: what the adviser reads before admitting', () => {
  it('is the transport’s fact before the page’s word', () => {
    expect(network('none', 'good')).toEqual({ text: words.path.none, good: false });
    expect(network('pending', 'good')).toEqual({ text: words.path.pending, good: false });
    expect(network('up', 'good')).toEqual({ text: words.network.good, good: true });
    expect(network('up', 'poor')).toEqual({ text: words.network.poor, good: false });
    // Measured before the network was changed, or not at all.
    for (const said of ['none', 'unknown', 'something else']) expect(network('up', said)).toEqual({ text: words.path.up, good: true });
  });
});
