// Each entry of the log as a sentence. The catalogue of events (src/audit/catalogue.cpp) is the list; a test holds the two
// together. Sentences use what is there: a name where the reader may know it, a plain word where it was erased or never known.

import type { Entry } from '../../lib/api_types.ts';
import { catalogue } from '../../lib/i18n/language.svelte.ts';
import type { Lang } from '../../lib/i18n/language.svelte.ts';
import { count, dayAndTime, percentOfPermille, spanWords } from '../../lib/time.ts';

/** What a sentence may need, read once from an entry. */
export interface Said {
  /** Who did it, at the beginning of a sentence: the entry's actor and nobody else. */
  readonly who: string;
  /** The same within a sentence. */
  readonly by: string;
  /** Whose act or state it is, where people act for themselves: the actor; the entry's subject where a program noticed it. */
  readonly person: string;
  /** The same within a sentence; empty when it is not known. */
  readonly of: string;
  /** Upon whom somebody else acted, at the beginning of a sentence. */
  readonly guest: string;
  /** The name of what was acted upon; empty when it is not known. */
  readonly about: string;
  /** A person of the staff or the customer did it, and no program. */
  readonly byPerson: boolean;
  /** A field of `data` as a code or text; empty when it is missing. */
  code(field: string): string;
  number(field: string): number | null;
  span(field: string): string;
  time(field: string): string;
  name(id: string): string;
  /** The word for a code in this language; the code itself when there is none. */
  word(code: string): string;
  readonly reason: string;
  /** What somebody typed as reason, in quotation marks after a colon; empty where the reader may not know it or it was erased. */
  readonly typed: string;
  readonly lang: Lang;
}

type Sentence = (said: Said) => string;

/** " (word)" or nothing. */
function aside(text: string): string {
  return text === '' ? '' : ` (${text})`;
}

/** A gap's length, from its two ends. */
function gapLength(said: Said): string {
  const [from, to] = [said.number('from'), said.number('to')];
  return from === null || to === null ? '' : spanWords(to - from, said.lang);
}

