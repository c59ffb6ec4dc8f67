// Who waits now, live.
//
// data-testid: waiting-now (data-link: connecting|live|lost, data-count) · waiting-empty · waiting-lost · waiting-person
// (data-participant, data-meeting, data-hello) · admit · decline · (decline sheet: see features/call)

export { default as WaitingList } from './WaitingList.svelte';
export { WaitingNow } from './waiting.svelte.ts';
