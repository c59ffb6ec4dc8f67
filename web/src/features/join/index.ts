// The customer's way in: link, invitation, device check, notice, and the hand-over to the call.
//
// data-testid: organisation · language-en · language-nl · loading · no-link · link-lost · bad-link · too-many · error · try-again ·
// invitation · too-early · countdown · start-time · start · calendar-file · open-is-it-us · is-it-us · open-cant-make-it ·
// cant-make-it · cancel · cancel-own-reason · cancel-confirm · cancelled-now · meeting-cancelled · meeting-ended · too-late · steps ·
// back · notice (data-record) · notice-text · notice-damaged · notice-continue · notice-other-ways · notice-decline ·
// notice-decline-confirm · declined-notice · other-ways · close-page · page-closed · sheet-close

export { default as JoinApp } from './JoinApp.svelte';
