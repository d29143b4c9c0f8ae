import { TendError } from '../domain/errors.ts';
import type { HandoffOutcome } from '../domain/handoff/outcome.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database, Transaction } from './database.ts';
import { type LockedLead, lockLead } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { assertId } from './resolve-lead.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

export interface LockedHandoff {
  readonly id: string;
  readonly state: 'offered' | 'accepted' | 'closed';
  readonly outcome: HandoffOutcome | null;
  readonly owner: string | null;
  readonly ownerName: string | null;
  readonly round: number;
}

/**
 * Runs `change` with a handoff, under its lead's lock, which is taken first as everywhere; whatever it does is an input
 * of the lead's plan, so the lead is looked at afterwards, and the handoff's process too.
 *
 * Throws `not-found`.
 */
export async function withHandoff<T>(
  database: Database,
  handoffId: string,
  change: (transaction: Transaction, handoff: LockedHandoff, lead: LockedLead) => Promise<T>,
): Promise<T> {
  assertId('handoff', handoffId);
  const [target] = await database.query<{ leadId: string }>(
    sql`SELECT lead_id AS "leadId" FROM handoff WHERE id = ${handoffId}::uuid`,
  );
  if (target === undefined) throw new TendError('not-found', `There is no handoff ${handoffId}.`);
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, target.leadId);
    const [handoff] = await transaction.query<LockedHandoff>(sql`
      SELECT handoff.id, state, outcome, owner_key AS owner, rep.name AS "ownerName", round
      FROM handoff LEFT JOIN rep ON rep.key = handoff.owner_key WHERE handoff.id = ${handoffId}::uuid FOR UPDATE OF handoff`);
    if (handoff === undefined) throw new Error(`handoff ${handoffId} has gone`);
    const result = await change(transaction, handoff, lead);
    await transaction.query(sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id = ${handoffId}::uuid`);
    await transaction.notify('tend_handoff', handoffId);
    await raiseAttention(transaction, [lead.id]);
    return result;
  });
}

/** The name and key of an active representative. Throws `invalid-request`. */
export async function activeRep(
  transaction: Transaction,
  key: string,
): Promise<{ readonly key: string; readonly name: string }> {
  const [rep] = await transaction.query<{ key: string; name: string }>(
    sql`SELECT key, name FROM rep WHERE key = ${key} AND active`,
  );
  if (rep !== undefined) return rep;
  throw new TendError('invalid-request', 'The representative is not known.', [
    { path: 'rep', problem: `there is no active representative "${key.slice(0, 63)}": PUT /api/reps/<key> adds one` },
  ]);
}

/** The handoff is no longer offered to anybody: its mail, if it has not left yet, must not reach a representative. */
export async function supersedeRepMail(
  transaction: Transaction,
  handoffId: string,
  reason: string,
  now: Instant,
): Promise<void> {
  const late = await transaction.query<{ id: string }>(sql`
    UPDATE message SET state = 'superseded', reason = ${reason}, finished_at = ${at(now)}, next_attempt_at = NULL
    WHERE handoff_id = ${handoffId}::uuid AND recipient_kind = 'rep' AND state IN ('due', 'deferred', 'delayed') RETURNING id`);
  if (late.length === 0) return;
  await writeMessageEvents(
    transaction,
    now,
    late.map(({ id }) => ({ messageId: id, state: 'superseded', reason, until: null })),
  );
}
