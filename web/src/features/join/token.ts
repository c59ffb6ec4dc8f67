// Reads a link, whatever mail and chat programs have done to it. A link is `/j#<token>` or `/j#<token>.<secret>`; token and secret
// are base32 in small letters (a–z, 2–7), so nothing that surrounds them can be taken for a part of them. Links from before that
// (32 characters of base64url, without a secret) go on opening.

import { linkSecretLetters } from '../../protocol/index.ts';

export interface LinkParts {
  readonly token: string;
  /** 128 bits that never leave the browsers of both sides (e2ee.md 5); null: this page has none that it may use. */
  readonly secret: string | null;
  /**
   * The link has a secret, also where this page has it no more (it was reloaded) or may not use it (the address showed it to the
   * server). Then nothing goes on as if there had been none.
   */
  readonly hasSecret: boolean;
}

/**
 * none      there is no link in it
 * cut       a link whose end is missing: of its token, or of its secret
 * damaged   a link, and what stands in its token's place is none
 * several   more than one link
 * elsewhere a link to another address than this page's
 */
export type LinkProblem = 'none' | 'cut' | 'damaged' | 'several' | 'elsewhere';

export type LinkReading = { readonly ok: true; readonly link: LinkParts } | { readonly ok: false; readonly problem: LinkProblem };

