import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, Http, retryAfterSeconds } from './http.ts';
import { language } from './i18n/language.svelte.ts';
import { explain, explainCode, problemWords } from './problem.ts';

interface Seen {
  url: string;
  init: RequestInit;
}

function httpAnswering(make: () => Response | Promise<Response>): { http: Http; seen: Seen[] } {
  const seen: Seen[] = [];
  const fetcher = (async (url: string, init: RequestInit) => {
    seen.push({ url, init });
    return make();
  }) as unknown as typeof fetch;
  return { http: new Http('/api/v1', fetcher), seen };
}

function problem(status: number, code: string, extra: Record<string, unknown> = {}, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ type: `urn:parlour:problem:${code}`, title: 'Title', status, ...extra }), { status, headers: { 'content-type': 'application/problem+json', ...headers } });
}

async function failure(run: Promise<unknown>): Promise<ApiError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

afterEach(() => {
  language.current = 'en';
});

describe('requests', () => {
  it('carry the proof of our page when they change something, and only then', async () => {
    const { http, seen } = httpAnswering(() => Response.json({}));
    http.csrf = 'proof';
    await http.json('GET', '/meetings');
    await http.json('POST', '/meetings', { body: { a: 1 } });
    expect(new Headers(seen[0]?.init.headers).get('x-parlour-csrf')).toBeNull();
    expect(new Headers(seen[1]?.init.headers).get('x-parlour-csrf')).toBe('proof');
    expect(seen[1]?.init.body).toBe('{"a":1}');
    expect(seen[1]?.init.redirect).toBe('error');
  });
  it('read no body where there is none', async () => {
    const { http } = httpAnswering(() => new Response(null, { status: 204 }));
    await expect(http.nothing('DELETE', '/guest')).resolves.toBeUndefined();
  });
});

describe('failures', () => {
  it('are told with their code, field and reference', async () => {
    const { http } = httpAnswering(() => problem(409, 'meeting.cancelled', { reference: 'R-17', field: '/start' }));
    const error = await failure(http.json('POST', '/meetings', { body: {} }));
    expect(error.kind).toBe('problem');
    expect(error.code).toBe('meeting.cancelled');
    expect(error.problem?.field).toBe('/start');
    expect(explain(error)).toMatchObject({ what: 'This meeting was cancelled.', reference: 'R-17', again: false });
  });
  it('without an answer are offline', async () => {
    const { http } = httpAnswering(() => Promise.reject(new TypeError('failed to fetch')));
    const error = await failure(http.json('GET', '/session'));
    expect(error.kind).toBe('offline');
    expect(explain(error).again).toBe(true);
  });
  it('with a page of a proxy are told by their status', async () => {
    const { http } = httpAnswering(() => new Response('<html>', { status: 503 }));
    const error = await failure(http.json('GET', '/session'));
    expect(error.kind).toBe('unreadable');
    expect(explain(error).what).toBe('A part of the installation is not available.');
  });
  it('of an answer that is no JSON are unreadable', async () => {
    const { http } = httpAnswering(() => new Response('<html>', { status: 200 }));
    expect((await failure(http.json('GET', '/session'))).kind).toBe('unreadable');
  });
  it('tell the page that nobody is logged in', async () => {
    const { http } = httpAnswering(() => problem(401, 'session.missing'));
    let told = 0;
    http.onUnauthenticated = () => {
      told += 1;
    };
    await failure(http.json('GET', '/meetings'));
    expect(told).toBe(1);
  });
  it('are told by their code on the socket too, else in the words of the server', () => {
    expect(explainCode('recorder.down', 'The recorder is not available.')).toContain('must be recorded');
    expect(explainCode('something.new', 'Words of the server.')).toBe('Words of the server.');
    expect(explainCode('constructor', 'Words of the server.')).toBe('Words of the server.');
  });
  it('fault pages: are told to each in words for them: no administrator and no list to a customer, no link of theirs to staff', () => {
    const staffOnly = /administrator|compliance|beheerder|\bvault\b|kluis|schedule|plan een|log in|aanmelden|\bthe list\b|de lijst|the log\b|logboek/i;
    const customerOnly = /contact us|neem contact|your link|uw link|that you have|die u hebt|if that is you|bent u dat/i;
    for (const lang of ['en', 'nl'] as const) {
      const words = problemWords[lang];
      for (const code of Object.keys(words.customer)) {
        language.current = lang;
        expect(explainCode(code, '', 'customer'), code).not.toMatch(staffOnly);
        expect(explainCode(code, '', 'staff'), code).not.toMatch(customerOnly);
      }
      // What a customer's page can be refused with: contracts/openapi.yaml's guest routes and `enter` of docs/features/signalling.md.
      for (const code of ['meeting.cancelled', 'meeting.ended', 'meeting.over', 'meeting.expired', 'meeting.full', 'entry.early', 'entry.late', 'notice.missing', 'notice.changed', 'device.missing', 'waiting.elsewhere', 'policy.missing', 'recorder.down', 'vault.down', 'vault.unreachable', 'head.fork', 'rate.exceeded', 'page.outdated', 'csrf', 'busy']) {
        language.current = lang;
        const said = explainCode(code, '', 'customer');
        expect(said, code).not.toBe('');
        expect(said, code).not.toMatch(staffOnly);
      }
      for (const code of Object.keys(words.codes)) expect(explainCode(code, ''), code).not.toMatch(customerOnly);
    }
    language.current = 'en';
  });
  it('name who could do it', async () => {
    const { http } = httpAnswering(() => problem(403, 'access.denied', { who: ['compliance'] }));
    const error = await failure(http.json('POST', '/recordings/x/download', { body: {} }));
    expect(explain(error).todo).toBe('Who may: compliance officers.');
    language.current = 'nl';
    expect(explain(error).todo).toBe('Wie het mag: compliance officers.');
  });
  it('tell how long to wait', async () => {
    const { http } = httpAnswering(() => problem(429, 'rate.limited', {}, { 'retry-after': '8' }));
    const error = await failure(http.json('POST', '/session', { body: {} }));
    expect(error.retryAfterS).toBe(8);
    expect(explain(error).todo).toBe('Wait 8 seconds, then try once more.');
  });
});

describe('Retry-After', () => {
  it('is seconds or a date', () => {
    const now = Date.parse('2026-11-24T13:00:00Z');
    expect(retryAfterSeconds('30', now)).toBe(30);
    expect(retryAfterSeconds('Tue, 24 Nov 2026 13:00:10 GMT', now)).toBe(10);
    expect(retryAfterSeconds('Tue, 24 Nov 2026 12:00:00 GMT', now)).toBe(0);
    expect(retryAfterSeconds('soon', now)).toBeNull();
    expect(retryAfterSeconds(null, now)).toBeNull();
  });
});
