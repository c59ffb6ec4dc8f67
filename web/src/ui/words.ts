import { catalogue } from '../lib/i18n/language.svelte.ts';

const en = {
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  copy_failed: 'Your browser did not allow copying. Select the text and copy it yourself.',
  loading_long: 'This takes longer than usual. Please wait; nothing is lost.',
  loading: 'Loading',
  again: 'Try again',
  reference: (number: string) => `Reference: ${number}`,
  step: (number: number, total: number, name: string) => `Step ${String(number)} of ${String(total)}: ${name}`,
  step_done: 'done',
  steps: 'Steps',
  level: 'Level',
  language: 'Language',
};

const nl: typeof en = {
  close: 'Sluiten',
  copy: 'Kopiëren',
  copied: 'Gekopieerd',
  copy_failed: 'Uw browser stond het kopiëren niet toe. Selecteer de tekst en kopieer zelf.',
  loading_long: 'Dit duurt langer dan gewoonlijk. Even geduld; er gaat niets verloren.',
  loading: 'Laden',
  again: 'Opnieuw proberen',
  reference: (number) => `Kenmerk: ${number}`,
  step: (number, total, name) => `Stap ${String(number)} van ${String(total)}: ${name}`,
  step_done: 'klaar',
  steps: 'Stappen',
  level: 'Niveau',
  language: 'Taal',
};

export const uiWords = catalogue(en, nl);
