import type { Instant } from '../instant.ts';

/**
 * Why a person's data goes: Art. 17(1) GDPR, letters a to f, the plainest case, that the person asked, and `unconfirmed`: a
 * sign-up that nobody confirmed, and that nothing else is known of. A list and no text, because it is kept when everything
 * about the person has gone.
 */
export const erasureGrounds = [
  'asked',
  'no-longer-needed',
  'consent-withdrawn',
  'objection',
  'unlawful',
  'legal-obligation',
  'child',
  'unconfirmed',
] as const;
export type ErasureGround = (typeof erasureGrounds)[number];

/** `waiting`: gone for all that decides, but a mail or webhook about the person is leaving at this moment. */
export type ErasureState = 'waiting' | 'done';

/** An erasure as it is on record: ids, instants and a ground, nobody's data. */
export interface Erasure {
  readonly leadId: string;
  /** It and the leads that were merged into it. */
  readonly leadIds: readonly string[];
  readonly state: ErasureState;
  readonly because: ErasureGround;
  /** Whether the address is kept as a keyed hash, so that it is not written to again by accident. */
  readonly keepHash: boolean;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly doneAt: Instant | null;
}

/**
 * How long keyed hashes of an erased person's identities are kept to tell late events by: Segment's clients hold back what
 * they could not send in local storage, and a telephone may lie in a drawer for a while.
 */
export const LATE_EVENTS_MS = 90 * 86_400_000;

/**
 * A pattern (of PostgreSQL's advanced regular expressions, to be matched without regard to case) that finds these addresses in
 * free text and addresses of pages, and not as the end of a longer one: `anna@x.example` is not in `joanna@x.example`. Null for
 * no addresses. `asUnicode` gives an international domain's readable form.
 */
export function mentionPattern(addresses: readonly string[], asUnicode: (domain: string) => string): string | null {
  if (addresses.length === 0) return null;
  const forms = addresses.flatMap((address) => {
    const at = address.lastIndexOf('@');
    const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
    const locals = new Set([local, encodeURIComponent(local)]);
    const domains = new Set([domain, asUnicode(domain), encodeURIComponent(asUnicode(domain))]);
    return [...locals].flatMap((each) => [...domains].map((host) => `${literal(each)}(?:@|%40)${literal(host)}`));
  });
  return `(?:(?<![[:alnum:]._%+-])|(?<=%[0-9a-f][0-9a-f]))(?:${forms.join('|')})(?![[:alnum:]-]|\\.[[:alnum:]])`;
}

/**
 * What every mention of these addresses has in it, as patterns of LIKE for text in lower case: far cheaper than the pattern
 * above, and almost no row passes.
 */
export function mentionHints(addresses: readonly string[]): string[] {
  const locals = addresses.map((address) => address.slice(0, address.lastIndexOf('@')));
  const forms = new Set(locals.flatMap((local) => [local, encodeURIComponent(local).toLowerCase()]));
  return [...forms].map((form) => `%${form.replaceAll(/[\\%_]/g, '\\$&')}%`);
}

function literal(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]/gu, '\\$&');
}