const en = {
  /** By the actor's kind, where no name is known. */
  actors: { user: 'somebody of the staff', customer: 'the customer', api: 'a program', system: 'the server', operator: 'the operator' } as Record<string, string>,
  somebody: 'somebody',
  a_participant: 'a participant',
  the_customer: 'the customer',
  the_adviser: 'the adviser',
  unknown: (type: string) => `Entry of the kind ${type}.`,
  typed_differs: ' (the stored reason does not agree with the log)',
  words: {
    agent: 'adviser', compliance: 'compliance officer', administrator: 'administrator', customer: 'customer', staff: 'staff', operator: 'the operator',
    required: 'required', optional: 'optional', never: 'never', auto: 'by the type', manual: 'by hand', password: 'password',
    network: 'network', loss: 'lost packets', server: 'the server', pause: 'pause', tail: 'end not attested', damage: 'damage', overflow: 'the disk was too slow',
    not_now: 'not now', wrong_person: 'not the person expected', unrecorded: 'could not be recorded', closed: 'closed',
    client_request: 'request of the client', complaint: 'complaint', supervision: 'supervision', quality: 'quality', follow_up: 'follow-up', proof: 'proof',
    customer_left: 'the customer left', cancelled: 'cancelled', recording_lost: 'the recorder did not run', keys_missing: 'the recorder did not have everybody’s keys', held_too_long: 'the adviser did not come back', expired: 'time over', exhausted: 'keys used up', other_device: 'other device',
    'recording.stalled': 'the recorder did not write in time', 'recording.not_begun': 'the recorder had not begun', no_path: 'no two people could be reached', 'vault.down': 'the vault did not answer', 'disk.full': 'the disk was full', held: 'the adviser was out of the call', guard: 'something was not encrypted', start: 'the call began',
    audio: 'sound', camera: 'camera', screen: 'screen', recorded: 'recorded', off: 'not recorded', paused: 'paused',
    idle: 'not used for long', absolute_limit: 'as old as a session may get', account_closed: 'account closed',
    replaced: 'replaced by a newer one', unknown: 'not known', ended: 'meeting over',
    ok: 'works', none: 'none', refused: 'refused', failed: 'does not work', heard: 'heard', not_heard: 'not heard', skipped: 'not tried', good: 'good', fair: 'fair', poor: 'poor', true: 'yes', false: 'no',
  } as Record<string, string>,
  events: {
    'access.denied': (s) => `${s.who} was refused: ${s.code('action') || 'an act'}${aside(s.reason)}.`,
    'audit.checkpoint': (s) => `The log was signed up to entry ${count(s.number('size') ?? 0, s.lang)}.`,
    'audit.exported': (s) => `${s.who} exported a proof from the log.`,
    'audit.verified': (s) => `${s.who} had the log verified: ${s.number('status') === 0 ? 'in order' : `exit status ${String(s.number('status') ?? '?')}`}.`,
    'auth.locked': (s) => `Log-in for one account was made to wait after ${String(s.number('failures') ?? 'several')} failures.`,
    'auth.login': (s) => `${s.who} logged in${aside(s.word(s.code('method')))}.`,
    'auth.login_failed': () => 'A log-in failed.',
    'auth.logout': (s) => (s.code('cause') === '' ? `${s.who} logged out.` : `The session of ${s.by} was ended${aside(s.word(s.code('cause')))}.`),
    'completeness.report': (s) => `Completeness was counted: ${count(s.number('ok') ?? 0, s.lang)} of ${count(s.number('required') ?? 0, s.lang)} meetings that had to be recorded are covered, ${count(s.number('violations') ?? 0, s.lang)} are not.`,
    'config.changed': (s) => `${s.who} changed a setting${aside(s.code('section'))}.`,
    'device.checked': (s) => `${s.person} checked the devices: camera ${s.word(s.code('camera')) || 'unknown'}, microphone ${s.word(s.code('microphone')) || 'unknown'}, network ${s.word(s.code('network')) || 'unknown'}.`,
    'link.issued': (s) => `${s.who} made a link for the customer.`,
    'link.opened': (s) => `${s.person} opened the link.`,
    'link.rejected': (s) => `A link was refused${aside(s.word(s.reason))}.`,
    'link.revoked': (s) => `${s.who} replaced the customer’s link; the old one stopped working.`,
    'log.key': () => 'The key that signs this log was put on record.',
    'media.resumed': (s) => (s.code('reason') === 'start' ? 'Picture and sound were let through: the call began.' : `Picture and sound were let through again${aside(s.number('stopped_ms') === null ? '' : `after ${s.span('stopped_ms')}`)}.`),
    'media.stopped': (s) => `Picture and sound were stopped: ${s.word(s.code('reason')) || 'no reason given'}.`,
    'meeting.cancelled': (s) => `${s.who} cancelled the meeting${s.typed}.`,
    'meeting.ended': (s) => `The meeting ended after ${s.span('duration_ms')}: ${s.code('end_cause') === 'staff' ? `by ${s.byPerson ? s.by : 'the adviser'}` : s.word(s.code('end_cause'))}.`,
    'meeting.expired': () => 'The time of the meeting passed without it.',
    'meeting.held': (s) => `${({ left: 'The adviser left', session: 'The adviser’s log-in ended', lost: 'The adviser’s browser was lost' } as Record<string, string>)[s.code('reason')] ?? 'The adviser was out of the call'}; the meeting was held.`,
    'meeting.resumed': () => 'The meeting was taken up again.',
    'meeting.scheduled': (s) => `${s.who} scheduled the meeting for ${s.time('start_planned')}.`,
    'meeting.started': (s) => `The meeting began. Recording: ${s.word(s.code('recording'))}.`,
    'notice.acknowledged': (s) => `${s.person} acknowledged the notice, version ${s.code('version')} (${s.code('lang')}).`,
    'notice.declined': (s) => `${s.person} declined the notice, version ${s.code('version')} (${s.code('lang')}), and was shown other ways.`,
    'notice.shown': (s) => `${s.person} was shown the notice, version ${s.code('version')} (${s.code('lang')}).`,
    'participant.check_failed': (s) => `${s.of === '' ? 'A browser' : `The browser of ${s.of}`} stopped sending: a check failed${aside(s.code('check') || s.reason)}.`,
    'participant.connected': (s) => `${s.person} was connected: all keys confirmed, and the others’ picture or sound decrypted.`,
    'participant.joined': (s) => `${s.person} came into the meeting.`,
    'participant.left': (s) => `${s.person} left.`,
    'participant.lost': (s) => `${s.person} lost the connection.`,
    'participant.reconnected': (s) => `${s.person} came back${aside(s.number('gap_ms') === null ? '' : `after ${s.span('gap_ms')}`)}.`,
    'participant.removed': (s) => `${s.guest} was removed by ${s.by}${aside(s.word(s.code('cause')))}.`,
    plaintext_guard: (s) => `A stream${s.of === '' ? '' : ` of ${s.of}`} (${s.word(s.code('kind')) || 'unknown'}) was stopped, because it was not encrypted as agreed.`,
    'policy.signed': () => 'The organisation’s policy was signed.',
    'recorder.key': () => 'The key that signs the manifests of recordings was put on record.',
    'recording.capture_started': (s) => `Part ${String(s.number('part') ?? 1)} of the recording began: its key was checked and its first lines are on disk.`,
    'recording.download_requested': (s) => `${s.who} asked to download the recording${s.typed}.`,
    'recording.downloaded': (s) => `${s.who} downloaded the recording.`,
    'recording.exempted': (s) => `The duty to record was lifted for this meeting: ${s.word(s.code('reason'))}, approved by ${s.name(s.code('approver'))}.`,
    'recording.failed': (s) => `The recording failed: ${s.word(s.code('cause'))}.`,
    'recording.first_packet': (s) => `The first packet of ${s.about === '' ? 'a stream' : s.about} was recorded.`,
    'recording.gap': (s) => `A gap of ${gapLength(s)} in the recording: ${s.word(s.code('cause'))}.`,
    'recording.play_denied': (s) => `${s.who} was not allowed to play the recording.`,
    'recording.play_requested': (s) => `${s.who} asked to play the recording${aside(s.word(s.code('purpose')))}.`,
    'recording.played': (s) => `${s.who} played parts of the recording.`,
    'recording.requested': (s) => `${s.byPerson ? `${s.who} asked for the recording` : 'The recording was asked for'}${aside(s.word(s.code('mode')))}.`,
    'recording.sealed': (s) => `The recording was sealed: ${count(s.number('segments') ?? 0, s.lang)} segments.`,
    'recording.state': (s) => `The recording’s state became “${s.word(s.code('state'))}”.`,
    'recording.stopped': (s) => `The recording stopped: ${s.word(s.code('cause'))}.`,
    'recording.verified': (s) => `The recording was rebuilt and checked. ${percentOfPermille(s.number('coverage_permille') ?? 0, s.lang)} of what was sent is in it.`,
    'roster.accepted': (s) => `The signed list of members number ${String(s.number('epoch') ?? '?')} was accepted: ${String(s.number('members') ?? '?')} members${aside(s.word(s.code('mode')))}.`,
    'server.started': (s) => `The server started, version ${s.code('version')}.`,
    'server.stopped': () => 'The server stopped.',
    'share.started': (s) => `${s.person} began to share a screen.`,
    'share.stopped': (s) => `${s.person} stopped sharing.`,
    'staff.entered': (s) => `${s.person} opened the meeting.`,
    'type.created': (s) => `${s.who} made a meeting type.`,
    'type.version_published': (s) => `${s.who} published a meeting type, version ${s.code('version')}.`,
    'user.created': (s) => `${s.who} made an account${aside(s.about)}.`,
    'user.disabled': (s) => `${s.who} switched an account off${aside(s.about)}.`,
    'user.enabled': (s) => `${s.who} switched an account on again${aside(s.about)}.`,
    'user.password_set': (s) => `${s.who} set a password${aside(s.about)}.`,
    'user.role_changed': (s) => `${s.who} gave an account another role${aside(s.word(s.code('new')))}${aside(s.about)}.`,
    'waiting.admitted': (s) => `${s.guest} was let in by ${s.by}${aside(s.number('waited_ms') === null ? '' : `after ${s.span('waited_ms')}`)}.`,
    'waiting.denied': (s) => `${s.guest} was not let in by ${s.by}${aside(s.word(s.reason))}.`,
    'waiting.entered': (s) => `${s.person} entered the waiting room.`,
    'waiting.left': (s) => `${s.person} left the waiting room.`,
  } as Record<string, Sentence>,
};

