// What went wrong, in words: what happened, what it means for you, what to do, and the number to quote.

import { catalogue } from './i18n/language.svelte.ts';
import type { ApiError } from './http.ts';

export interface Explained {
  readonly what: string;
  readonly means: string;
  readonly todo: string;
  readonly reference: string | null;
  /** Another try can help. */
  readonly again: boolean;
}

/** Who reads it: what helps staff is not what helps a customer. */
export type Reader = 'staff' | 'customer';

interface Words {
  readonly what: string;
  readonly means: string;
  readonly todo: string;
}

const en = {
  offline: { what: 'No connection to the server.', means: 'Nothing was changed.', todo: 'Check your network, then try again.' },
  timeout: { what: 'The server did not answer in time.', means: 'We do not know whether it was done.', todo: 'Wait a moment, then look again before you repeat it.' },
  unreadable: { what: 'The server gave an answer that this page does not understand.', means: 'We do not know whether it was done.', todo: 'Reload the page. If it stays, tell your administrator.' },
  s400: { what: 'The server did not accept what was sent.', means: 'Nothing was changed.', todo: 'Check what you filled in.' },
  s401: { what: 'You are not logged in any more.', means: 'Nothing was changed.', todo: 'Log in again; you come back to this page.' },
  s403: { what: 'You may not do this.', means: 'Nothing was changed.', todo: 'Ask somebody who may.' },
  s404: { what: 'This is not there.', means: 'It never was, it is gone, or you may not see it.', todo: 'Go back to the list and look there.' },
  s409: { what: 'It has changed in the meantime.', means: 'What you asked no longer fits, so nothing was done.', todo: 'Look at the newest state, then decide again.' },
  s429: { what: 'Too many tries.', means: 'The server waits before it answers this again.', todo: 'Wait, then try once more.' },
  s500: { what: 'The server could not do it.', means: 'Nothing was changed as far as the server can tell.', todo: 'Try again. If it stays, give your administrator the reference.' },
  s503: { what: 'A part of the installation is not available.', means: 'What you asked was not done.', todo: 'Try again in a minute. If it stays, give your administrator the reference.' },
  codes: {
    'vault.unavailable': { what: 'The vault does not answer or refused.', means: 'Recordings can be neither opened nor proven now. Nothing is lost.', todo: 'Try again in a minute. If it stays, tell your administrator.' },
    'vault.down': { what: 'The vault does not answer.', means: 'Recordings can be neither opened nor started now. Nothing is lost.', todo: 'Try again in a minute. If it stays, tell your administrator.' },
    'vault.unreachable': { what: 'The server is not open yet.', means: 'It waits for its vault. Nothing was changed.', todo: 'Try again in a minute. If it stays, tell your administrator.' },
    'head.rollback': { what: 'The audit log was rolled back.', means: 'It is not the log that was signed, so nothing is served.', todo: 'Tell your administrator and your compliance officer now.' },
    'head.fork': { what: 'The audit log was rewritten.', means: 'It is not the log that was signed, so nothing is served.', todo: 'Tell your administrator and your compliance officer now.' },
    'head.signature': { what: 'The audit log’s newest head has a wrong signature.', means: 'It is not the log that was signed, so nothing is served.', todo: 'Tell your administrator and your compliance officer now.' },
    'recorder.down': { what: 'The recorder is not available.', means: 'This conversation must be recorded, so it can’t begin now.', todo: 'Try again in a minute, or agree on another time.' },
    'recording.not_ready': { what: 'This recording has not been rebuilt and checked yet.', means: 'It can be played when that is done.', todo: 'Come back in a few minutes.' },
    'recording.differs': { what: 'What is stored of this recording does not agree with the log.', means: 'Nothing of it is opened.', todo: 'Tell your administrator and your compliance officer now.' },
    'playback.many': { what: 'You have too many recordings open.', means: 'This one was not opened.', todo: 'Close some of them, in other windows too, then ask again.' },
    'recording.shredded': { what: 'The key of this recording is not there.', means: 'Without it this program opens none of its copies.', todo: 'No command of this program takes a key away: ask your administrator what happened.' },
    'audit.no_head': { what: 'The log has no signed head yet.', means: 'A proof needs one.', todo: 'Try again in a minute.' },
    'meeting.cancelled': { what: 'This meeting was cancelled.', means: 'It will not take place.', todo: 'Schedule a new one if it is still wanted.' },
    'meeting.ended': { what: 'This meeting is over.', means: 'Nobody can enter it any more.', todo: 'Schedule a new one if it is still wanted.' },
    'meeting.over': { what: 'This meeting is over.', means: 'Nobody can enter it any more.', todo: 'Schedule a new one if it is still wanted.' },
    'meeting.expired': { what: 'The time of this meeting is over.', means: 'Nobody can enter it any more.', todo: 'Schedule a new one if it is still wanted.' },
    'meeting.full': { what: 'The meeting is full.', means: 'Its type allows no more people or pages.', todo: 'Close other pages that have this meeting open, then try again.' },
    'meeting.live': { what: 'The meeting is running.', means: 'It can be ended, not cancelled.', todo: 'Enter it to end it.' },
    'takeover.present': { what: 'Another browser of yours is in this call.', means: 'Nobody takes over inside a call: the other side would not know who is speaking.', todo: 'Leave the call there, then go on here.' },
    'page.outdated': { what: 'This page was loaded before an upgrade.', means: 'You have not entered the meeting.', todo: 'Reload the page, then go on.' },
    'link.proof_wrong': { what: 'The proof in this person’s link is not the one that this browser made.', means: 'Nobody was let in. Either a newer link was made in another browser, or somebody has put themselves between you.', todo: 'Make a new link for this meeting in this browser, send it, and let in who comes by it.' },
    'participant.not_waiting': { what: 'This person is no longer in the waiting room.', means: 'Nothing was changed.', todo: 'Look at the list again.' },
    'participant.away': { what: 'This person’s page has no connection at the moment.', means: 'Nobody was let in.', todo: 'Wait until the list shows the page as back, then admit.' },
    'rate.exceeded': { what: 'That was too often in a short time.', means: 'Nothing was changed.', todo: 'Wait a moment, then try again.' },
    'entry.late': { what: 'The time to enter this meeting is over.', means: 'Nobody can enter it any more.', todo: 'Schedule a new one if it is still wanted.' },
    'policy.missing': { what: 'The organisation’s signed rules do not list this type yet.', means: 'Meetings of this type can’t begin.', todo: 'Tell your administrator: the policy has to be signed.' },
    'csrf': { what: 'This page is no longer up to date.', means: 'Nothing was changed.', todo: 'Reload the page, then do it again.' },
    'busy': { what: 'The server is busy.', means: 'Nothing was changed.', todo: 'Try again in a moment.' },
    'notice.missing': { what: 'This person has not acknowledged the text yet.', means: 'Nobody was let in.', todo: 'Wait until the list shows it, then admit.' },
    'device.missing': { what: 'This person has not done the device check.', means: 'Nobody was let in.', todo: 'Wait until the list shows it, then admit.' },
  } as Record<string, Words>,
  /** Where the customer reads other words than staff. */
  customer: {
    unreadable: { what: 'The server gave an answer that this page does not understand.', means: 'We do not know whether it was done.', todo: 'Reload the page. If it stays, contact us.' },
    s401: { what: 'This page is no longer let in by your link.', means: 'Nothing was changed.', todo: 'Open the newest link that you have.' },
    s403: { what: 'This can’t be done from here.', means: 'Nothing was changed.', todo: 'Contact us if you need it.' },
    s404: { what: 'This is not there.', means: 'It never was, or it is gone.', todo: 'Open the newest link that you have.' },
    s409: { what: 'It has changed in the meantime.', means: 'What you asked no longer fits, so nothing was done.', todo: 'Look at the page again, then decide.' },
    s500: { what: 'The server could not do it.', means: 'Nothing was changed as far as the server can tell.', todo: 'Try again. If it stays, contact us and give the reference.' },
    s503: { what: 'A part of this service does not answer.', means: 'What you asked was not done.', todo: 'Try again in a minute. If it stays, contact us.' },
    'vault.unavailable': { what: 'A part of this service does not answer.', means: 'What you asked was not done.', todo: 'Try again in a minute. If it stays, contact us.' },
    'vault.down': { what: 'A part of this service does not answer.', means: 'What you asked was not done.', todo: 'Try again in a minute. If it stays, contact us.' },
    'vault.unreachable': { what: 'The server is not open yet.', means: 'Nothing was changed.', todo: 'Try again in a minute. If it stays, contact us.' },
    'head.rollback': { what: 'This service is closed at the moment.', means: 'Nothing was changed.', todo: 'Contact us by a number or an address that you have.' },
    'head.fork': { what: 'This service is closed at the moment.', means: 'Nothing was changed.', todo: 'Contact us by a number or an address that you have.' },
    'head.signature': { what: 'This service is closed at the moment.', means: 'Nothing was changed.', todo: 'Contact us by a number or an address that you have.' },
    'recorder.down': { what: 'This conversation must be recorded, and that does not work at the moment.', means: 'It can’t begin now.', todo: 'Try again in a minute, or contact us for another time.' },
    'meeting.cancelled': { what: 'This appointment was cancelled.', means: 'It will not take place.', todo: 'Contact us for another time.' },
    'meeting.ended': { what: 'This meeting is over.', means: 'Nobody can enter it any more.', todo: 'Contact us for another time.' },
    'meeting.over': { what: 'This meeting is over.', means: 'Nobody can enter it any more.', todo: 'Contact us for another time.' },
    'meeting.expired': { what: 'The time of this appointment is over.', means: 'Nobody can enter it any more.', todo: 'Contact us for another time.' },
    'meeting.full': { what: 'The meeting is full.', means: 'No more people or pages can come in.', todo: 'Close other pages that have this meeting open, then try again.' },
    'entry.late': { what: 'The time to come in is over.', means: 'Nobody can enter any more.', todo: 'Contact us for another time.' },
    'policy.missing': { what: 'This meeting can’t begin yet.', means: 'The rules for it are not signed.', todo: 'Contact us.' },
    'rate.exceeded': { what: 'That was too often in a short time.', means: 'Nothing was changed.', todo: 'Wait a moment, then try again.' },
    'waiting.elsewhere': { what: 'Somebody is waiting with this link on another device.', means: 'Only one device can wait. The other one keeps its place until you go on here.', todo: 'If that is you, wait here instead. If you don’t know who it is, contact us before you go on.' },
    'notice.changed': { what: 'The text has changed in the meantime.', means: 'What you agreed to see is not what is in force.', todo: 'Read the new text, then continue.' },
    'notice.missing': { what: 'The text before the conversation has not been acknowledged.', means: 'The waiting room opens after that.', todo: 'Read it, then continue.' },
    'device.missing': { what: 'The device check has not been done.', means: 'The waiting room opens after that.', todo: 'Do the check, then continue.' },
    'entry.early': { what: 'The meeting is not open yet.', means: 'Nobody can enter it now.', todo: 'Come back when its door opens.' },
  } as Record<string, Words>,
  whoCould: (roles: string) => `Who may: ${roles}.`,
  wait: (seconds: number) => `Wait ${String(seconds)} ${seconds === 1 ? 'second' : 'seconds'}, then try once more.`,
  roles: { agent: 'advisers', compliance: 'compliance officers', administrator: 'administrators' } as Record<string, string>,
};

