// Where the customer is on the way in. The server keeps the progress (device checked, notice acknowledged); the address keeps the
// step, so that "back" and a reload work; sessionStorage keeps the language and the choice of devices until the page is closed.

import type { LocalMedia } from '../../call/index.ts';
import type { DeviceCheck, Invitation } from '../../lib/api_types.ts';
import { ApiError, http } from '../../lib/http.ts';
import { browserLanguage, isLang, language, type Lang } from '../../lib/i18n/language.svelte.ts';
import { explain, type Explained } from '../../lib/problem.ts';
import * as api from './api.ts';
import { parseFragment } from './token.ts';

export type Step = 'invitation' | 'check' | 'notice' | 'wait';

export type Screen =
  | { readonly kind: 'loading' }
  | { readonly kind: 'no_link' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'bad_link' }
  | { readonly kind: 'too_many'; readonly until: number }
  | { readonly kind: 'error'; readonly error: ApiError }
  | { readonly kind: 'ready' }
  | { readonly kind: 'cancelled_now' }
  | { readonly kind: 'declined' }
  | { readonly kind: 'closed'; readonly reached: boolean };

/** What to open again after a reload; null means "none of this kind". */
export interface DeviceChoice {
  readonly microphone: boolean;
  readonly camera: boolean;
}

const languageKey = 'parlour.language';
const devicesKey = 'parlour.devices';
const routes: Record<string, Step> = { '#/check': 'check', '#/notice': 'notice', '#/wait': 'wait' };

/** The step that may be shown: one does not get past what has not been done. */
export function allowedStep(wanted: Step, progress: Invitation['progress']): Step {
  if (wanted === 'wait' && progress.device_checked && !progress.notice_acknowledged) return 'notice';
  if ((wanted === 'notice' || wanted === 'wait') && !progress.device_checked) return 'check';
  return wanted;
}

export class JoinState {
  screen = $state.raw<Screen>({ kind: 'loading' });
  invitation = $state.raw<Invitation | null>(null);
  step = $state<Step>('invitation');
  /** A failure of the last act on the page; the page stays. */
  problem = $state.raw<Explained | null>(null);
  busy = $state(false);
  /** What the device check opened. The call takes it over. */
  media: LocalMedia | null = null;
  /** The waiting room or the call, and the goodbye after it, are on screen: they stay whatever the invitation says by now. */
  inRoom = $state(false);
  /** While a call runs, "back" must not leave it by accident: it asks. */
  inCall = false;
  onBack: (() => void) | null = null;
  #chosen: Lang | null = null;

  async begin(): Promise<void> {
    const stored = sessionStorage.getItem(languageKey);
    this.#chosen = isLang(stored) ? stored : null;
    language.current = this.#chosen ?? browserLanguage(navigator.languages);
    const fragment = location.hash;
    const link = parseFragment(fragment);
    const route = routes[fragment];
    // The token leaves the address bar before anything else happens: no history entry, no screenshot, no shared address has it.
    history.replaceState(null, '', location.pathname + (route === undefined ? '' : fragment));
    addEventListener('popstate', this.#follow);
    if (link === null && fragment !== '' && route === undefined && fragment !== '#/') {
      this.screen = { kind: 'bad_link' };
      return;
    }
    await this.#load(link === null ? () => api.getInvitation(this.#chosen) : () => api.openLink(link.token, this.#chosen), link !== null);
  }

  async #load(get: () => Promise<Invitation>, byLink: boolean): Promise<void> {
    this.screen = { kind: 'loading' };
    try {
      this.#take(await get());
      this.screen = { kind: 'ready' };
      this.#follow();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 429) this.screen = { kind: 'too_many', until: Date.now() + (error.retryAfterS ?? 60) * 1000 };
      else if (error.status === 401) this.screen = { kind: 'no_link' };
      else if (byLink && (error.status === 404 || error.status === 400 || error.status === 410)) this.screen = { kind: 'bad_link' };
      else {
        this.#retry = () => this.#load(get, byLink);
        this.screen = { kind: 'error', error };
      }
    }
  }

  #retry: (() => Promise<void>) | null = null;

