// Test only: does to a page what a browser's translator does. Each text is put into <font><font>text</font></font> by
// replaceWith; texts that come later, or change in place, are too. The words stay the same, so that they can be compared.
// `blank` also takes texts of white space alone, which real translators leave.

/** Runs in the page; give it to evaluate() or addInitScript(). */
export function translate({ blank = false } = {}) {
  const done = new WeakSet();
  const wrap = (text) => {
    if (done.has(text) || !text.isConnected || text.nodeValue === '' || (!blank && text.nodeValue.trim() === '')) return;
    if (['SCRIPT', 'STYLE', 'TEXTAREA', 'NOSCRIPT'].includes(text.parentNode.nodeName)) return;
    const [outer, inner] = [document.createElement('font'), document.createElement('font')];
    inner.textContent = text.nodeValue;
    done.add(inner.firstChild);
    outer.append(inner);
    text.replaceWith(outer);
  };
  const within = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return wrap(node);
    const texts = [];
    for (const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT); walker.nextNode(); ) texts.push(walker.currentNode);
    texts.forEach(wrap);
  };
  const start = () => {
    new MutationObserver((records) => {
      for (const record of records) {
        if (record.type === 'childList') record.addedNodes.forEach(within);
        else if (!done.has(record.target)) wrap(record.target);
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
    within(document.body);
  };
  if (document.body) start();
  else addEventListener('DOMContentLoaded', start);
}

/** What can be read on the page, without white space; what passes by itself after some seconds is left out. */
const read = () => {
  const passing = [...document.querySelectorAll('[data-testid=mended], [data-testid=toasts]')].map((element) => element.innerText);
  let words = document.body.innerText;
  for (const one of passing) words = words.replace(one, '');
  return words.replace(/\s+/g, '');
};

/**
 * Takes the page through the states twice, as it is and translated: it must read the same. `states`: functions that bring the
 * page into a state. Returns what differs.
 */
export async function followsStates(page, states) {
  const pass = async () => {
    const said = [];
    for (const [name, bring] of states) {
      await bring(page);
      await page.waitForTimeout(60);
      said.push([name, await page.evaluate(read)]);
    }
    return said;
  };
  const plain = await pass();
  await page.evaluate(translate, { blank: true });
  await page.waitForTimeout(30);
  const fonts = await page.locator('font').count();
  if (fonts === 0) return ['translated: nothing was translated'];
  const translated = await pass();
  return plain.flatMap(([name, words], index) => {
    const now = translated[index][1];
    if (now === words) return [];
    let at = 0;
    while (now[at] === words[at]) at += 1;
    return [`translated, ${name}: reads "${now.slice(Math.max(0, at - 30), at + 60)}" in place of "${words.slice(Math.max(0, at - 30), at + 60)}"`];
  });
}
