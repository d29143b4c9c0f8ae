import { parse } from 'tldts';
import { readTags } from './tags.ts';

/** A policy record (RFC 7489 §6.3), read. */
export interface DmarcRecord {
  readonly policy: 'none' | 'quarantine' | 'reject';
  /** For names below the domain. */
  readonly subdomainPolicy: 'none' | 'quarantine' | 'reject' | null;
  /** Must the names be equal, or of one organisation? */
  readonly dkimAlignment: Alignment;
  readonly spfAlignment: Alignment;
  readonly percent: number;
  readonly reportsTo: readonly string[];
}

export type Alignment = 'relaxed' | 'strict';

const policies = ['none', 'quarantine', 'reject'] as const;

/** Whether a TXT record is one of DMARC. */
export function isDmarc(text: string): boolean {
  return /^v\s*=\s*DMARC1\s*(?:;|$)/.test(text);
}

/** Reads a record. Throws an Error that says what is wrong: receivers then take it for none. */
export function parseDmarc(text: string): DmarcRecord {
  const tags = readTags(text);
  const policyAt = (tag: string) => {
    const value = tags.get(tag);
    if (value === undefined) return null;
    const policy = policies.find((one) => one === value.toLowerCase());
    if (policy === undefined) throw new Error(`says ${tag}=${value}, and ${policies.join(', ')} are what it may say`);
    return policy;
  };
  const policy = policyAt('p');
  if (policy === null) throw new Error('has no p=, the policy');
  const percent = Number(tags.get('pct') ?? 100);
  if (!Number.isInteger(percent) || percent < 0 || percent > 100) throw new Error('has a pct= that is no percentage');
  return {
    policy,
    subdomainPolicy: policyAt('sp'),
    dkimAlignment: tags.get('adkim')?.toLowerCase() === 's' ? 'strict' : 'relaxed',
    spfAlignment: tags.get('aspf')?.toLowerCase() === 's' ? 'strict' : 'relaxed',
    percent,
    reportsTo: (tags.get('rua') ?? '').split(',').flatMap((address) => address.trim() || []),
  };
}

/** The domain that somebody registered, by the public suffix list (RFC 7489 §3.2): `mail.shop.co.uk` is of `shop.co.uk`. */
export function organisationOf(domain: string): string {
  return parse(domain, { allowPrivateDomains: true }).domain ?? domain;
}

/** Whether `domain` vouches for the domain of the From (RFC 7489 §3.1). */
export function isAligned(from: string, domain: string, alignment: Alignment): boolean {
  return alignment === 'strict' ? from === domain : organisationOf(from) === organisationOf(domain);
}
