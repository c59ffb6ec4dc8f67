import { browserLanguage, isLang, language, type Lang } from '../../lib/i18n/language.svelte.ts';

const key = 'parlour.console.language';

/** The language that was chosen on this computer, else the browser's. */
export function startLanguage(): void {
  const stored = localStorage.getItem(key);
  language.current = isLang(stored) ? stored : browserLanguage(navigator.languages);
}

export function keepLanguage(lang: Lang): void {
  localStorage.setItem(key, lang);
}
