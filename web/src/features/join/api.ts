import { http } from '../../lib/http.ts';
import type { DeviceCheck, Invitation } from '../../lib/api_types.ts';
import type { Lang } from '../../lib/i18n/language.svelte.ts';

/** Exchanges the link's token for this browser's session; from then on the cookie speaks. */
export async function openLink(token: string, lang: Lang | null): Promise<Invitation> {
  const invitation = await http.json<Invitation>('POST', '/link', { body: lang === null ? { token } : { token, lang } });
  http.csrf = invitation.csrf;
  return invitation;
}

export async function getInvitation(lang: Lang | null): Promise<Invitation> {
  const invitation = await http.json<Invitation>('GET', lang === null ? '/guest' : `/guest?lang=${lang}`);
  http.csrf = invitation.csrf;
  return invitation;
}

export function reportDevice(found: DeviceCheck): Promise<void> {
  return http.nothing('POST', '/guest/device', { body: found });
}

export type NoticeAct = 'shown' | 'acknowledged' | 'declined';

/** Names the exact text by id, version, hash and language: what was on the screen is evidence. */
export function reportNotice(act: NoticeAct, notice: Invitation['notice']): Promise<void> {
  const { text_id, version, sha256, lang } = notice;
  return http.nothing('POST', '/guest/notice', { body: { act, text_id, version, sha256, lang } });
}

export function cancel(reason: string): Promise<void> {
  return http.nothing('POST', '/guest/cancel', { body: { reason } });
}

export function forget(): Promise<void> {
  return http.nothing('DELETE', '/guest');
}
