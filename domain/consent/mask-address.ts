/**
 * A mail address of which only its owner recognises the person: `t…a@shop.example`. For pages that whoever holds a mail's
 * link can open.
 */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const letters = [...address.slice(0, at)];
  const last = letters.length > 2 ? (letters.at(-1) ?? '') : '';
  return `${letters[0] ?? ''}…${last}${address.slice(at)}`;
}
