/** Contrast of two colours by WCAG 2.2 ("relative luminance"); `#rrggbb` only. */

function channel(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function luminance(colour: string): number {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (match === null) throw new Error(`not a colour: ${colour}`);
  const [red, green, blue] = match.slice(1).map((part) => channel(Number.parseInt(part, 16)));
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** The custom properties of tokens.css with a plain colour, once per theme; dark starts from light as the cascade does. */
export function readTokens(css: string): { light: Map<string, string>; dark: Map<string, string> } {
  const split = css.indexOf('@media (prefers-color-scheme: dark)');
  const read = (text: string): [string, string][] => [...text.matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6});/gi)].map((found) => [found[1] ?? '', found[2] ?? '']);
  const light = new Map(read(css.slice(0, split)));
  return { light, dark: new Map([...light, ...read(css.slice(split))]) };
}
