import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { at, sql } from './sql.ts';

/**
 * Sets a lead aside whose history or plan cannot be processed, with the error for `why`: nothing is scored, planned or
 * sent for it until it is tried again. Its attention is raised, so that it is planned then. An error's message may
 * quote a person's data: it is kept here and shown to those who may see the lead, never logged.
 */
export async function parkLead(database: Database, clock: Clock, leadId: string, error: unknown): Promise<void> {
  await database.query(sql`
    UPDATE lead SET parked_at = ${at(clock.now())}, parked_error = ${describeError(error)}, attention_rev = attention_rev + 1
    WHERE id = ${leadId}::uuid AND erased_at IS NULL`);
}

/** The same for the lead that a message is about. */
export async function parkLeadOfMessage(
  database: Database,
  clock: Clock,
  messageId: string,
  error: unknown,
): Promise<void> {
  const [message] = await database.query<{ leadId: string }>(
    sql`SELECT lead_id AS "leadId" FROM message WHERE id = ${messageId}::uuid`,
  );
  if (message !== undefined) await parkLead(database, clock, message.leadId, error);
}

/** What of an error may outlive a person's erasure: PostgreSQL's and Node's code, else its kind, and nothing it says. */
export function errorCode(error: unknown): string {
  return (error as { code?: string }).code ?? (error instanceof Error ? error.name : 'unknown');
}

export function describeError(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
}
