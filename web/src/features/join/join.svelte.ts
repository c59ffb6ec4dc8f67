// Where the customer is on the way in. The server keeps the progress (device checked, notice acknowledged); the address keeps the
// step, so that "back" and a reload work; sessionStorage, which is this tab's alone, keeps the language, the choice of devices and
// the link's token until the page is closed. The server's cookie is the whole browser's: which appointment is this tab's, the tab
// knows.

import type { HeldSecret, LocalMedia } from '../../call/index.ts';
import type { DeviceCheck, Invitation } from '../../lib/api_types.ts';
import { ApiError, http } from '../../lib/http.ts';
import { browserLanguage, isLang, language, type Lang } from '../../lib/i18n/language.svelte.ts';
import { explain, type Explained } from '../../lib/problem.ts';
import * as api from './api.ts';
import { keepLink, readKeptLink } from './kept_link.ts';
import { readAddress, readLink, type LinkParts, type LinkProblem } from './token.ts';

export type Step = 'invitation' | 'check' | 'notice' | 'wait';

export type Screen =
  | { readonly kind: 'loading' }
  | { readonly kind: 'no_link' }
  /** No page of ours is at this address. */
  | { readonly kind: 'no_page' }
  /** Nothing asked for an appointment here, and this browser has one open: it is offered, not opened. */
  | { readonly kind: 'open_one'; readonly found: Invitation }
  /** This tab's appointment is not the one that the browser has open by now. */
  | { readonly kind: 'other_one' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'bad_link'; readonly problem: LinkProblem | 'refused' }
  | { readonly kind: 'too_many'; readonly until: number }
  | { readonly kind: 'error'; readonly error: ApiError }
  | { readonly kind: 'ready' }
  | { readonly kind: 'cancelled_now' }
  | { readonly kind: 'declined' }
  | { readonly kind: 'closed'; readonly reached: boolean; readonly remembers: boolean };

/** What to open again after a reload; null means "none of this kind". */
export interface DeviceChoice {
  readonly microphone: boolean;
  readonly camera: boolean;
}

const languageKey = 'parlour.language';
const devicesKey = 'parlour.devices';
const pagePath = '/j';
const routes: Record<string, Step> = { '#/check': 'check', '#/notice': 'notice', '#/wait': 'wait' };

/** The step that may be shown: one does not get past what has not been done. */
export function allowedStep(wanted: Step, progress: Invitation['progress']): Step {
  if (wanted === 'wait' && progress.device_checked && !progress.notice_acknowledged) return 'notice';
  if ((wanted === 'notice' || wanted === 'wait') && !progress.device_checked) return 'check';
  return wanted;
}

/** What the server answers with this page for: "/j", and what becomes of it on the way. */
function isLinkPath(): boolean {
  return /^\/j/i.test(location.pathname);
}

