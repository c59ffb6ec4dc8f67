import { catalogue } from '../../lib/i18n/language.svelte.ts';

const en = {
  product: 'Parlour',
  skip: 'To the content',
  nav: { today: 'Today', waiting: 'Waiting', meetings: 'Meetings', recordings: 'Recordings', audit: 'Audit', types: 'Types', system: 'System' },
  main_navigation: 'Main',
  waiting_count: (count: number) => `${String(count)} waiting`,
  account: 'Account and language',
  log_out: 'Log out',
  roles: { agent: 'Adviser', compliance: 'Compliance officer', administrator: 'Administrator' },
  not_found: { title: 'There is no such page', text: 'The address may be old or mistyped.', back: 'To the start' },
  refused: { title: 'This page is not for your role', text: (role: string) => `You are logged in as: ${role}.` },
  loading: 'Your session is being looked up…',
};

const nl: typeof en = {
  product: 'Parlour',
  skip: 'Naar de inhoud',
  nav: { today: 'Vandaag', waiting: 'Wachtend', meetings: 'Afspraken', recordings: 'Opnamen', audit: 'Logboek', types: 'Soorten', system: 'Systeem' },
  main_navigation: 'Hoofdmenu',
  waiting_count: (count) => `${String(count)} wachtend`,
  account: 'Account en taal',
  log_out: 'Afmelden',
  roles: { agent: 'Adviseur', compliance: 'Compliance officer', administrator: 'Beheerder' },
  not_found: { title: 'Deze pagina bestaat niet', text: 'Het adres is misschien oud of verkeerd getypt.', back: 'Naar het begin' },
  refused: { title: 'Deze pagina is niet voor uw rol', text: (role) => `U bent aangemeld als: ${role}.` },
  loading: 'Uw sessie wordt opgezocht…',
};

export const shellWords = catalogue(en, nl);