  retry(): void {
    void (this.#retry ?? ((): Promise<void> => this.#load(() => api.getInvitation(this.#chosen), false)))();
  }

  #take(invitation: Invitation): void {
    this.invitation = invitation;
    if (this.#chosen === null) language.current = invitation.you.language;
    http.onUnauthenticated = (): void => {
      if (this.screen.kind === 'ready') this.screen = { kind: 'lost' };
    };
  }

  /** The newest state; keeps the page as it is when the network is gone. */
  async refresh(): Promise<void> {
    try {
      this.#take(await api.getInvitation(this.#chosen));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = explain(error);
    }
  }

  async chooseLanguage(lang: Lang): Promise<void> {
    this.#chosen = lang;
    language.current = lang;
    sessionStorage.setItem(languageKey, lang);
    // The notice is a text of the server's: its exact words in the other language come from there.
    if (this.invitation !== null && this.screen.kind === 'ready') await this.refresh();
  }

  readonly #follow = (): void => {
    if (this.inCall && location.hash !== '#/wait') {
      history.pushState(null, '', '#/wait');
      this.onBack?.();
      return;
    }
    const wanted = routes[location.hash] ?? 'invitation';
    const step = this.invitation === null ? wanted : allowedStep(wanted, this.invitation.progress);
    this.problem = null;
    this.step = step;
  };

  go(step: Step): void {
    const target = step === 'invitation' ? location.pathname : `#/${step}`;
    history.pushState(null, '', target);
    this.#follow();
    scrollTo(0, 0);
  }

  /** The server says that a step is not done after all (the text has changed, for example): ask it, then show that step. */
  backTo(step: 'check' | 'notice'): void {
    this.#progress(step === 'check' ? { device_checked: false } : { notice_acknowledged: false });
    this.go(step);
    void this.refresh();
  }

  /** Runs an act of the page; a failure becomes words on the page, an answer that changes the way in is followed. */
  async act(run: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.problem = null;
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 409) await this.refresh();
      if (this.screen.kind === 'ready') this.problem = explain(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  async deviceChecked(found: DeviceCheck): Promise<void> {
    const done = await this.act(() => api.reportDevice(found));
    if (!done) return;
    sessionStorage.setItem(devicesKey, JSON.stringify({ microphone: found.microphone === 'ok', camera: found.camera === 'ok' } satisfies DeviceChoice));
    this.#progress({ device_checked: true });
    this.go('notice');
  }

  async noticeAcknowledged(): Promise<void> {
    const notice = this.invitation?.notice;
    if (notice === undefined) return;
    if (!(await this.act(() => api.reportNotice('acknowledged', notice)))) return;
    this.#progress({ notice_acknowledged: true });
    this.go('wait');
  }

  async noticeDeclined(): Promise<void> {
    const notice = this.invitation?.notice;
    if (notice === undefined) return;
    if (!(await this.act(() => api.reportNotice('declined', notice)))) return;
    this.releaseMedia();
    this.screen = { kind: 'declined' };
  }

  async cancelled(reason: string): Promise<boolean> {
    if (!(await this.act(() => api.cancel(reason)))) return false;
    this.releaseMedia();
    this.screen = { kind: 'cancelled_now' };
    return true;
  }

  #progress(done: Partial<Invitation['progress']>): void {
    if (this.invitation !== null) this.invitation = { ...this.invitation, progress: { ...this.invitation.progress, ...done } };
  }

  deviceChoice(): DeviceChoice {
    try {
      const stored: unknown = JSON.parse(sessionStorage.getItem(devicesKey) ?? 'null');
      if (typeof stored === 'object' && stored !== null) {
        const { microphone, camera } = stored as Record<string, unknown>;
        return { microphone: microphone === true, camera: camera === true };
      }
    } catch {
      // Not ours, or damaged: ask for both.
    }
    return { microphone: true, camera: true };
  }

  releaseMedia(): void {
    this.media?.close();
    this.media = null;
  }

  /** Leaves nothing of this visit behind: the server's cookie, what the page stored, and what is open. */
  async close(): Promise<void> {
    this.releaseMedia();
    http.onUnauthenticated = null;
    let reached = true;
    try {
      await api.forget();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      reached = error.status === 401;
    }
    sessionStorage.clear();
    http.csrf = null;
    this.invitation = null;
    this.inCall = false;
    removeEventListener('popstate', this.#follow);
    history.replaceState(null, '', location.pathname);
    this.screen = { kind: 'closed', reached };
    // Only works for windows that a script opened; elsewhere the words on the page say what to do.
    window.close();
  }
}
