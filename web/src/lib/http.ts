// One small client for /api/v1. Requests never throw anything but ApiError; what it means for a person is words/problem.ts.

import { clock } from './clock.svelte.ts';
import type { Problem } from './api_types.ts';

/**
 * problem    the server refused or failed and said why (RFC 9457)
 * offline    no answer: the network is gone or the server is not there
 * timeout    no answer in time
 * unreadable an answer that is not what the contract says
 */
export type FailureKind = 'problem' | 'offline' | 'timeout' | 'unreadable';

export class ApiError extends Error {
  readonly kind: FailureKind;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly problem: Problem | null;
  /** Seconds that the server asks us to wait before the next try. */
  readonly retryAfterS: number | null;

  constructor(kind: FailureKind, status = 0, problem: Problem | null = null, retryAfterS: number | null = null) {
    super(problem?.title ?? kind);
    this.name = 'ApiError';
    this.kind = kind;
    this.status = status;
    this.problem = problem;
    this.retryAfterS = retryAfterS;
  }

  /** The stable code at the end of the problem's type: "meeting.cancelled" of "urn:parlour:problem:meeting.cancelled". */
  get code(): string {
    return this.problem?.type.split(/[/:]/).at(-1) ?? this.kind;
  }
}

export function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const object = value as Record<string, unknown>;
  return typeof object['type'] === 'string' && typeof object['title'] === 'string' && typeof object['status'] === 'number';
}

/** "Retry-After" in seconds or as a date; null when it is neither. */
export function retryAfterSeconds(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d{1,6}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
}

export type Method = 'GET' | 'POST' | 'DELETE';

export interface RequestOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Goes on when the page is closed: only for small last words. */
  readonly keepalive?: boolean;
  readonly timeoutMs?: number;
}

export class Http {
  /** Proof that our own page asks; every changing request carries it. Null before log-in. */
  csrf: string | null = null;
  /** Called when an answer says that nobody is logged in (any more). */
  onUnauthenticated: (() => void) | null = null;

  readonly #base: string;
  readonly #fetch: typeof fetch;

  constructor(base = '/api/v1', fetcher: typeof fetch = (...args) => fetch(...args)) {
    this.#base = base;
    this.#fetch = fetcher;
  }

  async json<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.#send(method, path, options);
    try {
      return (await response.json()) as T;
    } catch {
      throw new ApiError('unreadable', response.status);
    }
  }

  /** Null when the server has nothing to say (204). */
  async maybe<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T | null> {
    const response = await this.#send(method, path, options);
    if (response.status === 204) return null;
    try {
      return (await response.json()) as T;
    } catch {
      throw new ApiError('unreadable', response.status);
    }
  }

  async nothing(method: Method, path: string, options: RequestOptions = {}): Promise<void> {
    await this.#send(method, path, options);
  }

  async blob(method: Method, path: string, options: RequestOptions = {}): Promise<Blob> {
    const response = await this.#send(method, path, options);
    try {
      return await response.blob();
    } catch {
      throw new ApiError('offline');
    }
  }

  async #send(method: Method, path: string, options: RequestOptions): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json, application/problem+json, application/zip' };
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (method !== 'GET' && this.csrf !== null) headers['x-parlour-csrf'] = this.csrf;
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 20_000);
    let response: Response;
    try {
      response = await this.#fetch(`${this.#base}${path}`, {
        method,
        headers,
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        keepalive: options.keepalive ?? false,
        signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
    } catch {
      throw new ApiError(timeout.aborted ? 'timeout' : 'offline');
    }
    const date = Date.parse(response.headers.get('date') ?? '');
    // The header has whole seconds: only a real difference is worth anything.
    if (!Number.isNaN(date) && Math.abs(date - Date.now()) > 5_000) clock.offsetMs = date - Date.now();
    if (response.ok) return response;
    let problem: Problem | null = null;
    try {
      const body: unknown = await response.json();
      if (isProblem(body)) problem = body;
    } catch {
      // An answer without a readable problem (a proxy's page) is told by its status.
    }
    if (response.status === 401) this.onUnauthenticated?.();
    throw new ApiError(problem === null ? 'unreadable' : 'problem', response.status, problem, retryAfterSeconds(response.headers.get('retry-after'), Date.now()));
  }
}

/** The page's client. */
export const http = new Http();
