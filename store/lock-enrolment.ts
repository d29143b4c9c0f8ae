import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import type { Database, Transaction } from './database.ts';
import { loadSequenceVersions } from './load-live-definitions.ts';
import { type LockedLead, lockLead } from './lock-lead.ts';
import { assertId } from './resolve-lead.ts';
import { sql } from './sql.ts';

/** An enrolment that goes on, under its lead's lock. */
export interface LockedEnrolment {
  readonly id: string;
  readonly lead: LockedLead;
  readonly sequence: Sequence;
  readonly sequenceKey: string;
  readonly state: 'entering' | 'active';
  readonly stepId: string;
  readonly visit: number;
  readonly startedAt: Instant;
  readonly stepEnteredAt: Instant;
  readonly stepHeldMs: number;
  readonly pausedAt: Instant | null;
  /** A mail of it is being sent. */
  readonly claimed: boolean;
  /** By its lead's clock. */
  readonly now: Instant;
}

/**
 * Does `work` with an enrolment under its lead's lock. Throws `not-found`, and `conflict` where it has ended.
 */
export async function withEnrolment<T>(
  database: Database,
  { id, now: worldNow }: { readonly id: string; readonly now: Instant },
  work: (transaction: Transaction, enrolment: LockedEnrolment) => Promise<T>,
): Promise<T> {
  assertId('enrolment', id);
  return database.transaction(async (transaction) => {
    const [target] = await transaction.query<{ leadId: string }>(sql`
      SELECT lead_id AS "leadId" FROM enrolment WHERE id = ${id}::uuid`);
    if (target === undefined) throw new TendError('not-found', `There is no enrolment ${id}.`);
    const lead = await lockLead(transaction, target.leadId);
    const [row] = await transaction.query<Row>(sql`
      SELECT sequence_key AS "sequenceKey", sequence_version_id AS "versionId", state, step_id AS "stepId", visit, started_at AS "startedAt",
             step_entered_at AS "stepEnteredAt", step_held_ms AS "stepHeldMs", paused_at AS "pausedAt",
             EXISTS (SELECT 1 FROM message WHERE enrolment_id = enrolment.id AND recipient_kind = 'lead' AND message.state = 'claimed') AS claimed
      FROM enrolment WHERE id = ${id}::uuid`);
    if (row === undefined) throw new TendError('not-found', `There is no enrolment ${id}.`);
    const { versionId, state, ...rest } = row;
    if (state !== 'entering' && state !== 'active')
      throw new TendError(
        'conflict',
        `The enrolment has ended (${state}): nothing about it can be changed; the lead can be enrolled again.`,
      );
    const sequence = (await loadSequenceVersions(transaction, [versionId]))(versionId);
    return work(transaction, { id, lead, sequence, state, ...rest, now: worldNow + lead.clockOffset });
  });
}

type Row = Omit<LockedEnrolment, 'id' | 'lead' | 'sequence' | 'state' | 'now'> & {
  readonly versionId: number;
  readonly state: string;
};
