// Recordings: list, state and coverage, playing and downloading.
//
// data-testid: recordings · recordings-empty · recording-row · recording-link (data-state) · recording (data-recording, data-state) ·
// recording-state · recording-failure · recording-none · coverage (data-permille) · coverage-gap, coverage-stop (data-cause) · gap-list · plays · play ·
// purpose-sheet · purpose-<code> · purpose-play · download · download-sheet · download-reason · download-ask · download-file ·
// player (data-state: paused|playing|buffering, data-position in ms) · player-track (data-track, data-offset; the <video>) ·
// player-play · player-back · player-forward · player-seek · player-time · player-volume · player-close · gap-card, cover (data-cover, data-track)

export { recordingsOf } from './api.ts';
export { default as RecordingCard } from './RecordingCard.svelte';
export { default as Recordings } from './Recordings.svelte';
export { recordingWords } from './words.ts';
