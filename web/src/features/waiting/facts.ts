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

/** The server's own fact goes before what the page measured: a page that says "good" passes no picture. */
function networkFact(person: WaitingEntry, words: Words): Fact {
  const { network } = person.device;
  if (person.path !== 'up') return { text: words.path[person.path], good: false };
  if (network !== 'good' && network !== 'fair' && network !== 'poor') return { text: words.path.up, good: true };
  return { text: words.network[network], good: network === 'good' };
}

/** What is known about somebody who waits, as short facts. */
export function deviceFacts(person: WaitingEntry, words: Words): Fact[] {
  const { camera, microphone, speaker } = person.device;
  return [
    { text: words.notice[person.notice], good: person.notice === 'acknowledged' },
    { text: word(words.camera, camera, 'none'), good: camera === 'ok' },
    { text: word(words.microphone, microphone, 'none'), good: microphone === 'ok' },
    { text: word(words.speaker, speaker, 'skipped'), good: speaker === 'heard' },
    networkFact(person, words),
  ];
}
