// The element in which words that change stand: <live-text says={…}>, made of every text with a value by build_live_text.ts.
//
// What it says is what it was told last, whatever a translator or an extension of the browser has put in its place meanwhile:
// the element is ours and stays, only what is in it is replaced. The same words again touch nothing, so that a translation, a
// selection or an announcement is not started anew.

export class LiveText extends HTMLElement {
  #said: string | null = null;

  set says(value: unknown) {
    const words = value === null || value === undefined ? '' : String(value);
    if (words === this.#said) return;
    this.#said = words;
    this.textContent = words;
  }
}

customElements.define('live-text', LiveText);