const nl: typeof en = {
  actors: { user: 'iemand van het personeel', customer: 'de klant', api: 'een programma', system: 'de server', operator: 'de beheerder van de machine' },
  somebody: 'iemand',
  a_participant: 'een deelnemer',
  the_customer: 'de klant',
  the_adviser: 'de adviseur',
  unknown: (type) => `Regel van de soort ${type}.`,
  typed_differs: ' (de opgeslagen reden komt niet overeen met het logboek)',
  words: {
    agent: 'adviseur', compliance: 'compliance officer', administrator: 'beheerder', customer: 'klant', staff: 'medewerker', operator: 'de beheerder van de machine',
    required: 'verplicht', optional: 'mogelijk', never: 'nooit', auto: 'door de soort', manual: 'met de hand', password: 'wachtwoord',
    network: 'netwerk', loss: 'verloren pakketten', server: 'de server', pause: 'pauze', tail: 'einde niet bevestigd', damage: 'beschadiging', overflow: 'de schijf was te traag',
    not_now: 'nu niet', wrong_person: 'niet de verwachte persoon', unrecorded: 'kon niet worden opgenomen', closed: 'gesloten',
    client_request: 'verzoek van de klant', complaint: 'klacht', supervision: 'toezicht', quality: 'kwaliteit', follow_up: 'vervolg', proof: 'bewijs',
    customer_left: 'de klant ging weg', cancelled: 'afgezegd', recording_lost: 'de recorder liep niet', keys_missing: 'de recorder had niet de sleutels van iedereen', held_too_long: 'de adviseur kwam niet terug', expired: 'tijd voorbij', exhausted: 'sleutels opgebruikt', other_device: 'ander apparaat',
    'recording.stalled': 'de recorder schreef niet op tijd', 'recording.not_begun': 'de recorder was niet begonnen', no_path: 'geen twee mensen waren bereikbaar', 'vault.down': 'de kluis antwoordde niet', 'disk.full': 'de schijf was vol', held: 'de adviseur was uit het gesprek', guard: 'iets was niet versleuteld', start: 'het gesprek begon',
    audio: 'geluid', camera: 'camera', screen: 'scherm', recorded: 'opgenomen', off: 'niet opgenomen', paused: 'gepauzeerd',
    idle: 'lang niet gebruikt', absolute_limit: 'zo oud als een sessie mag worden', account_closed: 'account gesloten',
    replaced: 'vervangen door een nieuwere', unknown: 'niet bekend', ended: 'gesprek voorbij',
    ok: 'werkt', none: 'geen', refused: 'geweigerd', failed: 'werkt niet', heard: 'gehoord', not_heard: 'niet gehoord', skipped: 'niet geprobeerd', good: 'goed', fair: 'redelijk', poor: 'slecht', true: 'ja', false: 'nee',
  },
  events: {
    'access.denied': (s) => `${s.who} werd geweigerd: ${s.code('action') || 'een handeling'}${aside(s.reason)}.`,
    'audit.checkpoint': (s) => `Het logboek is ondertekend tot en met regel ${count(s.number('size') ?? 0, s.lang)}.`,
    'audit.exported': (s) => `${s.who} voerde een bewijs uit het logboek uit.`,
    'audit.verified': (s) => `${s.who} liet het logboek controleren: ${s.number('status') === 0 ? 'in orde' : `uitkomst ${String(s.number('status') ?? '?')}`}.`,
    'auth.locked': (s) => `Het aanmelden voor één account moest wachten na ${String(s.number('failures') ?? 'enkele')} mislukkingen.`,
    'auth.login': (s) => `${s.who} meldde zich aan${aside(s.word(s.code('method')))}.`,
    'auth.login_failed': () => 'Een aanmelding mislukte.',
    'auth.logout': (s) => (s.code('cause') === '' ? `${s.who} meldde zich af.` : `De sessie van ${s.by} werd beëindigd${aside(s.word(s.code('cause')))}.`),
    'completeness.report': (s) => `De volledigheid is geteld: ${count(s.number('ok') ?? 0, s.lang)} van ${count(s.number('required') ?? 0, s.lang)} gesprekken die opgenomen moesten worden zijn gedekt, ${count(s.number('violations') ?? 0, s.lang)} niet.`,
    'config.changed': (s) => `${s.who} veranderde een instelling${aside(s.code('section'))}.`,
    'device.checked': (s) => `${s.person} controleerde de apparaten: camera ${s.word(s.code('camera')) || 'onbekend'}, microfoon ${s.word(s.code('microphone')) || 'onbekend'}, netwerk ${s.word(s.code('network')) || 'onbekend'}.`,
    'link.issued': (s) => `${s.who} maakte een link voor de klant.`,
    'link.opened': (s) => `${s.person} opende de link.`,
    'link.rejected': (s) => `Een link werd geweigerd${aside(s.word(s.reason))}.`,
    'link.revoked': (s) => `${s.who} verving de link van de klant; de oude werkt niet meer.`,
    'log.key': () => 'De sleutel die dit logboek ondertekent is vastgelegd.',
    'media.resumed': (s) => (s.code('reason') === 'start' ? 'Beeld en geluid werden doorgelaten: het gesprek begon.' : `Beeld en geluid werden weer doorgelaten${aside(s.number('stopped_ms') === null ? '' : `na ${s.span('stopped_ms')}`)}.`),
    'media.stopped': (s) => `Beeld en geluid werden gestopt: ${s.word(s.code('reason')) || 'geen reden genoemd'}.`,
    'meeting.cancelled': (s) => `${s.who} zegde de afspraak af${s.typed}.`,
    'meeting.ended': (s) => `Het gesprek eindigde na ${s.span('duration_ms')}: ${s.code('end_cause') === 'staff' ? `door ${s.byPerson ? s.by : 'de adviseur'}` : s.word(s.code('end_cause'))}.`,
    'meeting.expired': () => 'De tijd van de afspraak ging voorbij zonder gesprek.',
    'meeting.held': (s) => `${({ left: 'De adviseur ging weg', session: 'De aanmelding van de adviseur liep af', lost: 'De browser van de adviseur viel weg' } as Record<string, string>)[s.code('reason')] ?? 'De adviseur was uit het gesprek'}; het gesprek werd vastgehouden.`,
    'meeting.resumed': () => 'Het gesprek werd weer opgenomen.',
    'meeting.scheduled': (s) => `${s.who} plande de afspraak voor ${s.time('start_planned')}.`,
    'meeting.started': (s) => `Het gesprek begon. Opname: ${s.word(s.code('recording'))}.`,
    'notice.acknowledged': (s) => `${s.person} bevestigde de tekst, versie ${s.code('version')} (${s.code('lang')}).`,
    'notice.declined': (s) => `${s.person} wilde de tekst niet, versie ${s.code('version')} (${s.code('lang')}), en kreeg andere manieren te zien.`,
    'notice.shown': (s) => `${s.person} kreeg de tekst te zien, versie ${s.code('version')} (${s.code('lang')}).`,
    'participant.check_failed': (s) => `${s.of === '' ? 'Een browser' : `De browser van ${s.of}`} verstuurde niets meer: een controle mislukte${aside(s.code('check') || s.reason)}.`,
    'participant.connected': (s) => `${s.person} was verbonden: alle sleutels bevestigd, beeld of geluid van de anderen ontsleuteld.`,
    'participant.joined': (s) => `${s.person} kwam in het gesprek.`,
    'participant.left': (s) => `${s.person} ging weg.`,
    'participant.lost': (s) => `${s.person} raakte de verbinding kwijt.`,
    'participant.reconnected': (s) => `${s.person} kwam terug${aside(s.number('gap_ms') === null ? '' : `na ${s.span('gap_ms')}`)}.`,
    'participant.removed': (s) => `${s.guest} werd verwijderd door ${s.by}${aside(s.word(s.code('cause')))}.`,
    plaintext_guard: (s) => `Een stroom${s.of === '' ? '' : ` van ${s.of}`} (${s.word(s.code('kind')) || 'onbekend'}) is gestopt, omdat hij niet versleuteld was zoals afgesproken.`,
    'policy.signed': () => 'De regels van de organisatie zijn ondertekend.',
    'recorder.key': () => 'De sleutel die de beschrijvingen van opnamen ondertekent is vastgelegd.',
    'recording.capture_started': (s) => `Deel ${String(s.number('part') ?? 1)} van de opname begon: de sleutel is gecontroleerd en de eerste regels staan op schijf.`,
    'recording.download_requested': (s) => `${s.who} vroeg de opname te downloaden${s.typed}.`,
    'recording.downloaded': (s) => `${s.who} downloadde de opname.`,
    'recording.exempted': (s) => `De plicht om op te nemen verviel voor dit gesprek: ${s.word(s.code('reason'))}, goedgekeurd door ${s.name(s.code('approver'))}.`,
    'recording.failed': (s) => `De opname mislukte: ${s.word(s.code('cause'))}.`,
    'recording.first_packet': (s) => `Het eerste pakket van ${s.about === '' ? 'een stroom' : s.about} is opgenomen.`,
    'recording.gap': (s) => `Een gat van ${gapLength(s)} in de opname: ${s.word(s.code('cause'))}.`,
    'recording.play_denied': (s) => `${s.who} mocht de opname niet afspelen.`,
    'recording.play_requested': (s) => `${s.who} vroeg de opname af te spelen${aside(s.word(s.code('purpose')))}.`,
    'recording.played': (s) => `${s.who} speelde delen van de opname af.`,
    'recording.requested': (s) => `${s.byPerson ? `${s.who} vroeg om de opname` : 'Om de opname werd gevraagd'}${aside(s.word(s.code('mode')))}.`,
    'recording.sealed': (s) => `De opname is verzegeld: ${count(s.number('segments') ?? 0, s.lang)} segmenten.`,
    'recording.state': (s) => `De stand van de opname werd “${s.word(s.code('state'))}”.`,
    'recording.stopped': (s) => `De opname stopte: ${s.word(s.code('cause'))}.`,
    'recording.verified': (s) => `De opname is opgebouwd en gecontroleerd. ${percentOfPermille(s.number('coverage_permille') ?? 0, s.lang)} van wat verstuurd is staat erin.`,
    'roster.accepted': (s) => `De ondertekende deelnemerslijst nummer ${String(s.number('epoch') ?? '?')} is aangenomen: ${String(s.number('members') ?? '?')} deelnemers${aside(s.word(s.code('mode')))}.`,
    'server.started': (s) => `De server startte, versie ${s.code('version')}.`,
    'server.stopped': () => 'De server stopte.',
    'share.started': (s) => `${s.person} begon een scherm te delen.`,
    'share.stopped': (s) => `${s.person} stopte met delen.`,
    'staff.entered': (s) => `${s.person} opende het gesprek.`,
    'type.created': (s) => `${s.who} maakte een soort afspraak.`,
    'type.version_published': (s) => `${s.who} gaf een soort afspraak uit, versie ${s.code('version')}.`,
    'user.created': (s) => `${s.who} maakte een account${aside(s.about)}.`,
    'user.disabled': (s) => `${s.who} zette een account uit${aside(s.about)}.`,
    'user.enabled': (s) => `${s.who} zette een account weer aan${aside(s.about)}.`,
    'user.password_set': (s) => `${s.who} stelde een wachtwoord in${aside(s.about)}.`,
    'user.role_changed': (s) => `${s.who} gaf een account een andere rol${aside(s.word(s.code('new')))}${aside(s.about)}.`,
    'waiting.admitted': (s) => `${s.guest} werd binnengelaten door ${s.by}${aside(s.number('waited_ms') === null ? '' : `na ${s.span('waited_ms')}`)}.`,
    'waiting.denied': (s) => `${s.guest} werd niet binnengelaten door ${s.by}${aside(s.word(s.reason))}.`,
    'waiting.entered': (s) => `${s.person} kwam in de wachtkamer.`,
    'waiting.left': (s) => `${s.person} ging uit de wachtkamer.`,
  },
};

