import { parse, type AST } from 'svelte/compiler';
import type { PreprocessorGroup } from 'svelte/compiler';

// Words that change stand in an element of their own (docs/decisions/0012-words-in-elements.md, src/ui/live_text.ts):
//
//   <p>Until {date}, {reason}</p>   becomes   <p><live-text says={`Until ${date}, ${reason}`}>…</live-text></p>
//
// (What stands in it is replaced before anybody sees it; it tells Svelte's checks that a heading or a button is not empty.)
//
// Svelte would keep the text node and write into it. A translator of the browser puts other nodes in its place, and what is
// written afterwards goes into a node that nobody sees. An element stays where it is, whatever becomes of the nodes in it.

type Node = AST.Fragment['nodes'][number];
type Words = AST.Text | AST.ExpressionTag;

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Elements that may hold text and nothing else: their words are set from an attachment. */
const textOnly = new Set(['option', 'textarea', 'title']);
const untouched = new Set(['script', 'style', 'svg']);

export function liveText(): PreprocessorGroup {
  return {
    name: 'parlour-live-text',
    markup: ({ content, filename }) => ({ code: wordsInElements(content, filename) }),
  };
}

/** Exported for tests. */
export function wordsInElements(source: string, filename?: string): string {
  const edits: Edit[] = [];
  const root = parse(source, { modern: true, ...(filename === undefined ? {} : { filename }) });
  walk(root.fragment, null, source, edits);
  let out = source;
  for (const edit of edits.sort((a, b) => b.from - a.from)) out = out.slice(0, edit.from) + edit.text + out.slice(edit.to);
  return out;
}

function isWords(node: Node): node is Words {
  return node.type === 'Text' || node.type === 'ExpressionTag';
}

/** `element`: whose children these are; null for those of a block, a snippet or a component. */
function walk(fragment: AST.Fragment, element: string | null, source: string, edits: Edit[]): void {
  let run: Words[] = [];
  for (const node of [...fragment.nodes, null]) {
    if (node !== null && isWords(node)) {
      run.push(node);
      continue;
    }
    if (run.length > 0) edits.push(...editOf(run, element, source));
    run = [];
    if (node !== null) walkInto(node, source, edits);
  }
}

function walkInto(node: Node, source: string, edits: Edit[]): void {
  const element = node.type === 'RegularElement' ? node.name : null;
  if (element !== null && untouched.has(element)) return;
  for (const value of Object.values(node as object)) {
    if (typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Fragment') walk(value as AST.Fragment, element, source, edits);
  }
}

function editOf(run: readonly Words[], element: string | null, source: string): Edit[] {
  const changes = run.some((node) => node.type === 'ExpressionTag');
  const blank = run.every((node) => node.type === 'Text' && node.data.trim() === '');
  // Words that never change are in nobody's way inside an element. At the edge of a block Svelte removes by them.
  if (blank || (!changes && element !== null)) return [];
  const first = run[0]!;
  const last = run.at(-1)!;
  const exact = element === 'pre';
  // Svelte drops white space at the edges of an element; what stands between this run and its neighbours has to stay outside.
  const from = first.type === 'Text' && !exact ? first.start + (first.raw.length - first.raw.trimStart().length) : first.start;
  const to = last.type === 'Text' && !exact ? last.end - (last.raw.length - last.raw.trimEnd().length) : last.end;
  if (!changes) return [{ from, to, text: `<live-text>${source.slice(from, to)}</live-text>` }];
  const value = valueOf(run, exact, source);
  if (element === null || !textOnly.has(element)) return [{ from, to, text: `<live-text says={${value}}>…</live-text>` }];
  // "<option …>" ends right before its first child.
  return [
    { from: first.start - 1, to: first.start - 1, text: ` {@attach (element) => { element.textContent = ${value}; }}` },
    { from: first.start, to: last.end, text: '' },
  ];
}

function valueOf(run: readonly Words[], exact: boolean, source: string): string {
  const parts = run.map((node, index) => {
    if (node.type === 'ExpressionTag') return { code: source.slice(node.start + 1, node.end - 1).trim() };
    let text = exact ? node.data : node.data.replace(/[ \t\r\n\f]+/g, ' ');
    if (index === 0 && !exact) text = text.trimStart();
    if (index === run.length - 1 && !exact) text = text.trimEnd();
    return { text };
  }).filter((part) => part.text !== '');
  const only = parts[0]!;
  if (parts.length === 1 && only.code !== undefined) return only.code;
  return `\`${parts.map((part) => (part.code === undefined ? part.text.replace(/[\\`]|\$(?=\{)/g, '\\$&') : `\${${part.code} ?? ''}`)).join('')}\``;
}
