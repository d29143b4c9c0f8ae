import type { KnownOverTime } from '../domain/attributes/history.ts';
import { compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import type { Database } from './database.ts';
import { type LeadOfHistory, readAttributeHistories } from './read-attribute-histories.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

/** All that a lead's score and every condition about it are made from, as it is recorded. */
export interface LeadHistory {
  readonly leadId: string;
  /** Without those that a machine made, in fold order. */
  readonly interactions: readonly Interaction[];
  readonly attributes: KnownOverTime;
}

/** A merged lead's id gives the lead that lives on. Throws `not-found`. */
export async function readHistory(database: Database, leadId: string): Promise<LeadHistory> {
  const id = await resolveLead(database, leadId);
  const [lead] = await database.query<LeadOfHistory>(
    sql`SELECT id, stage, account_id AS "accountId" FROM lead WHERE id = ${id}::uuid`,
  );
  if (lead === undefined) throw new Error(`lead ${id} has gone`);
  const interactions = await database.query<Interaction>(sql`
    SELECT id, source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt" FROM interaction
    WHERE lead_id = ${id}::uuid AND discounted_at IS NULL`);
  const attributes = (await readAttributeHistories(database, [lead])).get(id);
  if (attributes === undefined) throw new Error(`nothing was read of lead ${id}`);
  return { leadId: id, interactions: interactions.sort(compareFoldOrder), attributes };
}