const nl: typeof en = {
  offline: { what: 'Geen verbinding met de server.', means: 'Er is niets veranderd.', todo: 'Controleer uw netwerk en probeer het opnieuw.' },
  timeout: { what: 'De server antwoordde niet op tijd.', means: 'Wij weten niet of het gedaan is.', todo: 'Wacht even en kijk eerst opnieuw voordat u het herhaalt.' },
  unreadable: { what: 'De server gaf een antwoord dat deze pagina niet begrijpt.', means: 'Wij weten niet of het gedaan is.', todo: 'Laad de pagina opnieuw. Blijft het zo, meld het dan aan uw beheerder.' },
  s400: { what: 'De server nam niet aan wat er verstuurd werd.', means: 'Er is niets veranderd.', todo: 'Controleer wat u hebt ingevuld.' },
  s401: { what: 'U bent niet meer aangemeld.', means: 'Er is niets veranderd.', todo: 'Meld u opnieuw aan; u komt terug op deze pagina.' },
  s403: { what: 'U mag dit niet doen.', means: 'Er is niets veranderd.', todo: 'Vraag het iemand die het wel mag.' },
  s404: { what: 'Dit is er niet.', means: 'Het was er nooit, het is weg, of u mag het niet zien.', todo: 'Ga terug naar de lijst en kijk daar.' },
  s409: { what: 'Het is intussen veranderd.', means: 'Wat u vroeg past niet meer, dus er is niets gedaan.', todo: 'Bekijk de nieuwste stand en beslis dan opnieuw.' },
  s429: { what: 'Te veel pogingen.', means: 'De server wacht voordat hij hier weer op antwoordt.', todo: 'Wacht en probeer het dan nog een keer.' },
  s500: { what: 'De server kon het niet doen.', means: 'Er is niets veranderd, voor zover de server weet.', todo: 'Probeer het opnieuw. Blijft het zo, geef uw beheerder dan het kenmerk.' },
  s503: { what: 'Een deel van de installatie is niet beschikbaar.', means: 'Wat u vroeg is niet gedaan.', todo: 'Probeer het over een minuut opnieuw. Blijft het zo, geef uw beheerder dan het kenmerk.' },
  codes: {
    'vault.unavailable': { what: 'De kluis antwoordt niet of weigerde.', means: 'Opnamen kunnen nu niet geopend en niet bewezen worden. Er gaat niets verloren.', todo: 'Probeer het over een minuut opnieuw. Blijft het zo, meld het dan aan uw beheerder.' },
    'vault.down': { what: 'De kluis antwoordt niet.', means: 'Opnamen kunnen nu niet geopend en niet gestart worden. Er gaat niets verloren.', todo: 'Probeer het over een minuut opnieuw. Blijft het zo, meld het dan aan uw beheerder.' },
    'vault.unreachable': { what: 'De server is nog niet open.', means: 'Hij wacht op zijn kluis. Er is niets veranderd.', todo: 'Probeer het over een minuut opnieuw. Blijft het zo, meld het dan aan uw beheerder.' },
    'head.rollback': { what: 'Het logboek is teruggezet.', means: 'Het is niet het logboek dat ondertekend is, dus er wordt niets aangeboden.', todo: 'Meld het nu aan uw beheerder en uw compliance officer.' },
    'head.fork': { what: 'Het logboek is herschreven.', means: 'Het is niet het logboek dat ondertekend is, dus er wordt niets aangeboden.', todo: 'Meld het nu aan uw beheerder en uw compliance officer.' },
    'head.signature': { what: 'De nieuwste kop van het logboek heeft een verkeerde handtekening.', means: 'Het is niet het logboek dat ondertekend is, dus er wordt niets aangeboden.', todo: 'Meld het nu aan uw beheerder en uw compliance officer.' },
    'recorder.down': { what: 'De recorder is niet beschikbaar.', means: 'Dit gesprek moet worden opgenomen en kan nu dus niet beginnen.', todo: 'Probeer het over een minuut opnieuw, of spreek een andere tijd af.' },
    'recording.not_ready': { what: 'Deze opname is nog niet opgebouwd en gecontroleerd.', means: 'Zij kan afgespeeld worden zodra dat gedaan is.', todo: 'Kom over een paar minuten terug.' },
    'recording.differs': { what: 'Wat van deze opname is opgeslagen, komt niet overeen met het logboek.', means: 'Er gaat niets van open.', todo: 'Meld het nu aan uw beheerder en uw compliance officer.' },
    'playback.many': { what: 'U hebt te veel opnamen open.', means: 'Deze is niet geopend.', todo: 'Sluit er enkele, ook in andere vensters, en vraag het dan opnieuw.' },
    'recording.shredded': { what: 'De sleutel van deze opname is er niet.', means: 'Zonder die sleutel opent dit programma geen enkele kopie.', todo: 'Geen opdracht van dit programma verwijdert een sleutel: vraag uw beheerder wat er gebeurd is.' },
    'audit.no_head': { what: 'Het logboek heeft nog geen ondertekende kop.', means: 'Een bewijs heeft er een nodig.', todo: 'Probeer het over een minuut opnieuw.' },
    'meeting.cancelled': { what: 'Deze afspraak is afgezegd.', means: 'Zij gaat niet door.', todo: 'Plan een nieuwe als dat nog gewenst is.' },
    'meeting.ended': { what: 'Deze afspraak is voorbij.', means: 'Niemand kan er nog in.', todo: 'Plan een nieuwe als dat nog gewenst is.' },
    'meeting.over': { what: 'Deze afspraak is voorbij.', means: 'Niemand kan er nog in.', todo: 'Plan een nieuwe als dat nog gewenst is.' },
    'meeting.expired': { what: 'De tijd van deze afspraak is voorbij.', means: 'Niemand kan er nog in.', todo: 'Plan een nieuwe als dat nog gewenst is.' },
    'meeting.full': { what: 'Het gesprek is vol.', means: 'De soort laat niet meer mensen of pagina’s toe.', todo: 'Sluit andere pagina’s waarin dit gesprek open is en probeer het opnieuw.' },
    'meeting.live': { what: 'Het gesprek loopt.', means: 'Het kan beëindigd worden, niet afgezegd.', todo: 'Ga naar binnen om het te beëindigen.' },
    'takeover.present': { what: 'U bent in een andere browser in dit gesprek.', means: 'Binnen een gesprek neemt niemand het over: de ander zou niet weten wie er spreekt.', todo: 'Verlaat het gesprek daar en ga dan hier verder.' },
    'page.outdated': { what: 'Deze pagina is van vóór een nieuwe versie.', means: 'U bent niet in de afspraak gekomen.', todo: 'Laad de pagina opnieuw en ga dan verder.' },
    'link.proof_wrong': { what: 'Het bewijs in de link van deze persoon is niet door deze browser gemaakt.', means: 'Er is niemand binnengelaten. Er is in een andere browser een nieuwere link gemaakt, of iemand zit ertussen.', todo: 'Maak in deze browser een nieuwe link voor deze afspraak, stuur hem, en laat binnen wie daarmee komt.' },
    'participant.not_waiting': { what: 'Deze persoon is niet meer in de wachtkamer.', means: 'Er is niets veranderd.', todo: 'Kijk opnieuw in de lijst.' },
    'participant.away': { what: 'De pagina van deze persoon heeft nu geen verbinding.', means: 'Er is niemand binnengelaten.', todo: 'Wacht tot de pagina in de lijst terug is en laat dan binnen.' },
    'rate.exceeded': { what: 'Dat was te vaak in korte tijd.', means: 'Er is niets veranderd.', todo: 'Wacht even en probeer het opnieuw.' },
    'entry.late': { what: 'De tijd om binnen te komen is voorbij.', means: 'Niemand kan er nog in.', todo: 'Plan een nieuwe als dat nog gewenst is.' },
    'policy.missing': { what: 'De ondertekende regels van de organisatie noemen deze soort nog niet.', means: 'Gesprekken van deze soort kunnen niet beginnen.', todo: 'Meld het uw beheerder: de regels moeten ondertekend worden.' },
    'csrf': { what: 'Deze pagina is niet meer bij de tijd.', means: 'Er is niets veranderd.', todo: 'Laad de pagina opnieuw en doe het nog eens.' },
    'busy': { what: 'De server heeft het druk.', means: 'Er is niets veranderd.', todo: 'Probeer het zo meteen opnieuw.' },
    'notice.missing': { what: 'Deze persoon heeft de tekst nog niet bevestigd.', means: 'Er is niemand binnengelaten.', todo: 'Wacht tot de lijst het toont en laat dan binnen.' },
    'device.missing': { what: 'Deze persoon heeft de apparaten nog niet gecontroleerd.', means: 'Er is niemand binnengelaten.', todo: 'Wacht tot de lijst het toont en laat dan binnen.' },
  },
  customer: {
    unreadable: { what: 'De server gaf een antwoord dat deze pagina niet begrijpt.', means: 'Wij weten niet of het gedaan is.', todo: 'Laad de pagina opnieuw. Blijft het zo, neem dan contact met ons op.' },
    s401: { what: 'Deze pagina wordt met uw link niet meer binnengelaten.', means: 'Er is niets veranderd.', todo: 'Open de nieuwste link die u hebt.' },
    s403: { what: 'Dit kan hier niet gedaan worden.', means: 'Er is niets veranderd.', todo: 'Neem contact met ons op als u het nodig hebt.' },
    s404: { what: 'Dit is er niet.', means: 'Het was er nooit, of het is weg.', todo: 'Open de nieuwste link die u hebt.' },
    s409: { what: 'Het is intussen veranderd.', means: 'Wat u vroeg past niet meer, dus er is niets gedaan.', todo: 'Bekijk de pagina opnieuw en beslis dan.' },
    s500: { what: 'De server kon het niet doen.', means: 'Er is niets veranderd, voor zover de server weet.', todo: 'Probeer het opnieuw. Blijft het zo, neem dan contact met ons op en geef het kenmerk.' },
    s503: { what: 'Een deel van deze dienst antwoordt niet.', means: 'Wat u vroeg is niet gedaan.', todo: 'Probeer het over een minuut opnieuw. Blijft het zo, neem dan contact met ons op.' },
    'vault.unavailable': { what: 'Een deel van deze dienst antwoordt niet.', means: 'Wat u vroeg is niet gedaan.', todo: 'Probeer het over een minuut opnieuw. Blijft het zo, neem dan contact met ons op.' },
    'vault.down': { what: 'Een deel van deze dienst antwoordt niet.', means: 'Wat u vroeg is niet gedaan.', todo: 'Probeer het over een minuut opnieuw. Blijft het zo, neem dan contact met ons op.' },
    'vault.unreachable': { what: 'De server is nog niet open.', means: 'Er is niets veranderd.', todo: 'Probeer het over een minuut opnieuw. Blijft het zo, neem dan contact met ons op.' },
    'head.rollback': { what: 'Deze dienst is op dit moment gesloten.', means: 'Er is niets veranderd.', todo: 'Neem contact met ons op met een nummer of adres dat u hebt.' },
    'head.fork': { what: 'Deze dienst is op dit moment gesloten.', means: 'Er is niets veranderd.', todo: 'Neem contact met ons op met een nummer of adres dat u hebt.' },
    'head.signature': { what: 'Deze dienst is op dit moment gesloten.', means: 'Er is niets veranderd.', todo: 'Neem contact met ons op met een nummer of adres dat u hebt.' },
    'recorder.down': { what: 'Dit gesprek moet worden opgenomen, en dat lukt op dit moment niet.', means: 'Het kan nu niet beginnen.', todo: 'Probeer het over een minuut opnieuw, of neem contact op voor een andere tijd.' },
    'meeting.cancelled': { what: 'Deze afspraak is afgezegd.', means: 'Zij gaat niet door.', todo: 'Neem contact op voor een andere tijd.' },
    'meeting.ended': { what: 'Deze afspraak is voorbij.', means: 'Niemand kan er nog in.', todo: 'Neem contact op voor een andere tijd.' },
    'meeting.over': { what: 'Deze afspraak is voorbij.', means: 'Niemand kan er nog in.', todo: 'Neem contact op voor een andere tijd.' },
    'meeting.expired': { what: 'De tijd van deze afspraak is voorbij.', means: 'Niemand kan er nog in.', todo: 'Neem contact op voor een andere tijd.' },
    'meeting.full': { what: 'Het gesprek is vol.', means: 'Er kunnen niet meer mensen of pagina’s bij.', todo: 'Sluit andere pagina’s waarin dit gesprek open is en probeer het opnieuw.' },
    'entry.late': { what: 'De tijd om binnen te komen is voorbij.', means: 'Niemand kan er nog in.', todo: 'Neem contact op voor een andere tijd.' },
    'policy.missing': { what: 'Dit gesprek kan nog niet beginnen.', means: 'De regels ervoor zijn niet ondertekend.', todo: 'Neem contact met ons op.' },
    'rate.exceeded': { what: 'Dat was te vaak in korte tijd.', means: 'Er is niets veranderd.', todo: 'Wacht even en probeer het opnieuw.' },
    'waiting.elsewhere': { what: 'Iemand wacht met deze link op een ander apparaat.', means: 'Er kan één apparaat wachten. Het andere houdt zijn plaats tot u hier verdergaat.', todo: 'Bent u dat, wacht dan hier. Weet u niet wie het is, neem dan contact met ons op voordat u verdergaat.' },
    'notice.changed': { what: 'De tekst is intussen veranderd.', means: 'Wat u gezien hebt is niet wat nu geldt.', todo: 'Lees de nieuwe tekst en ga dan verder.' },
    'notice.missing': { what: 'De tekst voor het gesprek is nog niet bevestigd.', means: 'De wachtkamer gaat daarna open.', todo: 'Lees haar en ga dan verder.' },
    'device.missing': { what: 'De apparaten zijn nog niet gecontroleerd.', means: 'De wachtkamer gaat daarna open.', todo: 'Doe de controle en ga dan verder.' },
    'entry.early': { what: 'Het gesprek is nog niet open.', means: 'Niemand kan er nu in.', todo: 'Kom terug als de deur opengaat.' },
  },
  whoCould: (roles) => `Wie het mag: ${roles}.`,
  wait: (seconds) => `Wacht ${String(seconds)} ${seconds === 1 ? 'seconde' : 'seconden'} en probeer het dan nog een keer.`,
  roles: { agent: 'adviseurs', compliance: 'compliance officers', administrator: 'beheerders' },
};

