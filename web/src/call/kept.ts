// What stays in a browser when somebody leaves (e2ee.md 3 and 5), although the server's answer clears the site's storage: the
// organisation key that it remembers, and the secrets of the links that an adviser made in it. Neither names anybody. And what goes
// when a customer closes his visit, also where the server was not reached and so cleared nothing.

import { openKeyStore } from './keys';
import { browserLinks } from './link_store';
import { browserRoots } from './roots';

/** `leave`: what the server's answer clears the storage with. */
export async function leavingKept<T>(leave: () => Promise<T>): Promise<T> {
  const pin = browserRoots.read();
  const restore = await browserLinks.carried();
  try {
    return await leave();
  } finally {
    if (pin) browserRoots.write(pin);
    await restore();
  }
}

/** The customer's secret of this meeting's link and his signing key. */
export async function forgetVisit(meeting: string): Promise<void> {
  await browserLinks.forget('customer', meeting);
  await (await openKeyStore()).removeMeeting(meeting).catch(() => undefined);
}

/** Whether this browser knows the organisation's key from now on. */
export const remembersRoot = (): boolean => browserRoots.read() !== null;
