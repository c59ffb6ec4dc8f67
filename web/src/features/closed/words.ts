import { catalogue } from '../../lib/i18n/language.svelte.ts';

const en = {
  unknown: {
    title: 'Not open',
    lines: ['This service is not open now. This page asks it why.'],
    staff: 'For the administrator: the program’s log says why.',
  },
  locked: {
    title: 'Not open yet',
    lines: ['This service is starting and waits for its vault, the part that keeps the keys of recordings and of the log.', 'You need to do nothing: this page goes on by itself when the vault has answered.'],
    staff: 'For the administrator: start parlour-vault. Until it has answered, no meeting can begin and nothing is written.',
  },
  alarm: {
    title: 'Closed',
    lines: ['The audit log of this service is not the one that was signed. Nothing is served until this is explained.', 'If you have an appointment, contact the organisation in another way, on a number that you already had.'],
    staff: 'For the administrator: copy the database and the vault’s state before you touch anything. docs/operating/incident.md says what to do.',
  },
  code: (code: string) => `Code: ${code}`,
};

const nl: typeof en = {
  unknown: {
    title: 'Niet open',
    lines: ['Deze dienst is nu niet open. Deze pagina vraagt waarom.'],
    staff: 'Voor de beheerder: het logbestand van het programma zegt waarom.',
  },
  locked: {
    title: 'Nog niet open',
    lines: ['Deze dienst start en wacht op zijn kluis, het deel dat de sleutels van opnamen en van het logboek bewaart.', 'U hoeft niets te doen: deze pagina gaat vanzelf verder zodra de kluis heeft geantwoord.'],
    staff: 'Voor de beheerder: start parlour-vault. Totdat die heeft geantwoord kan geen gesprek beginnen en wordt niets geschreven.',
  },
  alarm: {
    title: 'Gesloten',
    lines: ['Het logboek van deze dienst is niet het logboek dat ondertekend is. Er wordt niets aangeboden totdat dit verklaard is.', 'Hebt u een afspraak, neem dan op een andere manier contact op met de organisatie, op een nummer dat u al had.'],
    staff: 'Voor de beheerder: kopieer de database en de toestand van de kluis voordat u iets aanraakt. docs/operating/incident.md zegt wat te doen.',
  },
  code: (code) => `Code: ${code}`,
};

export const closedWords = catalogue(en, nl);
