import type { Database } from './database.ts';
import { withEnrolment } from './lock-enrolment.ts';
import { noteSteering, type SteerEnrolment } from './pause-enrolment.ts';
import { at, sql } from './sql.ts';
import { supersedeMails } from './supersede-mails.ts';

export interface RemovedEnrolment {
  readonly id: string;
  readonly leadId: string;
  readonly sequence: string;
  /** A mail of it is being sent at this moment, and is left to its result. */
  readonly mailBeingSent: boolean;
}

/** Takes a lead out of a sequence; `note` is kept with the enrolment, and not in the audit, for it may be about the person. Throws `not-found` and `conflict` (it has ended). */
export async function removeEnrolment(
  database: Database,
  { id, note, actor, now: worldNow }: SteerEnrolment & { readonly note: string | null },
): Promise<RemovedEnrolment> {
  return withEnrolment(database, { id, now: worldNow }, async (transaction, enrolment) => {
    const { lead, sequenceKey: sequence, claimed, now } = enrolment;
    await supersedeMails(transaction, [id], { reason: 'enrolment-ended', detail: 'removed-by-hand', now });
    await transaction.query(sql`
      UPDATE enrolment SET state = 'left', ended_at = ${at(now)}, end_reason = 'removed-by-hand', end_note = ${note}, awaits = '{}', exhausted = false, gap = NULL
      WHERE id = ${id}::uuid`);
    await noteSteering(transaction, enrolment, actor, 'enrolment.removed');
    return { id, leadId: lead.id, sequence, mailBeingSent: claimed };
  });
}
