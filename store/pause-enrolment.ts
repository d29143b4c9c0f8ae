import type { Actor } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import { heldBesides, type Pause } from '../domain/sequence/pause.ts';
import type { Database, Transaction } from './database.ts';
import { type LockedEnrolment, withEnrolment } from './lock-enrolment.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { shiftClocks } from './shift-clocks.ts';
import { at, sql } from './sql.ts';

export interface SteerEnrolment {
  readonly id: string;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface SteeredEnrolment {
  readonly id: string;
  readonly leadId: string;
  readonly sequence: string;
  /** Held by hand since; null: it is not. */
  readonly pausedAt: Instant | null;
}

/** Holds one lead where it is in a sequence; its clock stands still. Throws `not-found` and `conflict` (it has ended). */
export async function pauseEnrolment(
  database: Database,
  { id, actor, now: worldNow }: SteerEnrolment,
): Promise<SteeredEnrolment> {
  return withEnrolment(database, { id, now: worldNow }, async (transaction, enrolment) => {
    const { lead, sequenceKey: sequence, now } = enrolment;
    if (enrolment.pausedAt !== null) {
      // One that was held for a reply is held by hand from now on: it does not go on by itself.
      await transaction.query(sql`
        UPDATE enrolment SET paused_reason = NULL, paused_until = NULL WHERE id = ${id}::uuid AND paused_reason IS NOT NULL`);
      return { id, leadId: lead.id, sequence, pausedAt: enrolment.pausedAt };
    }
    await transaction.query(sql`UPDATE enrolment SET paused_at = ${at(now)} WHERE id = ${id}::uuid`);
    await noteSteering(transaction, enrolment, actor, 'enrolment.paused');
    return { id, leadId: lead.id, sequence, pausedAt: now };
  });
}

/** Lets it go on, with a clock that stood still meanwhile. Throws `not-found` and `conflict` (it has ended). */
export async function resumeEnrolment(
  database: Database,
  { id, actor, now: worldNow }: SteerEnrolment,
): Promise<SteeredEnrolment> {
  return withEnrolment(database, { id, now: worldNow }, async (transaction, enrolment) => {
    const { lead, sequenceKey: sequence, pausedAt, startedAt, stepEnteredAt, now } = enrolment;
    // Pauses of its sequence may have set its clock on since: when the step really began is before that.
    const stepBeganAt = stepEnteredAt - enrolment.stepHeldMs;
    if (pausedAt !== null) {
      const own = { from: pausedAt, to: now };
      const others = await readPauses(transaction, enrolment, own);
      const heldMs = heldBesides(own, others, startedAt);
      const stepHeldMs = heldBesides(own, others, stepBeganAt);
      await shiftClocks(transaction, [{ id, heldMs, stepHeldMs, mailsFrom: null, spreadMs: 0 }]);
      await transaction.query(
        sql`UPDATE enrolment SET paused_at = NULL, paused_reason = NULL, paused_until = NULL WHERE id = ${id}::uuid`,
      );
      await noteSteering(transaction, enrolment, actor, 'enrolment.resumed');
    }
    return { id, leadId: lead.id, sequence, pausedAt: null };
  });
}

/** The pauses of the whole sequence that overlap `own`: each is counted when the enrolment is let out of it. */
async function readPauses(
  transaction: Transaction,
  { sequenceKey, lead, now }: LockedEnrolment,
  own: Pause,
): Promise<Pause[]> {
  const pauses = await transaction.query<{ from: Instant; to: Instant | null }>(sql`
    SELECT paused_at AS "from", resumed_at AS "to" FROM sequence_pause WHERE sequence_key = ${sequenceKey}`);
  const { clockOffset } = lead;
  return pauses
    .map(({ from, to }) => ({ from: from + clockOffset, to: to === null ? now : to + clockOffset }))
    .filter(({ from, to }) => from < own.to && to > own.from);
}

/** Who did what with an enrolment by hand; its plan is made anew. */
export async function noteSteering(
  transaction: Transaction,
  { id, lead, sequenceKey: sequence, now }: LockedEnrolment,
  actor: Actor,
  action: string,
  more: { readonly [name: string]: string | null } = {},
): Promise<void> {
  const detail = { lead: lead.id, sequence, ...more };
  await recordAudit(transaction, {
    actor,
    at: now - lead.clockOffset,
    action,
    subjectKind: 'enrolment',
    subjectId: id,
    detail,
  });
  await raiseAttention(transaction, [lead.id]);
}
