// What the server says of itself while it is closed. Without an answer the last state stays: a restart takes a moment.

export type House = { readonly state: 'open' } | { readonly state: 'locked' | 'alarm'; readonly reason: string };

/** Before the first answer: why it is closed, nobody knows yet, and it may be for good. */
export const notAsked = { state: 'unknown', reason: '' } as const;

/** The answer of /api/v1/health; null for anything else. */
export function readHealth(body: unknown): House | null {
  if (typeof body !== 'object' || body === null) return null;
  const { ready, state, reason } = body as { ready?: unknown; state?: unknown; reason?: unknown };
  if (ready === true) return { state: 'open' };
  if (ready !== false || (state !== 'locked' && state !== 'alarm') || typeof reason !== 'string' || !/^[a-z_.]{1,40}$/.test(reason)) return null;
  return { state, reason };
}

export async function askHealth(fetcher: typeof fetch): Promise<House | null> {
  try {
    const answer = await fetcher('/api/v1/health', { cache: 'no-store' });
    return readHealth(await answer.json());
  } catch {
    return null;
  }
}