export const eventWords = catalogue(en, nl);
export type EventWords = typeof en;

/** Actor and subject as they stand in the entry's own bytes, which is what was signed; the answer's copy where they can't be read. */
function rawOf(entry: Entry): { readonly actor: { readonly kind: string; readonly id: string }; readonly subject: { readonly kind: string; readonly id: string } | null } {
  try {
    const whole = JSON.parse(entry.bytes) as { actor?: { kind?: unknown; id?: unknown }; subject?: { kind?: unknown; id?: unknown } };
    const { kind, id } = whole.subject ?? {};
    const actor = whole.actor;
    return {
      actor: typeof actor?.kind === 'string' && typeof actor.id === 'string' ? { kind: actor.kind, id: actor.id } : entry.actor,
      subject: typeof kind === 'string' && typeof id === 'string' ? { kind, id } : null,
    };
  } catch {
    return { actor: entry.actor, subject: null };
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function own(object: object, key: string): unknown {
  return Object.prototype.hasOwnProperty.call(object, key) ? (object as Record<string, unknown>)[key] : undefined;
}

export function eventSentence(entry: Entry, words: EventWords, lang: Lang): string {
  const make = own(words.events, entry.type) as Sentence | undefined;
  if (make === undefined) return words.unknown(entry.type);
  const { actor, subject } = rawOf(entry);
  const named = (id: string): string => (own(entry.names, id) as string | undefined) ?? '';
  const actorName = actor.id === entry.actor.id ? (entry.actor.name ?? named(actor.id)) : named(actor.id);
  // Names stay as they are written; our own words get a capital at the beginning.
  const first = (name: string, word: string): string => (name === '' ? capital(word) : name);
  const by = actorName !== '' ? actorName : ((own(words.actors, actor.kind) as string | undefined) ?? words.somebody);
  const byPerson = actor.kind === 'user' || actor.kind === 'customer';
  const value = (field: string): unknown => own(entry.data, field);
  const nameOf = (id: string): string => named(id) || words.somebody;
  const about = subject === null ? '' : named(subject.id);
  // What a program noticed about somebody: the subject, by name or by the role that the entry gives.
  const role = value('role');
  const noticed = about !== '' ? about : role === 'staff' ? words.the_adviser : role === 'customer' ? words.the_customer : subject?.kind === 'participant' ? words.a_participant : '';
  const person = byPerson ? by : noticed;
  const said: Said = {
    who: first(actorName, by),
    by,
    person: first(byPerson ? actorName : about, person === '' ? words.a_participant : person),
    of: person,
    guest: first(about, words.the_customer),
    about: subject?.id === actor.id ? '' : about,
    byPerson,
    code: (field) => {
      const found = value(field);
      return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : '';
    },
    number: (field) => {
      const found = value(field);
      return typeof found === 'number' ? found : null;
    },
    span: (field) => {
      const found = value(field);
      return typeof found === 'number' ? spanWords(found, lang) : '?';
    },
    time: (field) => {
      const found = value(field);
      return typeof found === 'number' || typeof found === 'string' ? dayAndTime(found, lang, entry.time) : '?';
    },
    name: nameOf,
    word: (code) => (own(words.words, code) as string | undefined) ?? code,
    reason: entry.reason ?? '',
    typed: entry.typed_reason ? `: “${entry.typed_reason}”` : entry.typed_reason_differs === true ? words.typed_differs : '',
    lang,
  };
  return make(said);
}

export type Area = 'all' | 'meeting' | 'access' | 'recording' | 'login' | 'system';

const areas: Record<string, Area> = {
  meeting: 'meeting',
  roster: 'meeting',
  share: 'meeting',
  media: 'meeting',
  plaintext_guard: 'meeting',
  link: 'access',
  device: 'access',
  notice: 'access',
  waiting: 'access',
  participant: 'access',
  staff: 'access',
  recording: 'recording',
  auth: 'login',
  access: 'login',
  user: 'login',
};

export function areaOf(type: string): Exclude<Area, 'all'> {
  const found = own(areas, type.split('.')[0] ?? '') as Exclude<Area, 'all'> | undefined;
  return found ?? 'system';
}
