// The audit log in words.
//
// data-testid: audit · log-head · audit-search · area-all · area-meeting · area-access · area-recording · area-login · area-system ·
// audit-empty · audit-none · audit-more · entries · entry (data-seq, data-type, data-outcome) · raw-bytes · verify-log ·
// verdict (data-exit) · verdict-text · export-proof · export-status

export { getTimeline } from './api.ts';
export { default as Audit } from './Audit.svelte';
export { default as EntryList } from './EntryList.svelte';
export { default as ExportProof } from './ExportProof.svelte';
export { default as Verify } from './Verify.svelte';
export { auditWords } from './words.ts';
