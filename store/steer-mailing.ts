import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Duration, Instant } from '../domain/instant.ts';
import { mailingSequenceKey } from '../domain/mailing/mailing.ts';
import type { MailingState } from '../domain/mailing/mailing-state.ts';
import type { Database, Transaction } from './database.ts';
import { lockLastRun, type MailingRun } from './mailing-run.ts';
import { recordAudit } from './record-audit.ts';
import { insertJob } from './sequence-job.ts';
import { at, sql } from './sql.ts';

export interface SteerMailing {
  readonly key: string;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Pauses a mailing: from this commit on nobody more is selected and no mail of it is claimed. Paused again it stays as it
 * is. Throws `not-found` and `conflict` (nothing of it is under way).
 */
export async function pauseMailing(database: Database, { key, actor, now }: SteerMailing): Promise<void> {
  await database.transaction(async (transaction) => {
    const run = await lockOpenRun(transaction, key, 'paused');
    if (run.state === 'paused') return;
    await transaction.query(sql`
      UPDATE mailing_run SET state = 'paused', paused_at = ${at(now)} WHERE id = ${run.id}::uuid`);
    if (run.startedAt !== null) await holdReaders(transaction, key, actor, now);
    await audit(transaction, 'mailing.paused', { key, actor, now });
  });
}

/** Holds all who were selected: at once at the claim, and in batches in their plans. */
export async function holdReaders(transaction: Transaction, key: string, actor: Actor, now: Instant): Promise<void> {
  await holdMails(transaction, key, actor, now);
  await insertJob(transaction, { sequence: mailingSequenceKey(key), input: { kind: 'pause' }, actor, now });
}

/**
 * Lets a paused mailing go on. Those whom the pause held are let out one after the other, with deadlines that stood still
 * meanwhile, as those of a sequence are: spread over `over`, or a second for each, at most a day. Who is selected only now is
 * due from now on. Throws `not-found` and `conflict`.
 */
export async function resumeMailing(
  database: Database,
  { key, over = null, actor, now }: SteerMailing & { readonly over?: Duration | null },
): Promise<void> {
  await database.transaction(async (transaction) => {
    const run = await lockOpenRun(transaction, key, 'resumed');
    if (run.state !== 'paused') return;
    const state: MailingState = run.startedAt === null ? 'scheduled' : 'sending';
    await transaction.query(sql`
      UPDATE mailing_run SET state = ${state}, paused_at = NULL, not_before = ${at(now)}, error = NULL WHERE id = ${run.id}::uuid`);
    const [pause] = await transaction.query<{ id: number }>(sql`
      UPDATE sequence_pause SET resumed_at = greatest(paused_at, ${at(now)}), resumed_by = ${actor.name}
      WHERE sequence_key = ${mailingSequenceKey(key)} AND resumed_at IS NULL RETURNING id`);
    if (pause !== undefined) {
      const input = { kind: 'resume', pauseId: pause.id, over } as const;
      await insertJob(transaction, { sequence: mailingSequenceKey(key), input, actor, now });
    }
    await audit(transaction, 'mailing.resumed', { key, actor, now });
  });
}

/**
 * Cancels a mailing: from this commit on no mail of it is claimed, and a worker ends what is open (`cancelBatch`). What was
 * sent was sent. Cancelled again it stays as it is. Throws `not-found` and `conflict`.
 */
export async function cancelMailing(database: Database, { key, actor, now }: SteerMailing): Promise<void> {
  await database.transaction(async (transaction) => {
    const last = await lockLastRun(transaction, key);
    if (last?.state === 'cancelled') return;
    const run = await lockOpenRun(transaction, key, 'cancelled');
    const begun = run.startedAt !== null;
    await transaction.query(sql`
      UPDATE mailing_run SET state = 'cancelled', paused_at = NULL, finished_at = ${begun ? null : at(now)} WHERE id = ${run.id}::uuid`);
    if (begun) await holdMails(transaction, key, actor, now);
    await audit(transaction, 'mailing.cancelled', { key, actor, now });
  });
}

async function lockOpenRun(transaction: Transaction, key: string, what: string): Promise<MailingRun> {
  const [definition] = await transaction.query(sql`SELECT 1 FROM definition WHERE kind = 'mailing' AND key = ${key}`);
  if (definition === undefined) throw new TendError('not-found', `There is no mailing "${key}".`);
  const run = await lockLastRun(transaction, key);
  if (run === null)
    throw new TendError(
      'conflict',
      `The mailing "${key}" is not scheduled, so it can't be ${what}: schedule it first.`,
    );
  if (run.state === 'done' || run.state === 'cancelled')
    throw new TendError('conflict', `The mailing "${key}" is ${run.state}: there is nothing that could be ${what}.`);
  return run;
}

/** Claims and plans find it in the transaction that would send. */
async function holdMails(transaction: Transaction, key: string, actor: Actor, now: Instant): Promise<void> {
  await transaction.query(sql`
    INSERT INTO sequence_pause (sequence_key, paused_at, paused_by) SELECT ${mailingSequenceKey(key)}, ${at(now)}, ${actor.name}
    WHERE NOT EXISTS (SELECT FROM sequence_pause WHERE sequence_key = ${mailingSequenceKey(key)} AND resumed_at IS NULL)`);
}

async function audit(transaction: Transaction, action: string, { key, actor, now }: SteerMailing): Promise<void> {
  await recordAudit(transaction, { actor, at: now, action, subjectKind: 'mailing', subjectId: key });
}
