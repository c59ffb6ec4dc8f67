import type { DeviceReport, WaitingEntry } from '../../protocol/index.ts';
import type { waitingWords } from './words.ts';

type Words = ReturnType<typeof waitingWords>;

export interface Fact {
  readonly text: string;
  readonly good: boolean;
}

function word<K extends string>(words: Record<K, string>, value: DeviceReport[keyof DeviceReport], yes: K, no: K): string {
  if (typeof value === 'boolean') return words[value ? yes : no];
  return value in words ? words[value as K] : words[no];
}

/** What is known about somebody who waits, as short facts. */
export function deviceFacts(person: WaitingEntry, words: Words): Fact[] {
  const { camera, microphone, speaker, network } = person.device;
  return [
    { text: words.notice[person.notice], good: person.notice === 'acknowledged' },
    { text: word(words.camera, camera, 'ok', 'none'), good: camera === 'ok' || camera === true },
    { text: word(words.microphone, microphone, 'ok', 'none'), good: microphone === 'ok' || microphone === true },
    { text: word(words.speaker, speaker, 'heard', 'skipped'), good: speaker === 'heard' || speaker === true },
    { text: word(words.network, network, 'good', 'unknown'), good: network === 'good' || network === true },
  ];
}
