import { type Actor, system } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { decidesOnReplies, REPLIED, REPLY_HOLD_MS } from '../domain/sequence/reply-hold.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { loadSequenceVersions } from './load-live-definitions.ts';
import type { LockedLead } from './lock-lead.ts';
import { resumeEnrolment } from './pause-enrolment.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

/**
 * Holds the enrolment whose mail was answered, as a pause by hand would: its clock stands still and nothing of it is sent.
 * Another reply begins the time anew. It is left alone where the sequence itself says what a reply does, where somebody
 * paused it by hand, and where it has ended.
 */
export async function holdForReply(
  transaction: Transaction,
  held: { readonly enrolmentId: string; readonly lead: LockedLead; readonly actor: Actor; readonly now: Instant },
): Promise<boolean> {
  const { enrolmentId, lead, actor, now } = held;
  const [row] = await transaction.query<{
    versionId: number;
    sequence: string;
    stepId: string;
    pausedAt: Instant | null;
    reason: string | null;
  }>(sql`
    SELECT sequence_version_id AS "versionId", sequence_key AS sequence, step_id AS "stepId", paused_at AS "pausedAt", paused_reason AS reason
    FROM enrolment WHERE id = ${enrolmentId}::uuid AND state IN ('entering', 'active')`);
  if (row === undefined || (row.pausedAt !== null && row.reason !== REPLIED)) return false;
  const sequence = (await loadSequenceVersions(transaction, [row.versionId]))(row.versionId);
  if (decidesOnReplies(sequence, row.stepId)) return false;
  const ownNow = now + lead.clockOffset;
  await transaction.query(sql`
    UPDATE enrolment SET paused_at = coalesce(paused_at, ${at(ownNow)}), paused_reason = ${REPLIED}, paused_until = ${at(ownNow + REPLY_HOLD_MS)}
    WHERE id = ${enrolmentId}::uuid`);
  if (row.pausedAt !== null) return true;
  await recordAudit(transaction, {
    actor,
    at: now,
    action: 'enrolment.held-for-reply',
    subjectKind: 'enrolment',
    subjectId: enrolmentId,
    detail: { lead: lead.id, sequence: row.sequence },
  });
  return true;
}

/** Lets enrolments go on that were held for a reply and that nobody has seen to. Returns how many. */
export async function resumeAfterReplies(database: Database, clock: Clock, limit = 100): Promise<number> {
  const now = clock.now();
  const due = await database.query<{ id: string }>(sql`
    SELECT enrolment.id FROM enrolment JOIN lead ON lead.id = lead_id
    WHERE paused_until IS NOT NULL AND ended_at IS NULL AND paused_until - clock_offset_ms * interval '1 millisecond' <= ${at(now)}
    ORDER BY paused_until LIMIT ${limit}::int`);
  for (const { id } of due) {
    await resumeEnrolment(database, { id, actor: system, now }).catch((error: unknown) => {
      // It has ended meanwhile.
      if (!(error instanceof TendError)) throw error;
    });
  }
  return due.length;
}
