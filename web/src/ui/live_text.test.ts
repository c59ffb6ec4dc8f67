// Fault B2, for every component there is: no words that change stand in a text node that Svelte would go on writing into, and
// no block begins or ends with one. That the pages then follow is tried in a browser (tests/screens.mjs, tests/e2e).

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';
import { wordsInElements } from '../../build_live_text.ts';

const source = fileURLToPath(new URL('..', import.meta.url));
const components = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.svelte'));
const compiled = (text: string): string => compile(text, { runes: true, css: 'external', generate: 'client', warningFilter: () => false }).js.code;

describe('fault B2: words that change', () => {
  it('are written into text nodes without the build’s step: what the test looks for is there', () => {
    const plain = components.filter((name) => compiled(readFileSync(source + name, 'utf8')).includes('$.set_text('));
    expect(plain.length).toBeGreaterThan(20);
  });
  it.each(components)('stand in elements: %s', (name) => {
    const code = compiled(wordsInElements(readFileSync(source + name, 'utf8'), name));
    expect(code).not.toMatch(/\$\.set_text\(|\$\.text\(/);
    // Templates of blocks: none begins or ends with words.
    for (const [, template] of code.matchAll(/\$\.from_html\(`([^`]*)`/g)) expect(template).not.toMatch(/^[^<\s]|[^>\s]$/);
  });
});

describe('every page', () => {
  // Without it the elements stay as they were made: "…".
  const entries = readdirSync(`${source}entries`).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  it.each(entries)('%s brings the element', (name) => {
    expect(readFileSync(`${source}entries/${name}`, 'utf8')).toContain("import '../ui/live_text.ts';");
  });
});

describe('the step', () => {
  const made = (text: string): string => wordsInElements(text);
  it('keeps white space outside, decodes and collapses inside', () => {
    expect(made('<p>\n  Until {date}, &amp;\n  then {what}\n</p>')).toBe('<p>\n  <live-text says={`Until ${date ?? \'\'}, & then ${what ?? \'\'}`}>…</live-text>\n</p>');
    expect(made('<p><b>{a}</b> {b}</p>')).toBe('<p><b><live-text says={a}>…</live-text></b> <live-text says={b}>…</live-text></p>');
    expect(made('<pre>  {a}\n</pre>')).toBe('<pre><live-text says={`  ${a ?? \'\'}\n`}>…</live-text></pre>');
  });
  it('escapes what a template literal would take for its own', () => {
    expect(made('<p>`\\ $&#123;x} {a}</p>')).toBe('<p><live-text says={`\\`\\\\ \\${x} ${a ?? \'\'}`}>…</live-text></p>');
  });
  it('takes the edges of blocks and what components are given', () => {
    expect(made('{#if a}yes{:else}no <b>!</b>{/if}')).toBe('{#if a}<live-text>yes</live-text>{:else}<live-text>no</live-text> <b>!</b>{/if}');
    expect(made('<Button>{said.go}</Button>')).toBe('<Button><live-text says={said.go}>…</live-text></Button>');
  });
  it('leaves words that never change inside an element, and elements that hold text only', () => {
    expect(made('<p>never</p>')).toBe('<p>never</p>');
    expect(made('<option value={a}>{b}</option>')).toBe('<option value={a} {@attach (element) => { element.textContent = b; }}></option>');
  });
});
