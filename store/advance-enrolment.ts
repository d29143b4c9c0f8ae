import { TendError } from '../domain/errors.ts';
import { END } from '../domain/sequence/check-sequence.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import type { Database } from './database.ts';
import { type LockedEnrolment, withEnrolment } from './lock-enrolment.ts';
import { noteSteering, type SteerEnrolment } from './pause-enrolment.ts';
import { at, sql } from './sql.ts';
import { supersedeMails } from './supersede-mails.ts';

export interface AdvancedEnrolment {
  readonly id: string;
  readonly leadId: string;
  readonly sequence: string;
  readonly from: string;
  /** A step's id, or `end`. */
  readonly to: string;
}

/**
 * Takes a lead past its present step: to `to`, or to the step that follows. What of the step waits to be sent is
 * superseded.
 *
 * Throws `not-found`, `invalid-request` (there is no step `to`) and `conflict`: it has ended, it has not been let in yet,
 * or a mail of it is being sent at this moment.
 */
export async function advanceEnrolment(
  database: Database,
  { id, to, actor, now: worldNow }: SteerEnrolment & { readonly to: string | undefined },
): Promise<AdvancedEnrolment> {
  return withEnrolment(database, { id, now: worldNow }, async (transaction, enrolment) => {
    const { lead, sequence, sequenceKey, stepId, visit, stepEnteredAt, now } = enrolment;
    const next = to ?? followerOf(sequence, stepId);
    checkMayAdvance(enrolment, next);
    await supersedeMails(transaction, [id], { reason: 'skipped-by-hand', detail: null, now });
    await transaction.query(sql`
      INSERT INTO step_pass (enrolment_id, step_id, visit, entered_at, passed_at, outcome)
      VALUES (${id}::uuid, ${stepId}, ${visit}, ${at(stepEnteredAt)}, ${at(now)}, 'by-hand')`);
    if (next === END)
      await transaction.query(sql`
        UPDATE enrolment SET state = 'completed', ended_at = ${at(now)}, end_reason = 'completed', awaits = '{}', exhausted = false, gap = NULL
        WHERE id = ${id}::uuid`);
    // Another visit wherever it is not simply the next step: that one may have had its mail.
    else
      await transaction.query(sql`
        UPDATE enrolment SET step_id = ${next}, visit = ${to === undefined ? visit : visit + 1}, step_entered_at = ${at(now)}, step_entered_by = NULL,
               step_held_ms = 0, awaits = '{}', exhausted = false, gap = NULL
        WHERE id = ${id}::uuid`);
    await noteSteering(transaction, enrolment, actor, 'enrolment.advanced', { from: stepId, to: next });
    return { id, leadId: lead.id, sequence: sequenceKey, from: stepId, to: next };
  });
}

function followerOf({ steps }: Sequence, stepId: string): string {
  return steps[steps.findIndex(({ id }) => id === stepId) + 1]?.id ?? END;
}

function checkMayAdvance({ state, sequence, claimed }: LockedEnrolment, to: string): void {
  if (to !== END && !sequence.steps.some(({ id }) => id === to)) {
    const steps = sequence.steps.map(({ id }) => id).join(', ');
    const problem = `the version of "${sequence.key}" that this lead is in has no step "${to}"; it has ${steps}, and end`;
    throw new TendError('invalid-request', 'The request is not valid: mend the fields named.', [
      { path: 'to', problem },
    ]);
  }
  if (state === 'entering')
    throw new TendError('conflict', 'The lead has not been let into the sequence yet: it is about to be.');
  if (claimed)
    throw new TendError('conflict', 'A mail of this step is being sent at this moment: try again in a minute.');
}
