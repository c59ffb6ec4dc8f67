import { describe, expect, it } from 'vitest';
import { linkText, readAddress, readLink } from './token.ts';

const token = 'mfrggzdfmztwq2lknnwg23tpobyxe43u';
const secret = 'gezdgnbvgy3tqojqgezdgnbvgy';
const old = 'Ab_dEfghijklmnopqrstuvwxyz-1234_';
const host = 'bank.example:8443';
const link = `https://${host}/j#${token}.${secret}`;
const both = { ok: true, link: { token, secret, hasSecret: true } };
const tokenAlone = { ok: true, link: { token, secret: null, hasSecret: false } };
/** There is, or may be, a secret that this page does not have or may not use. */
const withoutIts = { ok: true, link: { token, secret: null, hasSecret: true } };

/** What people paste: each is the same link after something has been done to it. */
const pasted: Record<string, string> = {
  'as it is': link,
  'a full stop behind it': `${link}.`,
  'a comma': `${link},`,
  'a bracket': `(${link})`,
  'angle brackets': `<${link}>`,
  'double quotes': `"${link}"`,
  'typographic quotes': `„${link}”`,
  'spaces around it': `  ${link}  `,
  'a line break behind it': `${link}\r\n`,
  'words around it': `Dear customer, your link is ${link}, see you on Tuesday.`,
  'a whole mail': `Subject: your appointment\n\nHello,\n\nuse ${link}\n\nhttps://${host}/help\nKind regards`,
  'twice in a mail': `${link}\n\n> ${link}`,
  'markdown': `[Your appointment](${link})`,
  'HTML': `<a href="${link}">${link}</a>`,
  '%23 for #': link.replace('#', '%23'),
  'encoded twice': link.replace('#', '%2523'),
  'encoded whole': encodeURIComponent(link),
  'inside a link checker’s address': `https://checker.example/?url=${encodeURIComponent(link)}&data=05%7C02&sdata=abc`,
  'an entity for #': link.replace('#', '&#35;'),
  'quoted-printable': link.replace('#', '=23').replace('.gez', '=2Egez'),
  'a soft line break': `${link.slice(0, 50)}=\r\n${link.slice(50)}`,
  'a wrapped line': `${link.slice(0, 50)}\n${link.slice(50)}`,
  'a wrapped line of a quoted mail': `${link.slice(0, 70)}\n> ${link.slice(70)}`,
  'a space in it': `${link.slice(0, 45)} ${link.slice(45)}`,
  'parameters in front of #': link.replace('/j#', '/j?utm_source=mail&utm_medium=x#'),
  'parameters behind it': `${link}?utm_source=mail`,
  'more parameters behind it': `${link}&utm_source=mail`,
  'parameters between # and token': link.replace('#', '#utm_source=mail&'),
  'a slash in front of #': link.replace('/j#', '/j/#'),
  'a slash behind #': link.replace('/j#', '/j#/'),
  'invisible characters, encoded': encodeURI(`${link.slice(0, 40)}\u200b${link.slice(40, 60)}\u00ad${link.slice(60)}`),
  'an encoded line break': `${link.slice(0, 40)}%0D%0A${link.slice(40)}`,
  'capitals': link.toUpperCase(),
  'invisible characters': `\u200b${link.slice(0, 40)}\u200b${link.slice(40)}\ufeff`,
  'without https': link.replace('https://', ''),
  'the fragment alone': `#${token}.${secret}`,
  'token and secret alone': `${token}.${secret}`,
};

describe('fault D1: a link is read whatever was done to it', () => {
  for (const [name, text] of Object.entries(pasted)) {
    it(name, () => {
      expect(readLink(text, host)).toEqual(both);
    });
  }
  it('has at least thirty ways', () => {
    expect(Object.keys(pasted).length).toBeGreaterThanOrEqual(30);
  });
  it('without a secret', () => {
    for (const [name, text] of Object.entries(pasted)) {
      const without = text.replaceAll(`.${secret}`, '').replaceAll(`.${secret.toUpperCase()}`, '').replaceAll(`%2E${secret}`, '').replaceAll(`=2E${secret}`, '');
      if (!without.toLowerCase().includes(secret.slice(-6))) expect(readLink(without, host), name).toEqual(name === 'a full stop behind it' ? withoutIts : tokenAlone);
    }
  });
  it('with a secret that is cut off or changed: it says so, and does not open as a link without one', () => {
    for (let length = 1; length < secret.length; length++)
      for (const around of [(text: string) => text, (text: string) => `see ${text}, please`, (text: string) => `<${text}>`, (text: string) => `${text}.`, (text: string) => text.slice(text.indexOf('#'))]) {
        const text = around(`https://${host}/j#${token}.${secret.slice(0, length)}`);
        expect(readLink(text, host), text).toEqual({ ok: false, problem: 'cut' });
      }
    for (const damaged of [`${token}.${secret}a`, `${token}.${secret.slice(0, 25)}1`, `${token}.${secret}${secret}`]) expect(readLink(`https://${host}/j#${damaged}`, host), damaged).toEqual({ ok: false, problem: 'damaged' });
    expect(readLink(`${token}.${secret.slice(0, 9)}`, host)).toEqual({ ok: false, problem: 'cut' });
    // Whole in one place, cut in another: the whole one is taken.
    expect(readLink(`${link.slice(0, -4)}… or ${link}`, host)).toEqual(both);
  });
  it('that ends with the dot: cut there, or a full stop behind it; nobody knows, so it may have a secret', () => {
    expect(readLink(`https://${host}/j#${token}.`, host)).toEqual(withoutIts);
    for (const text of [`Your link is https://${host}/j#${token}. Kind regards`, `(https://${host}/j#${token}.)`]) expect(readLink(text, host), text).toEqual(tokenAlone);
  });
  it('with a line broken at any place', () => {
    for (let at = link.indexOf('#') + 2; at < link.length; at++) expect(readLink(`${link.slice(0, at)}\r\n${link.slice(at)}`, host), String(at)).toEqual(both);
  });
  it('a link from before letters and digits', () => {
    for (const around of [(text: string) => text, (text: string) => `${text}.`, (text: string) => `<${text}>`, (text: string) => `see ${text}, please`, (text: string) => `${text}-`])
      expect(readLink(around(`https://${host}/j#${old}`), host)).toEqual({ ok: true, link: { token: old, secret: null, hasSecret: false } });
  });
});