export const problemWords = catalogue(en, nl);

/** Our own words for what we know; the server's sentence where it says more than a status. */
export function explain(error: ApiError, reader: Reader = 'staff'): Explained {
  const words = problemWords();
  const said = (name: 's400' | 's401' | 's403' | 's404' | 's409' | 's429' | 's500' | 's503' | 'unreadable'): Words => (reader === 'customer' ? own(words.customer, name) : undefined) ?? words[name];
  const reference = error.problem?.reference ?? null;
  const known = knownCode(error.code, reader);
  if (known !== undefined) return { ...known, reference, again: error.status >= 500 };
  if (error.status === 0) {
    const found = error.kind === 'offline' || error.kind === 'timeout' ? words[error.kind] : said('unreadable');
    return { ...found, reference, again: true };
  }
  const byStatus: Record<number, Words> = { 400: said('s400'), 401: said('s401'), 403: said('s403'), 404: said('s404'), 409: said('s409'), 422: said('s400'), 429: said('s429'), 503: said('s503') };
  const base = byStatus[error.status] ?? said(error.status >= 500 ? 's500' : 'unreadable');
  const detail = error.problem?.detail ?? error.problem?.title ?? '';
  const who = error.problem?.who;
  return {
    what: base.what,
    means: error.status === 400 || error.status === 422 || error.status === 409 ? [detail, base.means].filter((part) => part !== '').join(' ') : base.means,
    todo: error.retryAfterS !== null ? words.wait(error.retryAfterS) : who !== undefined && who.length > 0 ? words.whoCould(who.map((role) => words.roles[role] ?? role).join(', ')) : base.todo,
    reference,
    again: error.status >= 500 || error.status === 429,
  };
}

function own(table: Readonly<Record<string, Words>>, code: string): Words | undefined {
  return Object.prototype.hasOwnProperty.call(table, code) ? table[code] : undefined;
}

function knownCode(code: string, reader: Reader): Words | undefined {
  const words = problemWords();
  return (reader === 'customer' ? own(words.customer, code) : undefined) ?? own(words.codes, code);
}

/** A refusal on the socket has a code and the server's English sentence; ours comes first, in the page's language. */
export function explainCode(code: string, text: string, reader: Reader = 'staff'): string {
  const known = knownCode(code, reader);
  return known === undefined ? text : [known.what, known.means, known.todo].join(' ');
}
