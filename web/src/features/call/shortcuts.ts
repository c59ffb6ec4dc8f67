export type ShortcutAct = 'microphone' | 'camera' | 'share' | 'help';

interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
  readonly target: unknown;
}

const acts = new Map<string, ShortcutAct>([['m', 'microphone'], ['v', 'camera'], ['s', 'share'], ['?', 'help']]);
const typing = new Set(['INPUT', 'TEXTAREA', 'SELECT']);

/** What a key does in a call: nothing while somebody types, with a modifier, in a sheet, or held down. */
export function shortcut(event: Press, sheetOpen: boolean): ShortcutAct | null {
  if (sheetOpen || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return null;
  const target = event.target as { tagName?: string; isContentEditable?: boolean } | null;
  if (target !== null && (typing.has(target.tagName ?? '') || target.isContentEditable === true)) return null;
  return acts.get(event.key.toLowerCase()) ?? null;
}
