import type { Transaction } from './database.ts';
import type { LeadToAssess } from './read-assessment.ts';
import { sql } from './sql.ts';

/**
 * Test leads live ahead of the clock, and what they do happens at their own time: a click on the mail of next week is a
 * click of next week. It is moved there before it is folded, once; what was recorded by the lead's own clock is there.
 */
export async function moveToOwnTime(transaction: Transaction, leads: readonly LeadToAssess[]): Promise<void> {
  const ahead = leads.filter(({ clockOffset }) => clockOffset > 0);
  if (ahead.length === 0) return;
  await transaction.query(sql`
    UPDATE interaction SET own_time = true, occurred_at = occurred_at + lead.clock_offset_ms * interval '1 millisecond'
    FROM lead WHERE lead.id = interaction.lead_id AND lead.id = ANY(${ahead.map(({ id }) => id)}::uuid[])
      AND assessed_at IS NULL AND own_time IS NULL`);
}
