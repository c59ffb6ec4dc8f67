import { describe, expect, it } from 'vitest';
import { parseFragment } from './token.ts';

const token = 'abcdefghijklmnopqrstuv';

describe('the fragment of a link', () => {
  it('is a token, with or without a link secret', () => {
    expect(parseFragment(`#${token}`)).toEqual({ token, secret: null });
    expect(parseFragment(`#${token}.AAAAAAAAAAAAAAAAAAAAAA`)).toEqual({ token, secret: 'AAAAAAAAAAAAAAAAAAAAAA' });
  });
  it('is refused when it is damaged', () => {
    for (const bad of ['', '#', '#short', `#${token}.`, `#${token}.short`, `#${token}%20`, `#${'a'.repeat(65)}`, `#${token}\n`]) expect(parseFragment(bad)).toBeNull();
  });
  it('is never one of the page’s own routes', () => {
    expect(parseFragment('#/check')).toBeNull();
    expect(parseFragment('#/abcdefghijklmnopqrstuvw')).toBeNull();
  });
});
