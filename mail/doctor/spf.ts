import { isIP } from 'node:net';

/** A record of RFC 7208, read. */
export interface SpfRecord {
  readonly directives: readonly SpfDirective[];
  /** Taken where no directive matches. */
  readonly redirect: string | null;
}

export type SpfQualifier = '+' | '-' | '~' | '?';
export const spfMechanisms = ['all', 'include', 'a', 'mx', 'ptr', 'ip4', 'ip6', 'exists'] as const;
export type SpfMechanism = (typeof spfMechanisms)[number];

export interface SpfDirective {
  readonly qualifier: SpfQualifier;
  readonly mechanism: SpfMechanism;
  /** A domain, or of `ip4` and `ip6` an address; null: the domain that the record is of. */
  readonly value: string | null;
  readonly prefix4: number;
  readonly prefix6: number;
  /** As written. */
  readonly text: string;
}

/** The terms that cost a look-up in DNS, of which there may be ten in all (RFC 7208 §4.6.4). */
export const MOST_LOOKUPS = 10;

/** Whether a TXT record is one of SPF (RFC 7208 §4.5). */
export function isSpf(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/** Reads a record. Throws an Error that says which term is wrong: receivers then take the whole record for none. */
export function parseSpf(text: string): SpfRecord {
  if (!isSpf(text)) throw new Error('does not begin with "v=spf1 "');
  const directives: SpfDirective[] = [];
  let redirect: string | null = null;
  for (const term of text.split(/ +/).slice(1)) {
    if (term === '') continue;
    const modifier = /^([a-z][a-z0-9_.-]*)=(.*)$/i.exec(term);
    if (modifier === null) {
      directives.push(directiveOf(term));
    } else if (modifier[1]?.toLowerCase() === 'redirect') {
      if (redirect !== null) throw new Error('has two "redirect="');
      redirect = modifier[2] ?? '';
      if (redirect === '') throw new Error('has a "redirect=" without a domain');
    }
  }
  return { directives, redirect };
}

function directiveOf(term: string): SpfDirective {
  const parts = /^([+\-~?]?)([a-z0-9]+)(?::([^/\s]+))?(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/i.exec(term);
  const mechanism = spfMechanisms.find((one) => one === parts?.[2]?.toLowerCase());
  if (parts === null || mechanism === undefined) throw new Error(`has a term that is none of SPF's: "${term}"`);
  const [, sign, , value = null, four, six] = parts;
  const prefix4 = Number(four ?? 32);
  const prefix6 = Number((mechanism === 'ip6' ? four : six) ?? 128);
  checkValue(term, mechanism, value);
  if (mechanism !== 'ip6' && prefix4 > 32) throw new Error(`has a prefix longer than 32 in "${term}"`);
  if (prefix6 > 128) throw new Error(`has a prefix longer than 128 in "${term}"`);
  return { qualifier: (sign || '+') as SpfQualifier, mechanism, value, prefix4, prefix6, text: term };
}

function checkValue(term: string, mechanism: SpfMechanism, value: string | null): void {
  const needsValue = mechanism !== 'all' && mechanism !== 'a' && mechanism !== 'mx' && mechanism !== 'ptr';
  if (needsValue && value === null) throw new Error(`lacks what stands behind the colon in "${term}"`);
  if (mechanism === 'all' && value !== null) throw new Error(`has something behind "all" in "${term}"`);
  if (mechanism === 'ip4' && isIP(value ?? '') !== 4) throw new Error(`has no IPv4 address in "${term}"`);
  if (mechanism === 'ip6' && isIP(value ?? '') !== 6) throw new Error(`has no IPv6 address in "${term}"`);
}

/** True where a term asks DNS. */
export function asksDns(mechanism: SpfMechanism): boolean {
  return mechanism !== 'all' && mechanism !== 'ip4' && mechanism !== 'ip6';
}
