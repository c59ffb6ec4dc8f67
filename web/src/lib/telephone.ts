/** A telephone number as an address that dials it: digits and plus signs are what counts. */
export function dialAddress(telephone: string): string {
  return `tel:${telephone.replace(/[^+\d]/g, '')}`;
}
