// The page in a downloaded recording: a door of its own, so that it holds nothing of the console.

export { default as Copy } from './Copy.svelte';
