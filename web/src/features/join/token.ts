/** What is behind the # of a link: the token, and a link secret that never leaves the browser (e2ee.md 5). */
export interface LinkParts {
  readonly token: string;
  readonly secret: string | null;
}

/** Null for anything that is not a link's fragment, the page's own routes ("#/check") included. */
export function parseFragment(fragment: string): LinkParts | null {
  const match = /^#([A-Za-z0-9_-]{22,64})(?:\.([A-Za-z0-9_-]{22}))?$/.exec(fragment);
  return match === null ? null : { token: match[1] ?? '', secret: match[2] ?? null };
}
