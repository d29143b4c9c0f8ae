import type { Instant } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';

/** How long an enrolment stood still, in all and in its present step, in milliseconds. */
export interface HeldFor {
  readonly id: string;
  readonly heldMs: number;
  readonly stepHeldMs: number;
  /** From when on its mails may go; null: as before. */
  readonly mailsFrom: Instant | null;
  /** How much later than the pause's end that is: what waits is not to be dropped for having to wait its turn. */
  readonly spreadMs: number;
}

/**
 * Sets the clocks of enrolments that were held on by that time: the present step, and its mail with its deadline, which
 * waits for a plan to say when it goes. The leads are locked by the caller.
 */
export async function shiftClocks(transaction: Transaction, enrolments: readonly HeldFor[]): Promise<void> {
  if (enrolments.length === 0) return;
  const ids = enrolments.map(({ id }) => id);
  const stepHeldMs = enrolments.map((enrolment) => enrolment.stepHeldMs);
  await transaction.query(sql`
    UPDATE enrolment
    SET step_entered_at = step_entered_at + held.step_ms * interval '1 millisecond', step_held_ms = step_held_ms + held.step_ms,
        held_ms = enrolment.held_ms + held.ms, mails_from = coalesce(held.mails_from, enrolment.mails_from)
    FROM unnest(${ids}::uuid[], ${enrolments.map(({ heldMs }) => heldMs)}::bigint[], ${stepHeldMs}::bigint[],
                ${enrolments.map(({ mailsFrom }) => at(mailsFrom))}::timestamptz[]) AS held(id, ms, step_ms, mails_from)
    WHERE enrolment.id = held.id`);
  await transaction.query(sql`
    UPDATE message
    SET due_at = due_at + held.step_ms * interval '1 millisecond', deadline_at = deadline_at + (held.step_ms + held.spread_ms) * interval '1 millisecond',
        next_attempt_at = CASE WHEN reason = 'sequence-paused' THEN NULL ELSE next_attempt_at END
    FROM unnest(${ids}::uuid[], ${stepHeldMs}::bigint[], ${enrolments.map(({ spreadMs }) => spreadMs)}::bigint[]) AS held(id, step_ms, spread_ms)
    WHERE enrolment_id = held.id AND recipient_kind = 'lead' AND state IN ('due', 'delayed', 'deferred')`);
}
