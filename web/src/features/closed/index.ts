// The one page that the server gives under every address while nothing is served: before the vault has answered, and when the
// log is not the one that was signed.
//
// data-testid: closed-unknown · closed-locked · closed-alarm · closed-code

export { default as ClosedApp } from './ClosedApp.svelte';
