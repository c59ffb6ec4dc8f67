import { describe, expect, it } from 'vitest';
import { concat, type Bytes } from '../bytes';
import { OpusPadding, paddingSteps } from './opus_padding';

const toHex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** RFC 6716 3.2 read for itself, strictly (its R1 to R7): the frames of a packet. */
function framesOf(packet: Bytes): string[] {
  if (packet.length === 0) throw new Error('R1');
  const rest = [...packet.slice(1)];
  const take = (n: number): number[] => {
    if (n > rest.length) throw new Error('too short');
    return rest.splice(0, n);
  };
  const length = (): number => {
    const [first] = take(1) as [number];
    return first < 252 ? first : (take(1)[0]!) * 4 + first;
  };
  const hex = (bytes: number[]): string => toHex(new Uint8Array(bytes));
  switch (packet[0]! & 3) {
    case 0:
      return [hex(rest)];
    case 1:
      if (rest.length % 2 !== 0) throw new Error('R3');
      return [hex(take(rest.length / 2)), hex(rest)];
    case 2: {
      const first = take(length());
      return [hex(first), hex(rest)];
    }
    default: {
      const [count] = take(1) as [number];
      const frames = count & 63;
      if (frames === 0 || frames > 48) throw new Error('R5');
      let padding = 0;
      if (count & 64) {
        let more: number;
        do {
          more = take(1)[0]!;
          padding += more === 255 ? 254 : more;
        } while (more === 255);
      }
      const lengths: number[] = [];
      if (count & 128) for (let i = 1; i < frames; i++) lengths.push(length());
      const end = rest.length - padding;
      if (end < 0) throw new Error('R6');
      expect(rest.slice(end).every((byte) => byte === 0), 'padding is zeros').toBe(true);
      rest.length = end;
      if (!(count & 128)) {
        if (rest.length % frames !== 0) throw new Error('R6');
        lengths.push(...new Array<number>(frames - 1).fill(rest.length / frames));
      }
      const out = lengths.map((n) => hex(take(n)));
      return [...out, hex(rest)];
    }
  }
}

const bytes = (...values: number[]): Bytes => new Uint8Array(values);
const filled = (n: number, value = 7): Bytes => new Uint8Array(n).fill(value);

const packets: [string, Bytes][] = [
  ['code 0', concat(bytes(0x78), filled(59))],
  ['code 0, one byte (DTX)', bytes(0x78)],
  ['code 0, silence', bytes(0xf8, 0xff, 0xfe)],
  ['code 1', concat(bytes(0x79), filled(40, 1), filled(40, 2))],
  ['code 1, both empty', bytes(0x79)],
  ['code 2', concat(bytes(0x7a, 10), filled(10, 1), filled(30, 2))],
  ['code 2, first empty', concat(bytes(0x7a, 0), filled(30, 2))],
  ['code 3, constant', concat(bytes(0x7b, 3), filled(30))],
  ['code 3, constant, padded already', concat(bytes(0x7b, 0x43, 5), filled(30), filled(5, 0))],
  ['code 3, variable', concat(bytes(0x7b, 0x83, 4, 6), filled(4, 1), filled(6, 2), filled(20, 3))],
  ['code 3, variable, padded already', concat(bytes(0x7b, 0xc3, 9, 4, 6), filled(4, 1), filled(6, 2), filled(20, 3), filled(9, 0))],
  ['code 3, one frame', concat(bytes(0x7b, 1), filled(8))],
];

describe('fault I2: the length of a sound frame says nothing', () => {
  it.each(packets)('%s: same frames, one length', (_, packet) => {
    for (const extra of [0, 1, 6]) {
      const padded = new OpusPadding().pad(packet, extra);
      expect(padded.length).toBe(paddingSteps[0] + extra);
      expect(padded[0]! | 3, 'the configuration stays').toBe(packet[0]! | 3);
      expect(framesOf(padded)).toEqual(framesOf(packet));
    }
  });

  it('every length from 1 byte to the largest step fits exactly, lengths of two bytes included', () => {
    for (let n = 0; n <= 1022; n++) {
      const packet = concat(bytes(0x78), filled(n));
      const padded = new OpusPadding().pad(packet);
      expect(paddingSteps).toContain(padded.length);
      expect(framesOf(padded)).toEqual(framesOf(packet));
    }
    const two = concat(bytes(0x7a, 252, 40), filled(252 + 160, 1), filled(300, 2));
    const padded = new OpusPadding().pad(two);
    expect(padded.length).toBe(1024);
    expect(framesOf(padded)).toEqual(framesOf(two));
  });

  it('what a variable rate makes of speech has one length, and a larger packet moves it once and for all', () => {
    const padding = new OpusPadding();
    const lengths = new Set<number>();
    for (let i = 0; i < 500; i++) lengths.add(padding.pad(concat(bytes(0x78), filled(2 + ((i * 37) % 94)))).length);
    expect([...lengths]).toEqual([128]);
    expect(padding.pad(concat(bytes(0x78), filled(200))).length).toBe(256);
    expect(padding.pad(bytes(0x78)).length).toBe(256);
    expect(padding.target).toBe(256);
  });

  it('what is no Opus packet, or too large for a datagram, becomes silence of the same length', () => {
    const broken: [string, Bytes][] = [
      ['nothing', bytes()],
      ['code 1, odd', bytes(0x79, 1, 2, 3)],
      ['code 2, no length', bytes(0x7a)],
      ['code 2, half a length', bytes(0x7a, 253)],
      ['code 2, first longer than all', bytes(0x7a, 9, 1, 2)],
      ['code 3, no count', bytes(0x7b)],
      ['code 3, no frames', bytes(0x7b, 0, 1)],
      ['code 3, too many frames', concat(bytes(0x7b, 49), filled(49))],
      ['code 3, padding without end', bytes(0x7b, 0x41, 255, 255)],
      ['code 3, more padding than packet', bytes(0x7b, 0x41, 9, 1, 2)],
      ['code 3, constant, not even', bytes(0x7b, 2, 1, 2, 3)],
      ['code 3, variable, no lengths', bytes(0x7b, 0x83)],
      ['code 3, variable, longer than all', bytes(0x7b, 0x82, 9, 1, 2)],
      ['too large', filled(1276, 0x78)],
    ];
    for (const [what, packet] of broken) {
      const padding = new OpusPadding();
      const padded = padding.pad(packet);
      expect(padded.length, what).toBe(128);
      expect(framesOf(padded), what).toEqual(['fffe']);
      expect(padding.target, what).toBe(128);
    }
  });

  it('ten thousand packets of random bytes: always a legal packet of one of the lengths', () => {
    let state = 9;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    for (let i = 0; i < 10_000; i++) {
      const packet = new Uint8Array(Math.floor(random() * 300)).map(() => Math.floor(random() * 256));
      const padded = new OpusPadding().pad(packet, i % 7);
      expect(paddingSteps.map((step) => step + (i % 7))).toContain(padded.length);
      expect(() => framesOf(padded)).not.toThrow();
    }
  });
});
