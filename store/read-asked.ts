import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** What a lead was asked before, by attribute. */
export async function readAsked(queryable: Queryable, leadId: string): Promise<Set<string>> {
  const rows = await queryable.query<{ attribute: string }>(sql`
    SELECT DISTINCT question->>'attribute' AS attribute FROM message
    WHERE lead_id = ${leadId}::uuid AND question IS NOT NULL AND state NOT IN ('dropped', 'superseded')`);
  return new Set(rows.map(({ attribute }) => attribute));
}
