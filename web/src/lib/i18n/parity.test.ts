import { describe, expect, it } from 'vitest';
import { differences, untranslated } from './parity.ts';

// Every catalogue of the pages, found by its name: `export const …Words = catalogue(en, nl)`.
const modules: Record<string, Record<string, unknown>> = import.meta.glob(['../../**/words.ts', '../problem.ts', '../../features/audit/sentences.ts'], { eager: true });

interface Pair {
  en: object;
  nl: object;
}

const catalogues = Object.entries(modules).flatMap(([file, exported]) =>
  Object.entries(exported).flatMap(([name, value]): [string, Pair][] => (name.endsWith('Words') && typeof value === 'function' ? [[`${file} ${name}`, value as unknown as Pair]] : [])),
);

describe('the catalogues of words', () => {
  it('are all found', () => {
    expect(catalogues.length).toBeGreaterThanOrEqual(12);
  });
  it.each(catalogues)('%s is complete in both languages', (_name, { en, nl }) => {
    expect(differences(en, nl)).toEqual([]);
  });
  // "Compliance officer" is the name of the job in both languages.
  it.each(catalogues)('%s has no sentence left untranslated', (_name, { en, nl }) => {
    expect(untranslated(en, nl).filter((path) => !path.endsWith('.compliance'))).toEqual([]);
  });
  it.each(catalogues)('%s keeps to the tone: no exclamation marks, no dashes for commas', (_name, { en, nl }) => {
    const texts = JSON.stringify([en, nl]);
    expect(texts).not.toMatch(/[!—]/);
  });
});

describe('the comparison itself', () => {
  it('finds what is missing, empty or different', () => {
    expect(differences({ a: 'x', b: { c: 'y' } }, { a: 'x', b: {} })).toEqual(['b.c: missing in Dutch']);
    expect(differences({ a: 'x' }, { a: ' ' })).toEqual(['a: empty']);
    expect(differences({ a: 'x' }, { a: () => 'x' })).toEqual(['a: string in English, function in Dutch']);
    expect(differences({ a: (one: string) => one }, { a: () => '' })).toEqual(['a: takes other values']);
    expect(untranslated({ a: 'two words' }, { a: 'two words' })).toEqual(['a']);
  });
});
