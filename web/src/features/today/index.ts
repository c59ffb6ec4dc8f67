// The adviser's day. data-testid: today · today-empty · new-meeting-open · (rows: see meetings; waiting: see waiting)

export { default as Today } from './Today.svelte';
