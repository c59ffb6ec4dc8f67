// Staff log-in.
//
// data-testid: login-email · login-password · login-submit · login-error · login-wait · session-ended

export { default as LogIn } from './LogIn.svelte';
export { StaffSession } from './session.svelte.ts';
