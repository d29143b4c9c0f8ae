import type { Instant } from '../instant.ts';

/** A lead that an identify names by one of its identities. */
export interface NamedLead {
  readonly id: string;
  readonly createdAt: Instant;
  readonly userIds: readonly string[];
}

export type LinkDecision =
  | { readonly kind: 'create' }
  /** Known by an anonymous id only: not yet a person who gave their data. */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'use'; readonly lead: string }
  | { readonly kind: 'merge'; readonly survivor: string; readonly losers: readonly string[] }
  /** Two accounts of the website are two people, even when one names the other's address. */
  | { readonly kind: 'conflict'; readonly lead: string; readonly others: readonly string[] };

/**
 * Whose an identify is. `leads` are those that its identities point to already; `byUserId` is the one that its user id
 * points to. A user id is the website's own word and outweighs an address, which people mistype and share.
 */
export function decideLink(
  leads: readonly NamedLead[],
  identify: { readonly userId: string | null; readonly givesData: boolean; readonly leadOfUserId: string | null },
): LinkDecision {
  const [only, ...more] = leads;
  if (only === undefined) return identify.givesData ? { kind: 'create' } : { kind: 'nobody' };
  if (more.length === 0) {
    const ownsAnotherAccount =
      identify.userId !== null &&
      only.id !== identify.leadOfUserId &&
      only.userIds.length > 0 &&
      !only.userIds.includes(identify.userId);
    // A new account names the address of an existing one: a second person at one address, or a typing error.
    return ownsAnotherAccount ? { kind: 'create' } : { kind: 'use', lead: only.id };
  }
  const accounts = new Set(leads.flatMap(({ userIds }) => userIds));
  if (identify.userId !== null) accounts.add(identify.userId);
  const oldestFirst = [...leads].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  const survivor = oldestFirst[0] ?? only;
  if (accounts.size <= 1)
    return { kind: 'merge', survivor: survivor.id, losers: oldestFirst.slice(1).map(({ id }) => id) };
  const lead = identify.leadOfUserId ?? survivor.id;
  return { kind: 'conflict', lead, others: leads.filter(({ id }) => id !== lead).map(({ id }) => id) };
}
