import type { WaitingEntry } from '../../protocol/index.ts';
import type { waitingWords } from './words.ts';

type Words = ReturnType<typeof waitingWords>;

export interface Fact {
  readonly text: string;
  readonly good: boolean;
}

function word<K extends string>(words: Record<K, string>, value: string, unknown: K): string {
  return value in words ? words[value as K] : words[unknown];
}

/** What is known about somebody who waits, as short facts. */
export function deviceFacts(person: WaitingEntry, words: Words): Fact[] {
  const { camera, microphone, speaker, network } = person.device;
  return [
    { text: words.notice[person.notice], good: person.notice === 'acknowledged' },
    { text: word(words.camera, camera, 'none'), good: camera === 'ok' },
    { text: word(words.microphone, microphone, 'none'), good: microphone === 'ok' },
    { text: word(words.speaker, speaker, 'skipped'), good: speaker === 'heard' },
    { text: word(words.network, network, 'unknown'), good: network === 'good' },
  ];
}
