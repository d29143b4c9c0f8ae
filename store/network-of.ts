import ipaddr from 'ipaddr.js';

/**
 * The network of an address: an IPv4 /24, an IPv6 /48, which is what a site is given (RFC 6177). Scanners fetch from several
 * addresses of one. Null: `address` is none.
 */
export function networkOf(address: string): string | null {
  if (!ipaddr.isValid(address)) return null;
  // An IPv4 address as a dual-stack socket shows it (RFC 4291 §2.5.5.2) is that address.
  const parsed = ipaddr.process(address);
  const bytes = parsed.toByteArray();
  return parsed.kind() === 'ipv4' ? `${bytes.slice(0, 3).join('.')}.0/24` : `${hex(bytes.slice(0, 6))}/48`;
}

/** `address` as it is written in one way only; null: it is none. */
export function canonicalAddress(address: string): string | null {
  return ipaddr.isValid(address) ? ipaddr.process(address).toNormalizedString() : null;
}

function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
