// The call and the waiting room, for customers (GuestCall) and staff (AgentCall). Each is loaded when it is needed.
//
// data-testid, customer: waiting-room (data-place, data-adviser) · waiting-preview · waiting-camera · waiting-reconnecting ·
//   waiting-problem · leave-waiting · enter-refused (data-code) · leave · goodbye (data-reason, data-recorded) · goodbye-recorded ·
//   goodbye-kept · goodbye-meeting · goodbye-code · back-in · close-page
// both: call (data-phase) · facts · recording-fact (data-fact) · encryption-fact (data-established) · call-time · call-notice ·
//   recording-stopped · ends-in · call-problem (data-code) · reconnecting (data-link) · mended · other-reconnecting · quality (data-level) ·
//   happening · connecting · held · stage · tile (data-idx, data-name) · remote-picture · remote-sound · shared-screen · speaking ·
//   self-picture · sound-on · call-bar · toggle-microphone (data-slot) · toggle-camera (data-slot) · switch-camera ·
//   toggle-share (data-slot) · open-people · tab-people · tab-security · call-panel-sheet · people · person (data-name, data-presence) ·
//   security-panel · security-code · code-changed · security-members · security-member (data-idx, data-known) · recorded-now ·
//   frames-rejected · save-receipt
// staff: agent-devices · agent-entering · agent-refused (data-code) · take-over · call-alone · waiting-person (data-participant,
//   data-hello) · admit · decline · decline-sheet · decline-<reason> · decline-confirm · second-allow · second-refuse · end-call ·
//   end-sheet · end-confirm · leave-call · agent-ended (data-reason) · open-keys · keyboard-help

export { default as DeclineSheet } from './DeclineSheet.svelte';
export { declineReasons, type DeclineReason } from './decline.ts';
export { callWords } from './words.ts';
