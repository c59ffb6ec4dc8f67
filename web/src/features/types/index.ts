// Meeting types, to read. data-testid: types · type-row

export { default as Types } from './Types.svelte';
