import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import type { Transaction } from './database.ts';
import { sql } from './sql.ts';

export interface LockedLead {
  readonly id: string;
  readonly stage: LeadStage;
  readonly erasedAt: Instant | null;
  readonly attentionRev: number;
  readonly plannedRev: number;
  readonly nextLookAt: Instant | null;
  readonly parked: boolean;
  readonly accountId: string | null;
  /** Of a test lead: how far its clock is ahead, in milliseconds. */
  readonly clockOffset: number;
}

/**
 * Locks the lead's row, which is the mutex of everything decided about this person, and follows merges to the lead
 * that lives on. `FOR NO KEY UPDATE`: rows that refer to the lead may still be inserted meanwhile. What the decision
 * reads must be read in a later statement than this one, or it may be older than the lock.
 *
 * Throws `not-found`.
 */
export async function lockLead(transaction: Transaction, leadId: string): Promise<LockedLead> {
  const lead = await lockLeadIfAny(transaction, leadId);
  if (lead === null) throw new TendError('not-found', `There is no lead ${leadId}.`);
  return lead;
}

export async function lockLeadIfAny(transaction: Transaction, leadId: string): Promise<LockedLead | null> {
  for (let id = leadId; ; ) {
    const [row] = await transaction.query<LockedLead & { mergedInto: string | null }>(sql`
      SELECT id, stage, merged_into AS "mergedInto", erased_at AS "erasedAt", attention_rev AS "attentionRev",
             planned_rev AS "plannedRev", next_look_at AS "nextLookAt", parked_at IS NOT NULL AS parked,
             account_id AS "accountId", clock_offset_ms AS "clockOffset"
      FROM lead WHERE id = ${id}::uuid FOR NO KEY UPDATE`);
    if (row === undefined) return null;
    if (row.mergedInto === null) return row;
    id = row.mergedInto;
  }
}
