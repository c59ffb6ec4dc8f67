/** For a page's heading: the keyboard and the screen reader go on from there when the page appears. */
export function announced(heading: HTMLElement): void {
  if (document.querySelector('dialog[open]') === null) heading.focus({ preventScroll: true });
}
