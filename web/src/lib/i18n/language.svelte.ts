// The language of the page. Words live in catalogues beside the feature that shows them: one object per language with the same
// keys, sentences with values as functions. The type of the English object is the type of the Dutch one, so the compiler finds a
// missing key; i18n.test.ts finds an empty or forgotten one.

export type Lang = 'en' | 'nl';

export const languages: readonly { readonly code: Lang; readonly name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'nl', name: 'Nederlands' },
];

export function isLang(value: unknown): value is Lang {
  return value === 'en' || value === 'nl';
}

/** The first of the browser's languages that we have, else English. */
export function browserLanguage(wanted: readonly string[]): Lang {
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split('-')[0];
    if (isLang(primary)) return primary;
  }
  return 'en';
}

class Language {
  #current = $state<Lang>('en');

  get current(): Lang {
    return this.#current;
  }

  set current(lang: Lang) {
    this.#current = lang;
    if (typeof document !== 'undefined') document.documentElement.lang = lang;
  }
}

/** The language of this page; read by every catalogue, so a change shows at once. */
export const language = new Language();

export interface Catalogue<T> {
  readonly en: T;
  readonly nl: T;
  /** The words in the page's language; reactive. */
  (): T;
}

export function catalogue<T extends object>(en: T, nl: NoInfer<T>): Catalogue<T> {
  return Object.assign((): T => (language.current === 'nl' ? nl : en), { en, nl });
}

/** Picks from a text that the server sends in both languages. */
export function pick(text: { readonly en: string; readonly nl: string }): string {
  return language.current === 'nl' ? text.nl : text.en;
}
