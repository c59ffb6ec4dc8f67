// The console's pages are hash routes: the server sends one page, and links can be opened in a new tab.

export type Route =
  | { readonly page: 'start' }
  | { readonly page: 'today' }
  | { readonly page: 'waiting' }
  | { readonly page: 'meetings' }
  | { readonly page: 'meeting'; readonly id: string }
  | { readonly page: 'call'; readonly id: string }
  | { readonly page: 'recordings' }
  | { readonly page: 'audit' }
  | { readonly page: 'types' }
  | { readonly page: 'system' }
  | { readonly page: 'unknown' };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function parseRoute(hash: string): Route {
  const [path = ''] = hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter((part) => part !== '');
  const [first, id, last, ...rest] = parts;
  if (first === undefined) return { page: 'start' };
  if (rest.length > 0) return { page: 'unknown' };
  if (first === 'meetings' && id !== undefined) {
    if (!uuid.test(id)) return { page: 'unknown' };
    if (last === undefined) return { page: 'meeting', id };
    if (last !== 'call') return { page: 'unknown' };
    return { page: 'call', id };
  }
  if (id !== undefined) return { page: 'unknown' };
  switch (first) {
    case 'today':
    case 'waiting':
    case 'meetings':
    case 'recordings':
    case 'audit':
    case 'types':
    case 'system':
      return { page: first };
    default:
      return { page: 'unknown' };
  }
}
