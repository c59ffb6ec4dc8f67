// Meetings: list, new meeting, and one meeting's page.
//
// data-testid: meetings · meeting-search · filter-all · filter-coming · filter-today · filter-past · meetings-empty · meetings-none ·
// meeting-row (data-meeting, data-state) · new-meeting-open · new-meeting · type-required · type-never (data-type) ·
// new-name · new-email · new-start · new-duration · new-language · create-meeting · customer-link · customer-link-copy · to-meeting ·
// new-close · meeting-page (data-state) · meeting-state · enter-meeting · new-link · new-link-confirm · cancel-meeting · cancel-reason ·
// cancel-confirm · meeting-cancelled · story · (entries: see audit; recording: see recordings)

export { listMeetings, listTypes, getMeeting } from './api.ts';
export { default as MeetingRow } from './MeetingRow.svelte';
export { default as Meetings } from './Meetings.svelte';
export { default as MeetingPage } from './MeetingPage.svelte';
export { default as NewMeeting } from './NewMeeting.svelte';
export { stateWords, typeFacts } from './sentences.ts';
export { meetingWords } from './words.ts';
