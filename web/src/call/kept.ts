// What stays in a browser when somebody leaves (e2ee.md 3 and 5), although the server's answer clears the site's storage: the
// organisation key, always; the secrets of links that this browser made, when an adviser logs out.

import { secretsKept } from './link_store';
import { browserRoots } from './roots';

export async function keepingRoot<T>(leave: () => Promise<T>): Promise<T> {
  const pin = browserRoots.read();
  try {
    return await leave();
  } finally {
    if (pin) browserRoots.write(pin);
  }
}

export async function keepingRootAndLinks<T>(leave: () => Promise<T>): Promise<T> {
  const restore = await secretsKept();
  try {
    return await keepingRoot(leave);
  } finally {
    await restore();
  }
}
