import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { random, utf8 } from './bytes';
import { linkSecretLetters } from '../protocol';
import { importLinkSecret, linkMac, readSecret, writeSecret } from './link_secret';

describe('the text of a secret', () => {
  it('is RFC 4648 base32 in small letters, 26 of them, with one spelling', () => {
    // RFC 4648 section 10, as far as it has 16 bytes: built from its own words.
    expect(writeSecret(utf8('foobar'))).toBe('mzxw6ytboi');
    for (let n = 0; n < 50; n++) {
      const secret = random(16);
      const text = writeSecret(secret);
      expect(text).toHaveLength(linkSecretLetters);
      expect(text).toMatch(/^[a-z2-7]{26}$/);
      expect(readSecret(text)).toEqual(secret);
      expect(readSecret(text.toUpperCase())).toBeNull();
      expect(readSecret(`${text}a`)).toBeNull();
      expect(readSecret(text.slice(1))).toBeNull();
      // Left-over bits of the last letter: a second spelling of the same bytes.
      const last = 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(text[25]!);
      expect(readSecret(text.slice(0, 25) + 'abcdefghijklmnopqrstuvwxyz234567'[last | 1]!)).toBeNull();
    }
    for (const bad of ['', '0'.repeat(26), '1'.repeat(26), 'a'.repeat(25) + '='] as const) expect(readSecret(bad)).toBeNull();
  });
});

describe('its proofs', () => {
  it('are HMAC-SHA-256 over label, side and subject', async () => {
    const secret = random(16);
    const subject = random(32);
    for (const side of ['A', 'C'] as const) {
      const mac = await linkMac(await importLinkSecret(secret), side, subject);
      const want = createHmac('sha256', secret).update('Parlour/1 link\0').update(side).update(subject).digest();
      expect(Buffer.from(mac)).toEqual(want);
    }
  });

  it('match the values of the other implementation', async () => {
    // src/e2ee/messages_test.cpp, from Python's hmac.
    const secret = await importLinkSecret(new Uint8Array(16).fill(0x5a));
    const mac = await linkMac(secret, 'A', new Uint8Array(32).fill(0x11));
    expect(Buffer.from(mac).toString('hex')).toBe('36ce2040a251e89630be9439ff7b87ad5780997d54befa7b5d122df04932a9b9');
  });
});
