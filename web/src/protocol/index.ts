export * from './signed';
export * from './signalling';
