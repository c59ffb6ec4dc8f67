import { afterEach, describe, expect, it } from 'vitest';
import { browserLanguage, catalogue, isLang, language, pick } from './language.svelte.ts';

afterEach(() => {
  language.current = 'en';
});

describe('the page language', () => {
  it('is the first of the wanted ones that we have, else English', () => {
    expect(browserLanguage(['fr-FR', 'nl-BE', 'en'])).toBe('nl');
    expect(browserLanguage(['en-US'])).toBe('en');
    expect(browserLanguage(['fr'])).toBe('en');
    expect(browserLanguage([])).toBe('en');
  });
  it('decides which words a catalogue gives', () => {
    const words = catalogue({ hello: 'Hello' }, { hello: 'Hallo' });
    expect(words().hello).toBe('Hello');
    language.current = 'nl';
    expect(words().hello).toBe('Hallo');
    expect(pick({ en: 'one', nl: 'een' })).toBe('een');
  });
  it('accepts no other code', () => {
    expect(isLang('nl')).toBe(true);
    expect(isLang('de')).toBe(false);
    expect(isLang(null)).toBe(false);
  });
});
