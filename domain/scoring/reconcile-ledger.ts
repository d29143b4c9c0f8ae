import type { Instant } from '../instant.ts';
import type { Award } from './advance.ts';

/** A ledger row in force. */
export interface LedgerRow {
  readonly id: number;
  readonly interactionId: number;
  readonly rule: string;
  readonly points: number;
  readonly provisional: boolean;
  readonly occurredAt: Instant;
}

/**
 * What a fold from the start changes in the ledger: rows that no longer hold are superseded, new awards are added,
 * equal ones stay as they are.
 */
export function reconcileLedger(
  inForce: readonly LedgerRow[],
  awards: readonly Award[],
): { readonly superseded: readonly number[]; readonly added: readonly Award[] } {
  const open = new Map(inForce.map((row) => [keyOf(row), row]));
  const added: Award[] = [];
  for (const award of awards) {
    const key = keyOf(award);
    const row = open.get(key);
    if (row !== undefined && row.points === award.points && row.provisional === award.provisional) open.delete(key);
    else added.push(award);
  }
  return { superseded: [...open.values()].map((row) => row.id), added };
}

/** Silence may be noted several times since one interaction. */
function keyOf({ interactionId, rule, occurredAt }: Pick<Award, 'interactionId' | 'rule' | 'occurredAt'>): string {
  return `${interactionId} ${rule} ${occurredAt}`;
}
