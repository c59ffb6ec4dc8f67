// The page's handle on its crypto worker: requests with answers, events, and a heartbeat. A worker that is gone (terminated,
// crashed) is noticed within some seconds; its keys and its endpoint are gone with it, so the owner must rejoin.

import type { PageMessage, WorkerAnswers, WorkerEvent, WorkerMessage, WorkerOrder, WorkerRequest } from './worker/protocol';

/** What is used of a Worker, so that tests can put the same core behind a message channel. */
export interface WorkerPort {
  postMessage(message: PageMessage): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<WorkerMessage>) => void): void;
  addEventListener(type: 'error', listener: (event: Event) => void): void;
  terminate(): void;
}

const pingEveryMs = 2000;
const pongWithinMs = 4000;

export class CryptoWorker {
  onEvent: ((event: WorkerEvent) => void) | null = null;
  onLost: (() => void) | null = null;
  private nextId_ = 1;
  private readonly pending_ = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  private readonly heartbeat_: ReturnType<typeof setInterval>;
  private pingSince_: number | null = null;
  private ended_ = false;

  constructor(readonly port: WorkerPort) {
    port.addEventListener('message', (event) => this.receive_(event.data));
    port.addEventListener('error', () => this.lost_());
    this.heartbeat_ = setInterval(() => this.beat_(), pingEveryMs);
  }

  request<T extends WorkerRequest['type']>(message: Extract<WorkerRequest, { type: T }>): Promise<WorkerAnswers[T]> {
    if (this.ended_) return Promise.reject(new Error('worker.lost'));
    const id = this.nextId_++;
    return new Promise<WorkerAnswers[T]>((resolve, reject) => {
      this.pending_.set(id, { resolve, reject });
      this.port.postMessage({ ...message, id } as PageMessage);
    });
  }

  order(message: WorkerOrder): void {
    if (!this.ended_) this.port.postMessage(message);
  }

  /** Keys are dropped, then the worker ends. */
  end(): void {
    this.order({ type: 'halt' });
    this.finish_();
    this.port.terminate();
  }

  private receive_(message: WorkerMessage): void {
    if (message.type !== 'done' && message.type !== 'failed') {
      this.onEvent?.(message);
      return;
    }
    const waiting = this.pending_.get(message.id);
    this.pending_.delete(message.id);
    if (message.type === 'done') waiting?.resolve(message.value as never);
    else waiting?.reject(new Error(message.reason));
  }

  private beat_(): void {
    const now = Date.now();
    if (this.pingSince_ !== null) {
      if (now - this.pingSince_ > pongWithinMs) this.lost_();
      return;
    }
    this.pingSince_ = now;
    this.request({ type: 'ping' }).then(
      () => (this.pingSince_ = null),
      () => undefined,
    );
  }

  private lost_(): void {
    if (this.ended_) return;
    this.finish_();
    this.port.terminate();
    this.onLost?.();
  }

  private finish_(): void {
    this.ended_ = true;
    clearInterval(this.heartbeat_);
    for (const waiting of this.pending_.values()) waiting.reject(new Error('worker.lost'));
    this.pending_.clear();
  }
}

export function startCryptoWorker(): CryptoWorker {
  const worker = new Worker(new URL('./worker/worker.ts', import.meta.url), { type: 'module', name: 'parlour-crypto' });
  return new CryptoWorker(worker);
}
