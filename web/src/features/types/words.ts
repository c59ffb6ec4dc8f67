import { catalogue } from '../../lib/i18n/language.svelte.ts';

const en = {
  title: 'Meeting types',
  lead: 'What a meeting may do is decided by its type. A published version never changes; a meeting keeps the version it was made with.',
  loading: 'The types are being loaded…',
  empty_title: 'No type is published',
  empty: 'Types are published on the server with “parlour admin”.',
  columns: { type: 'Type', version: 'Version', recording: 'Recording', kept: 'Kept', door: 'Door', length: 'Length' },
};

const nl: typeof en = {
  title: 'Soorten afspraken',
  lead: 'Wat een afspraak mag, beslist haar soort. Een uitgegeven versie verandert nooit; een afspraak houdt de versie waarmee zij gemaakt is.',
  loading: 'De soorten worden geladen…',
  empty_title: 'Er is geen soort uitgegeven',
  empty: 'Soorten worden op de server uitgegeven met “parlour admin”.',
  columns: { type: 'Soort', version: 'Versie', recording: 'Opname', kept: 'Bewaard', door: 'Deur', length: 'Duur' },
};

export const typeWords = catalogue(en, nl);
