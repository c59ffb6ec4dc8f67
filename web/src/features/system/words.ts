import { catalogue } from '../../lib/i18n/language.svelte.ts';

const en = {
  title: 'System',
  loading: 'The state is being looked up…',
  organisation: 'Organisation',
  version: 'Version',
  vault: 'Vault',
  vault_state: { up: 'answers', down: 'does not answer' },
  vault_text: {
    up: 'Recordings can be started, opened and played.',
    down: 'Meetings that must be recorded can’t start, and nothing can be played. Meetings that are never recorded go on.',
  },
  log_size: 'Entries in the log',
  organisation_key: 'Signing key of the organisation',
  organisation_key_hint: 'Every browser in a call shows these digits under “Security”, and refuses another key at this address once it knows this one. Print them where customers can compare.',
  log_key: 'Key of the log',
  log_key_hint: 'Give it to whoever checks proofs: “parlour audit verify FILE --key …”. Keep it outside this system too.',
};

const nl: typeof en = {
  title: 'Systeem',
  loading: 'De stand wordt opgezocht…',
  organisation: 'Organisatie',
  version: 'Versie',
  vault: 'Kluis',
  vault_state: { up: 'antwoordt', down: 'antwoordt niet' },
  vault_text: {
    up: 'Opnamen kunnen gestart, geopend en afgespeeld worden.',
    down: 'Gesprekken die opgenomen moeten worden kunnen niet beginnen, en er kan niets afgespeeld worden. Gesprekken die nooit opgenomen worden gaan door.',
  },
  log_size: 'Regels in het logboek',
  organisation_key: 'Ondertekeningssleutel van de organisatie',
  organisation_key_hint: 'Elke browser in een gesprek toont deze cijfers onder “Beveiliging” en weigert op dit adres een andere sleutel zodra hij deze kent. Druk ze af waar klanten ze kunnen vergelijken.',
  log_key: 'Sleutel van het logboek',
  log_key_hint: 'Geef hem aan wie bewijzen controleert: “parlour audit verify BESTAND --key …”. Bewaar hem ook buiten dit systeem.',
};

export const systemWords = catalogue(en, nl);