const tokenLength = 32;
/** A whole mail may be pasted; a whole book need not be read. Behind a link's beginning, so much is looked at. */
const textLimit = 100_000;
const reach = 600;
const markersLimit = 50;
/** `/j`, then what may stand before the token: a slash, parameters, `#` (or what became of it), the page's own slash. */
const marker = /\/j(?![a-z0-9])\/?(?:\?[^\s#]{0,600})?/gi;

/** Undoes what programs do to a text as a whole: mail encodings, percent encoding, entities, invisible characters. */
function undo(text: string): string {
  let out = text
    .slice(0, textLimit)
    // Quoted-printable (RFC 2045 section 6.7): soft line breaks, "=23" for "#", "=2E" for ".", "=3D" for "=".
    .replace(/=\r?\n/g, '')
    .replace(/=(?=(?:23|2[eE]|3[dD]))(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/&#(?:35|x23);|&num;/gi, '#')
    .replace(/&(?:amp|#38);/gi, '&');
  // Link checkers wrap an address in another one, each time encoded once more.
  for (let turn = 0; turn < 4; turn++) {
    const next = out.replace(/(?:%[0-9a-f]{2})+/gi, unescapeRun);
    if (next === out) break;
    out = next;
  }
  // Zero-width characters, soft hyphens, byte order marks; full-width forms become plain ones.
  return out.replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, '').normalize('NFKC');
}

/** A run of escapes as text; where it is no UTF-8, its ASCII alone. */
function unescapeRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
}

interface Run {
  readonly text: string;
  readonly end: number;
}

/** Exactly `length` letters and digits of base32 at `at`, over line breaks and spaces that a program put into them; null: none. */
function base32Run(text: string, at: number, length: number): Run | null {
  let found = '';
  let end = at;
  while (found.length < length) {
    const piece = /^[a-z2-7]+/i.exec(text.slice(end, end + length - found.length + 1))?.[0] ?? '';
    if (piece === '') return null;
    found += piece;
    end += piece.length;
    if (found.length >= length) break;
    // A wrapped line may begin with the marks of a quoted mail.
    const gap = /^(?:\s+(?:>[> ]*)?)/.exec(text.slice(end, end + 40))?.[0] ?? '';
    if (gap === '') return null;
    end += gap.length;
  }
  if (found.length !== length || /[a-z0-9]/i.test(text.charAt(end))) return null;
  return { text: found, end };
}

const plain = (text: string): string => (text === text.toUpperCase() ? text.toLowerCase() : text);

/** A link's token and secret, or what is wrong with what stands in a secret's place. */
type Parts = { readonly link: LinkParts; readonly end: number } | { readonly link: null; readonly problem: 'cut' | 'damaged'; readonly end: number };

/** A token that ends at `at`, with the secret behind it. */
function withSecret(token: string, text: string, at: number): Parts {
  const dot = /^(?:\s*>?\s*)\./.exec(text.slice(at, at + 10));
  if (dot === null) return { link: { token, secret: null, hasSecret: false }, end: at };
  const from = at + dot[0].length;
  const gap = /^\s+(?:>[> ]*)?/.exec(text.slice(from, from + 10))?.[0].length ?? 0;
  const secret = base32Run(text, from + gap, linkSecretLetters)?.text.toLowerCase() ?? null;
  if (secret !== null) return { link: { token, secret, hasSecret: true }, end: at };
  // A full stop is followed by white space, a bracket, a quotation mark. A letter is the beginning of a secret, whose rest is not there.
  const piece = /^[a-z0-9]*/i.exec(text.slice(from, from + reach))?.[0] ?? '';
  if (piece !== '') return { link: null, problem: piece.length < linkSecretLetters ? 'cut' : 'damaged', end: at };
  // Cut behind the dot, or a full stop behind a link that has none: nothing is taken for granted.
  return { link: { token, secret: null, hasSecret: from >= text.length }, end: at };
}

/** A token that begins at `at`, with its secret. */
function partsAt(text: string, at: number): Parts | null {
  const run = base32Run(text, at, tokenLength);
  if (run !== null) return withSecret(plain(run.text), text, run.end);
  // A link from before: what a program adds behind it may be a character of its own alphabet, so its length decides.
  const old = /^[A-Za-z0-9_-]{32}(?![A-Za-z0-9])/.exec(text.slice(at, at + tokenLength + 1));
  return old === null ? null : { link: { token: old[0], secret: null, hasSecret: false }, end: at + tokenLength };
}

interface Found {
  readonly link: LinkParts | null;
  readonly problem: LinkProblem;
  readonly host: string | null;
}

/** The token behind a marker: at once, behind `#`, or behind parameters that were added in front of it. */
function behind(text: string, at: number): { readonly link: LinkParts | null; readonly problem: LinkProblem } {
  // A marker is followed by its fragment: one piece without white space, and more where a line was wrapped.
  const rest = text.slice(at, at + reach);
  const lead = /^[\s/#<"'(]*/.exec(rest)?.[0].length ?? 0;
  const first = partsAt(text, at + lead);
  if (first !== null) return first.link === null ? first : { link: first.link, problem: 'none' };
  const piece = /^\S*/.exec(rest.slice(lead))?.[0] ?? '';
  // Behind anything that is no part of a token. The old form begins at once or nowhere: its alphabet has separators of its own.
  for (const match of piece.matchAll(/[^a-z0-9]+/gi)) {
    const inside = partsAt(text, at + lead + match.index + match[0].length);
    if (inside !== null && inside.link === null) return inside;
    if (inside !== null && /^[a-z2-7]+$/i.test(inside.link.token)) return { link: inside.link, problem: 'none' };
  }
  const token = /^[A-Za-z0-9_-]*/.exec(piece)?.[0] ?? '';
  if (!/^[/#?]/.test(rest) || token === '') return { link: null, problem: lead > 0 && rest.startsWith('#') ? 'cut' : 'none' };
  return { link: null, problem: token.length < tokenLength ? 'cut' : 'damaged' };
}

/** The host of the address that a marker ends; null when there is none in front of it. */
function hostBefore(text: string, at: number): string | null {
  return /https?:\/\/([^\s/?#<>"']+)$/i.exec(text.slice(Math.max(0, at - 300), at))?.[1]?.toLowerCase() ?? null;
}

/**
 * Reads a pasted text: a link alone, a link with words around it, a whole mail. `host` is this page's own ("bank.example:8443").
 * Nothing in it is sent anywhere.
 */
export function readLink(text: string, host: string | null = null): LinkReading {
  const whole = undo(text);
  const found: Found[] = [];
  for (const match of whole.matchAll(marker)) {
    if (found.length >= markersLimit) break;
    // Parameters in front may hold the token ("/j?token"): they are looked through like the rest.
    const from = match.index + 2;
    const after = behind(whole, match.index + match[0].length);
    const seen = after.link === null ? behind(whole, from) : after;
    found.push({ ...(seen.link === null && after.problem !== 'none' ? after : seen), host: hostBefore(whole, match.index) });
  }
  const here = found.filter((one) => one.link !== null && (host === null || one.host === null || one.host === host.toLowerCase()));
  const tokens = new Map(here.map((one) => [one.link?.token, one.link]));
  if (tokens.size > 1) return { ok: false, problem: 'several' };
  for (const one of here) {
    // The same link may stand in a text twice, once without its secret.
    const fullest = here.find((other) => other.link?.secret != null)?.link ?? one.link;
    if (fullest !== null) return { ok: true, link: fullest };
  }
  if (found.some((one) => one.link !== null)) return { ok: false, problem: 'elsewhere' };
  const worst = found.find((one) => one.problem !== 'none');
  if (worst !== undefined) return { ok: false, problem: worst.problem };
  // The token alone, with or without its "#".
  const bare = /^[\s#<"'(]*/.exec(whole)?.[0].length ?? 0;
  const alone = partsAt(whole, bare);
  if (alone !== null && alone.link === null) return { ok: false, problem: alone.problem };
  if (alone !== null && /^[^a-z0-9]*(?:\.[\sa-z2-7]+[^a-z0-9]*)?$/i.test(whole.slice(alone.end, alone.end + reach))) return { ok: true, link: alone.link };
  return { ok: false, problem: 'none' };
}

/**
 * Reads the page's own address. A secret counts only where the server cannot have seen it: behind the "#". When a program turned
 * that into "%23" or "/", the browser asked the server for the whole of it, and a proof by that secret would prove nothing.
 */
export function readAddress(address: Pick<Location, 'pathname' | 'search' | 'hash' | 'host'>): LinkReading {
  const hidden = readLink(`/j${address.hash}`);
  if (hidden.ok || (hidden.problem !== 'none' && address.hash.length > 1)) return hidden;
  const shown = readLink(`${address.pathname}${address.search}`);
  return shown.ok ? { ok: true, link: { ...shown.link, secret: null } } : shown;
}

/** The whole link again, for another browser; null: this page does not have all of it. */
export function linkText(origin: string, link: LinkParts): string | null {
  if (link.hasSecret && link.secret === null) return null;
  return `${origin}/j#${link.token}${link.secret === null ? '' : `.${link.secret}`}`;
}
