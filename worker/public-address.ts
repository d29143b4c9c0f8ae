import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * An endpoint lies where a request from inside must not go: the machine itself, its network, a cloud's metadata service.
 * Whoever may register an address could else have Tend ask there in their place (server-side request forgery).
 */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';

  constructor(host: string, range: string) {
    super(
      `${host} is at an address that is refused (${range}): requests go to public addresses only, unless TEND_WEBHOOK_ALLOW_PRIVATE is true.`,
    );
  }
}

/** Addresses in the public range at which a cloud's host, not the internet, answers (Azure's WireServer). */
const METADATA = new Set(['168.63.129.16']);
/** The only part of IPv6 that is given out for the internet (RFC 4291 §2.4, IANA). */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** IPv4 behind a translator (RFC 6052): how an IPv6-only machine reaches the IPv4 internet. */
const TRANSLATED = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** Null for an address of the public internet, else the name of the range it belongs to. Not public unless known to be. */
export function forbiddenRange(address: string): string | null {
  if (!ipaddr.isValid(address)) return 'no address';
  // `process` takes IPv4 out of the IPv6 addresses that stand for it (::ffff:127.0.0.1).
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) {
    if (METADATA.has(parsed.toString())) return 'metadata';
    const range = parsed.range();
    return range === 'unicast' ? null : range;
  }
  if (parsed.match(TRANSLATED)) return forbiddenRange(new ipaddr.IPv4(parsed.toByteArray().slice(12)).toString());
  const range = parsed.range();
  if (range !== 'unicast') return range;
  return parsed.match(GLOBAL_IPV6) ? null : 'reserved';
}

/** Throws `ForbiddenAddressError` where the host of `url` is itself an address that is not public. */
export function assertPublicLiteral(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const range = isIP(host) === 0 ? null : forbiddenRange(host);
  if (range !== null) throw new ForbiddenAddressError(host, range);
}

/**
 * Looks a name up for a connection that is about to be made, and refuses it when any of its addresses is not public.
 * Looking here, and not before, leaves no time in which the name could get another address (DNS rebinding).
 */
export function publicLookup(resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      for (const { address } of addresses) {
        const range = forbiddenRange(address);
        if (range !== null) {
          callback(new ForbiddenAddressError(hostname, range), '', 0);
          return;
        }
      }
      const [first] = addresses;
      if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}
