import '../ui/live_text.ts';
import { mount } from 'svelte';
import { Copy } from '../features/recordings/copy.ts';
import { browserLanguage, language } from '../lib/i18n/language.svelte.ts';
import '../ui/base.css';

const target = document.getElementById('app');
const facts = document.getElementById('facts')?.textContent;
if (target === null || facts === undefined) throw new Error('the page has no #app or no #facts');
language.current = browserLanguage(navigator.languages);
mount(Copy, { target, props: { facts: JSON.parse(facts) } });
