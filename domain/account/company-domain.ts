import { parse } from 'tldts';
import { normaliseDomain } from '../identity/normalise.ts';
import { isMailboxProvider } from './mailbox-providers.ts';

/**
 * The company that a mail address belongs to, by its registrable domain in lower case: `petersen@mail.modehaus.de` gives
 * `modehaus.de`. Null where the address tells of no company: at a public or disposable mailbox provider, or under a name
 * that is not of the public internet. `email` is normalised, as identities keep it.
 */
export function companyDomain(email: string): string | null {
  return companyDomainOf(email.slice(email.lastIndexOf('@') + 1));
}

/** The same for a domain as people write it (`www.modehaus.de`). Null for what is no company's domain. */
export function companyDomainOf(text: string): string | null {
  const host = normaliseDomain(text.trim().toLowerCase().replace(/\.$/, ''));
  if (host === null) return null;
  // With the private part of the public suffix list: firma.com.de and laden.com.de are two companies.
  const { domain, domainWithoutSuffix, publicSuffix, isIcann, isPrivate } = parse(host, { allowPrivateDomains: true });
  if (domain === null || domainWithoutSuffix === null) return null;
  // Nobody can register under other names (`.internal`); `.example` is what examples and trials are made of (RFC 2606).
  if (isIcann !== true && isPrivate !== true && publicSuffix !== 'example') return null;
  for (let name = host; ; name = name.slice(name.indexOf('.') + 1)) {
    if (isMailboxProvider(name, domainWithoutSuffix)) return null;
    if (name === domain) return domain;
  }
}
