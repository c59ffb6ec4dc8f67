/** Compares two catalogues key by key; used by the tests of every feature's words. Empty when they match. */
export function differences(en: unknown, nl: unknown, path = ''): string[] {
  const here = path === '' ? '(root)' : path;
  if (typeof en !== typeof nl) return [`${here}: ${typeof en} in English, ${typeof nl} in Dutch`];
  if (typeof en === 'string') return en.trim() === '' || (nl as string).trim() === '' ? [`${here}: empty`] : [];
  if (typeof en === 'function') return en.length === (nl as (...args: never[]) => unknown).length ? [] : [`${here}: takes other values`];
  if (typeof en === 'object' && en !== null && nl !== null) {
    const [one, other] = [en as Record<string, unknown>, nl as Record<string, unknown>];
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) => {
      const at = path === '' ? key : `${path}.${key}`;
      if (!(key in one)) return [`${at}: missing in English`];
      if (!(key in other)) return [`${at}: missing in Dutch`];
      return differences(one[key], other[key], at);
    });
  }
  return [];
}

/** Paths whose words are the same in both languages: most often a sentence that nobody translated. */
export function untranslated(en: unknown, nl: unknown, path = ''): string[] {
  if (typeof en === 'string') return en === nl && /\s/.test(en) ? [path] : [];
  if (typeof en === 'object' && en !== null && typeof nl === 'object' && nl !== null) {
    return Object.keys(en).flatMap((key) => untranslated((en as Record<string, unknown>)[key], (nl as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`));
  }
  return [];
}
