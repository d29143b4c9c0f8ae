import { parse } from 'tldts';

/**
 * True where two web addresses are of the same registrable domain (`www.shop.example` and `shop.example`), or of the same
 * host where there is none (`localhost`, an IP address). Shops under a shared suffix, such as github.io, are two.
 */
export function isSameSite(one: string, other: string): boolean {
  return siteOf(one) === siteOf(other);
}

function siteOf(address: string): string {
  const { hostname } = new URL(address);
  return parse(hostname, { allowPrivateDomains: true }).domain ?? hostname;
}
