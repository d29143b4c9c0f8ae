import { type Instant, SECOND } from '../domain/instant.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { isTransient } from './is-transient.ts';
import { lookBatch } from './look-batch.ts';
import { migrateBatch } from './migrate-batch.ts';
import { errorCode } from './park-lead.ts';
import { holdBatch, releaseBatch } from './release-batch.ts';
import type { BatchDone, JobInput, OpenJob } from './sequence-job.ts';
import { at, sql } from './sql.ts';

/** So many leads are locked at once. */
const BATCH = 500;
/** A job that failed is tried again after this time: people may be held by it. */
const RETRY_MS = 30 * SECOND;

/**
 * Does one batch of the job whose turn it is. The job's row is locked meanwhile: other workers pass it by, a cancelling
 * waits for the batch, and with a process that dies the batch is as if it had never begun. Of one sequence, jobs of a
 * kind are done in the order they were asked for. Returns whether there was one.
 */
export async function runSequenceJob(database: Database, clock: Clock, batchSize = BATCH): Promise<boolean> {
  const now = clock.now();
  let job: OpenJob | undefined;
  try {
    return await database.transaction(async (transaction) => {
      job = await takeJob(transaction, now);
      if (job === undefined) return false;
      await write(transaction, job, await doBatch(transaction, job, now, batchSize), now);
      return true;
    });
  } catch (error) {
    if (job === undefined || isTransient(error)) throw error;
    // A migration that fails would fail again; whatever holds people must go on once it can.
    const failed = job.input.kind === 'migration';
    await database.query(sql`
      UPDATE sequence_job SET state = CASE WHEN ${failed} THEN 'failed' ELSE state END, error = ${errorCode(error)},
             finished_at = ${failed ? at(now) : null}, try_at = ${at(now + RETRY_MS)}
      WHERE id = ${job.id}::uuid AND state IN ('waiting', 'running')`);
    return true;
  }
}

async function takeJob(transaction: Transaction, now: Instant): Promise<OpenJob | undefined> {
  const [row] = await transaction.query<Omit<OpenJob, 'input'> & { kind: string; input: object }>(sql`
    SELECT id, sequence_key AS sequence, kind, input, total, done, after, result FROM sequence_job AS job
    WHERE state IN ('waiting', 'running') AND (try_at IS NULL OR try_at <= ${at(now)})
      AND NOT EXISTS (
        SELECT 1 FROM sequence_job AS earlier
        WHERE earlier.sequence_key = job.sequence_key AND earlier.kind = job.kind AND earlier.state IN ('waiting', 'running')
          AND earlier.number < job.number)
    -- Whoever is to be let out again waits for no migration of somebody else's.
    ORDER BY kind = 'publish', kind = 'migration', number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`);
  if (row === undefined) return undefined;
  const { kind, input, ...job } = row;
  return { ...job, input: { kind, ...input } as JobInput };
}

function doBatch(transaction: Transaction, job: OpenJob, now: Instant, batchSize: number): Promise<BatchDone> {
  const { input } = job;
  switch (input.kind) {
    case 'publish':
      return lookBatch(transaction, { ...job, input }, batchSize);
    case 'pause':
      return holdBatch(transaction, job, batchSize);
    case 'resume':
      return releaseBatch(transaction, { ...job, input }, now, batchSize);
    case 'migration':
      return migrateBatch(transaction, { ...job, input }, now, batchSize);
  }
}

async function write(transaction: Transaction, job: OpenJob, batch: BatchDone, now: Instant): Promise<void> {
  const { total, done, after, finished, tryAt = null } = batch;
  const result = { ...job.result };
  for (const [name, count] of Object.entries(batch.result)) result[name] = (result[name] ?? 0) + count;
  await transaction.query(sql`
    UPDATE sequence_job SET state = ${finished ? 'done' : 'running'}, total = ${total}::int, done = done + ${done}::int, after = ${after}::uuid,
           result = ${JSON.stringify(result)}::jsonb, error = NULL, try_at = ${at(tryAt)}, finished_at = ${finished ? at(now) : null}
    WHERE id = ${job.id}::uuid`);
}
