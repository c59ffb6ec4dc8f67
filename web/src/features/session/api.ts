import { http } from '../../lib/http.ts';
import type { Session } from '../../lib/api_types.ts';

/** Null: nobody is logged in. */
export function getSession(): Promise<Session | null> {
  return http.maybe<Session>('GET', '/session');
}

export function logIn(email: string, password: string): Promise<Session> {
  return http.json<Session>('POST', '/session', { body: { email, password } });
}

export function logOut(): Promise<void> {
  return http.nothing('DELETE', '/session');
}
