import { catalogue } from '../../lib/i18n/language.svelte.ts';

const en = {
  title: 'Log in',
  lead: 'For staff. Customers come in by the link in their invitation.',
  email: 'E-mail',
  password: 'Password',
  log_in: 'Log in',
  wrong: 'That did not work. E-mail and password do not go together, or the account is switched off.',
  wrong_help: 'Accounts and new passwords come from your administrator.',
  wait: (seconds: number) => `After several tries the log-in waits. You can try again in ${String(seconds)} ${seconds === 1 ? 'second' : 'seconds'}.`,
  missing: 'Fill in both fields.',
  ended: 'You were logged out: the session was over or was ended elsewhere. Log in to go on where you were.',
};

const nl: typeof en = {
  title: 'Aanmelden',
  lead: 'Voor medewerkers. Klanten komen binnen met de link in hun uitnodiging.',
  email: 'E-mailadres',
  password: 'Wachtwoord',
  log_in: 'Aanmelden',
  wrong: 'Dat lukte niet. E-mailadres en wachtwoord horen niet bij elkaar, of het account is uitgezet.',
  wrong_help: 'Accounts en nieuwe wachtwoorden krijgt u van uw beheerder.',
  wait: (seconds) => `Na meer pogingen wacht het aanmelden. U kunt het over ${String(seconds)} ${seconds === 1 ? 'seconde' : 'seconden'} opnieuw proberen.`,
  missing: 'Vul beide velden in.',
  ended: 'U bent afgemeld: de sessie was voorbij of werd elders beëindigd. Meld u aan om verder te gaan waar u was.',
};

export const sessionWords = catalogue(en, nl);
