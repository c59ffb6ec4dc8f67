// State of the installation. data-testid: system · vault-state · log-key · log-key-copy

export { default as System } from './System.svelte';
