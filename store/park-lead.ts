import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { at, sql } from './sql.ts';

/**
 * Sets a lead aside whose history or plan cannot be processed, with the error for `why`. An error's message may quote
 * a person's data: it is kept here and shown to those who may see the lead, never logged.
 */
export async function parkLead(database: Database, clock: Clock, leadId: string, error: unknown): Promise<void> {
  await database.query(sql`
    UPDATE lead SET parked_at = ${at(clock.now())}, parked_error = ${describeError(error)} WHERE id = ${leadId}::uuid`);
}

export function describeError(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
}
