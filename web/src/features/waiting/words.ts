import { catalogue } from '../../lib/i18n/language.svelte.ts';

const en = {
  title: 'Waiting now',
  count: (count: number) => `Waiting now (${String(count)})`,
  empty_title: 'Nobody is waiting',
  empty: 'When a customer enters the waiting room of one of your meetings, they appear here at once.',
  connecting: 'The list is being opened…',
  lost: 'The live list has lost its connection and is trying again. Times may be old.',
  since: (time: string) => `waiting ${time}`,
  notice: { acknowledged: 'notice read', none: 'notice not read' },
  camera: { ok: 'camera works', none: 'no camera', refused: 'camera refused', failed: 'camera does not work' },
  microphone: { ok: 'microphone works', none: 'no microphone', refused: 'microphone refused', failed: 'microphone does not work' },
  speaker: { heard: 'hears sound', not_heard: 'hears no sound', skipped: 'sound not tried' },
  network: { good: 'network good', fair: 'network fair', poor: 'network poor', unknown: 'network not measured' },
  identity: 'identity: by link',
  second: 'wants to enter from a second device',
  not_ready: 'Keys are still being made.',
  admit: 'Admit',
  decline: 'Decline…',
  decline_failed: 'That did not reach the server. Try again, or open the meeting and decline there.',
  declined: (name: string) => `${name} was told and has left the waiting room.`,
  arrived: (name: string) => `${name} is waiting.`,
};

const nl: typeof en = {
  title: 'Nu wachtend',
  count: (count) => `Nu wachtend (${String(count)})`,
  empty_title: 'Er wacht niemand',
  empty: 'Zodra een klant de wachtkamer van een van uw afspraken binnenkomt, verschijnt hij hier meteen.',
  connecting: 'De lijst wordt geopend…',
  lost: 'De levende lijst is de verbinding kwijt en probeert het opnieuw. Tijden kunnen oud zijn.',
  since: (time) => `wacht ${time}`,
  notice: { acknowledged: 'tekst gelezen', none: 'tekst niet gelezen' },
  camera: { ok: 'camera werkt', none: 'geen camera', refused: 'camera geweigerd', failed: 'camera werkt niet' },
  microphone: { ok: 'microfoon werkt', none: 'geen microfoon', refused: 'microfoon geweigerd', failed: 'microfoon werkt niet' },
  speaker: { heard: 'hoort geluid', not_heard: 'hoort geen geluid', skipped: 'geluid niet geprobeerd' },
  network: { good: 'netwerk goed', fair: 'netwerk redelijk', poor: 'netwerk slecht', unknown: 'netwerk niet gemeten' },
  identity: 'identiteit: via link',
  second: 'wil vanaf een tweede apparaat binnenkomen',
  not_ready: 'De sleutels worden nog gemaakt.',
  admit: 'Binnenlaten',
  decline: 'Weigeren…',
  decline_failed: 'Dat heeft de server niet bereikt. Probeer het opnieuw, of open de afspraak en weiger daar.',
  declined: (name) => `${name} heeft bericht gekregen en is uit de wachtkamer.`,
  arrived: (name) => `${name} wacht.`,
};

export const waitingWords = catalogue(en, nl);