/** The session has ended while the tab still has its link. */
class Lost extends Error {}

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
  /** A link that came into this tab while people are waiting or talking in it: it is asked about. */
  offered = $state.raw<LinkParts | null>(null);
  /** This tab's link; null: it came without one. The secret never leaves this browser (e2ee.md 5). */
  link: LinkParts | null = null;
  /** The meeting that this tab belongs to, whatever the browser's cookie opens by now. */
  #meeting: string | null = null;
  #chosen: Lang | null = null;

  async begin(): Promise<void> {
    const stored = sessionStorage.getItem(languageKey);
    this.#chosen = isLang(stored) ? stored : null;
    language.current = this.#chosen ?? browserLanguage(navigator.languages);
    const kept = readKeptLink(sessionStorage);
    this.link = kept?.link ?? null;
    this.#meeting = kept?.meeting ?? null;
    addEventListener('popstate', this.#follow);
    addEventListener('hashchange', this.#follow);
    const here = this.#takeAddress();
    if (here !== null) {
      if (here.link !== null) await this.open(here.link);
      else this.screen = { kind: 'bad_link', problem: here.problem };
      return;
    }
    if (!isLinkPath()) {
      this.screen = { kind: 'no_page' };
      return;
    }
    if (this.link !== null && this.#meeting === null) await this.open(this.link);
    else await this.#resume();
  }

  /**
   * A link, or the rest of one, in the address. It leaves the address bar before anything else happens: no history entry, no
   * screenshot, no shared address has it. Null: the address is one of the page's own.
   */
  #takeAddress(): { readonly link: LinkParts; readonly problem: 'none' } | { readonly link: null; readonly problem: LinkProblem } | null {
    const reading = readAddress(location);
    if (!reading.ok && (reading.problem === 'none' || routes[location.hash] !== undefined || location.hash === '#/')) {
      const route = routes[location.hash] === undefined ? '' : location.hash;
      if (isLinkPath() && location.pathname + location.search + location.hash !== pagePath + route) history.replaceState(null, '', pagePath + route);
      return null;
    }
    history.replaceState(null, '', pagePath);
    return reading.ok ? { link: reading.link, problem: 'none' } : { link: null, problem: reading.problem };
  }

  /** Goes in by a link; what this tab had open before is left. */
  async open(link: LinkParts): Promise<void> {
    const again = link === this.link;
    this.offered = null;
    this.releaseMedia();
    this.invitation = null;
    this.#keep(link, null);
    if (location.pathname !== pagePath || location.hash !== '') history.replaceState(null, '', pagePath);
    await this.#load(() => this.#openLink(link, again), true);
  }

  /** Only the token goes to the server. The secret stays in this browser, and goes when the visit is closed. `again`: this tab's own. */
  async #openLink(link: LinkParts, again: boolean): Promise<Invitation> {
    const invitation = await api.openLink(link.token, this.#chosen);
    // The call's code is loaded when it is needed, not with the invitation.
    const { forgetSecret, keepSecret } = await import('../../call/index.ts');
    if (link.secret !== null) await keepSecret(link.secret, invitation.meeting.id, Date.now());
    // This meeting's link had one in this browser, and comes without: that is not the same as a link that never had one.
    else if (!again && (await forgetSecret(invitation.meeting.id))) this.link = { ...link, hasSecret: true };
    return invitation;
  }

  /** What this browser has of the secret of this appointment's link. Where nobody knows whether it has one, it is asked about. */
  async linkSecret(meeting: string): Promise<HeldSecret> {
    const { secretOf } = await import('../../call/index.ts');
    return (await secretOf('customer', meeting)) ?? (this.link !== null && !this.link.hasSecret ? null : 'lost');
  }

  #keep(link: LinkParts | null, meeting: string | null): void {
    this.link = link;
    this.#meeting = meeting;
    keepLink(sessionStorage, { link, meeting });
  }

  /** What a person pasted; a problem is told beside the field. */
  paste(text: string): LinkProblem | null {
    const reading = readLink(text, location.host);
    if (!reading.ok) return reading.problem;
    void this.open(reading.link);
    return null;
  }

  /** The browser's open appointment, asked for by a button. */
  async goOnWith(found: Invitation): Promise<void> {
    this.#keep(null, found.meeting.id);
    await this.#load(() => api.getInvitation(this.#chosen), false);
  }

  /** After a reload: this tab's own appointment, and never another that the browser has open. */
  async #resume(): Promise<void> {
    const mine = this.#meeting;
    await this.#load(async () => {
      try {
        return await api.getInvitation(this.#chosen);
      } catch (error) {
        // The way in has ended, or another device has it: our own link is asked for again by a button (lost).
        if (error instanceof ApiError && error.status === 401 && this.link !== null) throw new Lost();
        throw error;
      }
    }, false, mine);
  }

  /** `mine`: null, nothing has asked for an appointment; a meeting's id: only that one; absent: whatever comes. */
  async #load(get: () => Promise<Invitation>, byLink: boolean, mine?: string | null): Promise<void> {
    this.screen = { kind: 'loading' };
    try {
      const found = await get();
      if (mine === null) {
        this.screen = { kind: 'open_one', found };
        return;
      }
      if (mine !== undefined && found.meeting.id !== mine) {
        this.screen = { kind: 'other_one' };
        return;
      }
      this.#take(found);
      this.#keep(this.link, found.meeting.id);
      this.screen = { kind: 'ready' };
      this.#follow();
    } catch (error) {
      if (error instanceof Lost) this.screen = { kind: 'lost' };
      else if (!(error instanceof ApiError)) throw error;
      else if (error.status === 429) this.screen = { kind: 'too_many', until: Date.now() + (error.retryAfterS ?? 60) * 1000 };
      else if (error.status === 401) this.screen = { kind: 'no_link' };
      else if (byLink && (error.status === 404 || error.status === 400 || error.status === 410)) {
        this.#keep(null, null);
        this.screen = { kind: 'bad_link', problem: 'refused' };
      } else {
        this.#retry = () => this.#load(get, byLink, mine);
        this.screen = { kind: 'error', error };
      }
    }
  }

  #retry: (() => Promise<void>) | null = null;

  retry(): void {
    void (this.#retry ?? ((): Promise<void> => this.#resume()))();
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
      const found = await api.getInvitation(this.#chosen);
      // Another tab has opened another appointment: nothing of it is shown here.
      if (this.invitation !== null && found.meeting.id !== this.invitation.meeting.id) {
        if (!this.inRoom) this.#leaveFor({ kind: 'other_one' });
        return;
      }
      this.#take(found);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = explain(error, 'customer');
    }
  }

  #leaveFor(screen: Screen): void {
    this.releaseMedia();
    this.screen = screen;
  }

  async chooseLanguage(lang: Lang): Promise<void> {
    this.#chosen = lang;
    language.current = lang;
    sessionStorage.setItem(languageKey, lang);
    // The notice is a text of the server's: its exact words in the other language come from there.
    if (this.invitation !== null && this.screen.kind === 'ready') await this.refresh();
  }

  readonly #follow = (): void => {
    // Only the fragment has changed: somebody pasted a link into this tab.
    const here = this.#takeAddress();
    if (here !== null) {
      this.#arrived(here);
      return;
    }
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

  #arrived(here: { readonly link: LinkParts | null; readonly problem: LinkProblem }): void {
    if (this.inRoom) {
      history.replaceState(null, '', `${pagePath}#/wait`);
      if (here.link === null) return;
      if (here.link.token !== this.link?.token) this.offered = here.link;
      // The same link again asks for nothing new, unless it brings the secret that was missing.
      else if (!this.inCall && here.link.secret !== null && this.link.hasSecret && this.link.secret === null) void this.open(here.link);
    } else if (here.link !== null) void this.open(here.link);
    else this.#leaveFor({ kind: 'bad_link', problem: here.problem });
  }

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
      // The session's proof does not fit: another tab may have opened another appointment.
      if (error.status === 409 || error.code === 'csrf') await this.refresh();
      if (this.screen.kind === 'ready') this.problem = explain(error, 'customer');
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

  /**
   * Takes the visit out of this browser: the server's cookie, what the page stored, the keys, and what is open. What stays, and is
   * said: the organisation's public key; the cookie, where the server was not reached, for no page can reach it.
   */
  async close(): Promise<void> {
    this.releaseMedia();
    http.onUnauthenticated = null;
    let reached = true;
    const { forgetVisit, leavingKept, remembersRoot } = await import('../../call/index.ts');
    try {
      await leavingKept(() => api.forget());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      reached = error.status === 401;
    }
    sessionStorage.clear();
    this.link = null;
    this.#meeting = null;
    if (this.invitation !== null) await forgetVisit(this.invitation.meeting.id);
    http.csrf = null;
    this.invitation = null;
    this.inCall = false;
    history.replaceState(null, '', location.pathname);
    this.screen = { kind: 'closed', reached, remembers: remembersRoot() };
    // Only works for windows that a script opened; elsewhere the words on the page say what to do.
    window.close();
  }
}
