import type { Session } from '../../lib/api_types.ts';
import { ApiError, http } from '../../lib/http.ts';
import * as api from './api.ts';

type Status = 'looking' | 'out' | 'in' | 'failed';

/** Who is logged in on this page. One per console page. */
export class StaffSession {
  status = $state<Status>('looking');
  current = $state.raw<Session | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** Logged out without having asked for it. */
  wasEnded = $state(false);

  async look(): Promise<void> {
    this.status = 'looking';
    try {
      const session = await api.getSession();
      if (session === null) this.status = 'out';
      else this.#enter(session);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
      this.status = 'failed';
    }
  }

  /** Throws ApiError: the page says one and the same for every refusal. */
  async logIn(email: string, password: string): Promise<void> {
    this.#enter(await api.logIn(email, password));
  }

  async logOut(): Promise<void> {
    http.onUnauthenticated = null;
    const { leavingKept } = await import('../../call/index.ts');
    await leavingKept(() => api.logOut()).catch((error: unknown) => {
      // Not reached: the cookie may live on until its limit, but this page forgets who it was.
      if (!(error instanceof ApiError)) throw error;
    });
    this.#leave(false);
  }

  may(action: string): boolean {
    return this.current?.may.includes(action) ?? false;
  }

  #enter(session: Session): void {
    http.csrf = session.csrf;
    http.onUnauthenticated = () => {
      this.#leave(true);
    };
    this.current = session;
    this.wasEnded = false;
    this.status = 'in';
  }

  #leave(ended: boolean): void {
    http.csrf = null;
    http.onUnauthenticated = null;
    this.current = null;
    this.wasEnded = ended;
    this.status = 'out';
  }
}
