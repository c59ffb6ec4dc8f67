// The staff console: log-in, rail, pages by hash route (#/today, #/waiting, #/meetings, #/meetings/<id>, #/meetings/<id>/call,
// #/recordings, #/audit, #/types, #/system).
//
// data-testid: org · account (narrow screens: opens me and log-out) · me · log-out · nav-today · nav-waiting · nav-waiting-count · nav-meetings · nav-recordings · nav-audit ·
// nav-types · nav-system · refused · toasts

export { default as ConsoleApp } from './ConsoleApp.svelte';