describe('fault D1: what is no link is named', () => {
  const cases: Record<string, [string, string]> = {
    'nothing': ['', 'none'],
    'words': ['see you on Tuesday at half past two', 'none'],
    'the page alone': [`https://${host}/j`, 'none'],
    'another page': [`https://${host}/console/meetings/4`, 'none'],
    'an empty fragment': [`https://${host}/j#`, 'cut'],
    'a fragment that was cut off': [`https://${host}/j#${token.slice(0, 20)}`, 'cut'],
    'cut off, with words behind it': [`https://${host}/j#${token.slice(0, 20)}… (more)`, 'cut'],
    'too long': [`https://${host}/j#${token}${token}`, 'damaged'],
    'script': [`https://${host}/j#<img src=x onerror=hit()>`, 'cut'],
    'two links': [`${link} and https://${host}/j#${[...token].reverse().join('')}`, 'several'],
    'another house’s link': [link.replace(host, 'other.example'), 'elsewhere'],
    'our page’s name in another house’s address': [`https://other.example/j?url=x#${token}`, 'elsewhere'],
  };
  for (const [name, [text, problem]] of Object.entries(cases)) {
    it(name, () => {
      expect(readLink(text, host)).toEqual({ ok: false, problem });
    });
  }
  it('in bounded time, whatever is pasted', () => {
    const began = performance.now();
    for (const text of ['/j#'.repeat(200_000), 'a'.repeat(1_000_000), `/j#${' \n> '.repeat(100_000)}`, '%25'.repeat(300_000), `/j?${'a='.repeat(300_000)}`]) readLink(text, host);
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});

/** SplitMix32: the same changes in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = z ^ (z >>> 15);
    z = Math.imul(z, 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % below;
  };
}

describe('fault D1: whatever comes', () => {
  it('is a token of one of the two forms or a named problem, never another thing and never an exception', () => {
    const below = random(9);
    const pieces = ['/j', '#', '%23', '.', '\n', '> ', ' ', '?', '&', '=', 'https://', host, token, secret, old, '<', '"', '%', '%0A', '=\r\n', 'a', 'Z', '9', '-', '_', '\u200b', '\ud800', '%E2%80', '&#35;'];
    const problems = new Set<string>();
    let opened = 0;
    for (let turn = 0; turn < 20_000; turn++) {
      let text = turn % 2 === 0 ? link : '';
      for (let change = 0; change < 1 + below(6); change++) {
        const at = below(text.length + 1);
        text = text.slice(0, at) + (pieces[below(pieces.length)] ?? '') + text.slice(at + below(3));
      }
      const reading = readLink(text, host);
      if (reading.ok) {
        opened++;
        expect(reading.link.token, text).toMatch(/^[A-Za-z0-9_-]{32}$/);
        if (reading.link.secret !== null) expect(reading.link.secret, text).toMatch(/^[a-z2-7]{26}$/);
      } else problems.add(reading.problem);
    }
    expect(opened).toBeGreaterThan(1000);
    expect([...problems]).toEqual(expect.arrayContaining(['cut', 'damaged', 'elsewhere', 'none']));
  });
});

describe('fault D1: the page’s own address', () => {
  const at = (rest: string) => {
    const url = new URL(rest, `https://${host}`);
    return readAddress(url);
  };
  it('gives token and secret from behind the #', () => {
    for (const rest of [`/j#${token}.${secret}`, `/j/#${token}.${secret}`, `/j?utm=1#${token}.${secret}`, `/j#/${token}.${secret}.`, `/j#${token}.${secret}%20%3E`, `/j#utm_source=x&${token}.${secret}`, `/j&#35;${token}.${secret}`]) expect(at(rest), rest).toEqual(both);
  });
  it('keeps no secret that the server has been asked for', () => {
    for (const rest of [`/j%23${token}.${secret}`, `/j/${token}.${secret}`, `/j/%23${token}.${secret}`, `/j?${token}.${secret}`, `/j%2523${token}.${secret}`]) expect(at(rest), rest).toEqual(withoutIts);
    for (const rest of [`/J%23${token.toUpperCase()}`, `/j%2523${token}`]) expect(at(rest), rest).toEqual(tokenAlone);
  });
  it('is never one of the page’s own routes', () => {
    for (const rest of ['/j#/check', '/j#/notice', '/j#/wait', '/j#/']) expect(at(rest).ok, rest).toBe(false);
    expect(at('/j')).toEqual({ ok: false, problem: 'none' });
    expect(at('/nothing')).toEqual({ ok: false, problem: 'none' });
  });
  it('can be made again', () => {
    expect(linkText(`https://${host}`, { token, secret, hasSecret: true })).toBe(link);
    expect(linkText(`https://${host}`, { token, secret: null, hasSecret: false })).toBe(`https://${host}/j#${token}`);
    // Never as if that were all of it.
    expect(linkText(`https://${host}`, { token, secret: null, hasSecret: true })).toBeNull();
  });
});
