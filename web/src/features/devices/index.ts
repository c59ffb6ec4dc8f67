// Device check, for customers and staff.
//
// data-testid: device-setup (data-stage: testing|unable|explain|asking|ready) · browser-unable · allow-both · allow-microphone ·
// allow-none · device-refused · device-again · device-preview · camera-on · camera-off · camera-trouble · microphone-on ·
// microphone-word · play-sound · sound-heard · sound-not-heard · network-word (data-network) · no-path · contact-telephone · device-continue

export { default as DeviceSetup } from './DeviceSetup.svelte';
export { default as Video } from './Video.svelte';
export { deviceWords } from './words.ts';
export { default as NoPath } from './NoPath.svelte';
export { measureNetwork } from './measure.ts';
