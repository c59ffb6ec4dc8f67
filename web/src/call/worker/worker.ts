// Entry of the page's one crypto worker.

import { WorkerCore, type Transformer } from './core';
import type { PageMessage, WorkerMessage } from './protocol';

interface Scope {
  postMessage(message: WorkerMessage): void;
  onmessage: ((event: MessageEvent<PageMessage>) => void) | null;
  onrtctransform: ((event: { transformer: Transformer }) => void) | null;
}

const scope = self as unknown as Scope;
const core = new WorkerCore((message) => scope.postMessage(message));
scope.onmessage = (event) => void core.handle(event.data);
scope.onrtctransform = (event) => core.attach(event.transformer);
