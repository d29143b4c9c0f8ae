import type { Transaction } from './database.ts';
import { sql } from './sql.ts';

/** Any number that nothing else in this database locks by. */
const PUBLISHING = 7_364_661;

/**
 * Plans hold this, shared, from before they lock their lead. So none reads what was published before and commits after the
 * publishing has looked for whom to wake: such a lead would sleep for ever on what is no longer so.
 */
export async function holdOffPublishing(transaction: Transaction): Promise<void> {
  await transaction.query(sql`SELECT pg_advisory_xact_lock_shared(${PUBLISHING}::bigint)`);
}

/** Publishing takes it alone, before any lead's lock: it waits for the plans under way, and the next ones for it. */
export async function holdOffPlans(transaction: Transaction): Promise<void> {
  await transaction.query(sql`SELECT pg_advisory_xact_lock(${PUBLISHING}::bigint)`);
}
