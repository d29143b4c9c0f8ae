import type { Instant } from '../domain/instant.ts';
import { heldBy, mailsFrom, type Pause, spreadMs } from '../domain/sequence/pause.ts';
import type { Transaction } from './database.ts';
import { lockLeads } from './lock-leads.ts';
import { raiseAttention } from './raise-attention.ts';
import type { BatchDone, JobInput, OpenJob } from './sequence-job.ts';
import { type HeldFor, shiftClocks } from './shift-clocks.ts';
import { at, sql } from './sql.ts';

/** Has the plans of all who are in a paused sequence say so. That nothing of it moves does not depend on this. */
export async function holdBatch(
  transaction: Transaction,
  { sequence, total: known, after }: OpenJob<unknown>,
  batchSize: number,
): Promise<BatchDone> {
  const rows = await transaction.query<{ id: string; leadId: string }>(sql`
    SELECT id, lead_id AS "leadId" FROM enrolment
    WHERE sequence_key = ${sequence} AND state IN ('entering', 'active') AND (${after}::uuid IS NULL OR id > ${after}::uuid)
    ORDER BY id LIMIT ${batchSize}::int`);
  await raiseAttention(
    transaction,
    await lockLeads(
      transaction,
      rows.map(({ leadId }) => leadId),
    ),
  );
  const [count] =
    known !== null
      ? [{ total: known }]
      : await transaction.query<{ total: number }>(sql`
          SELECT count(*) AS total FROM enrolment WHERE sequence_key = ${sequence} AND state IN ('entering', 'active')`);
  return {
    total: count?.total ?? 0,
    done: rows.length,
    after: rows.at(-1)?.id ?? after,
    finished: rows.length < batchSize,
    result: {},
  };
}

/**
 * Lets out the next of those whom a pause held: their clocks go on from where they stood, and their mails may go one after
 * the other. What was let out is noted on the enrolment in the same transaction, so that no clock is set twice; one that
 * came meanwhile, with an old beginning, is found when the others are through.
 */
export async function releaseBatch(
  transaction: Transaction,
  job: OpenJob<Extract<JobInput, { kind: 'resume' }>>,
  now: Instant,
  batchSize: number,
): Promise<BatchDone> {
  const { pauseId, over } = job.input;
  const pause = await readPause(transaction, pauseId);
  const total = job.total ?? (await countHeld(transaction, job.sequence, pauseId, pause.to));
  const rows = await transaction.query<{ id: string; leadId: string }>(sql`
    SELECT id, lead_id AS "leadId" FROM enrolment
    WHERE sequence_key = ${job.sequence} AND state IN ('entering', 'active') AND released_pause < ${pauseId}::bigint
      AND started_at < ${at(pause.to)} AND (${job.after}::uuid IS NULL OR id > ${job.after}::uuid)
    ORDER BY id LIMIT ${batchSize}::int`);
  const leads = await lockLeads(
    transaction,
    rows.map(({ leadId }) => leadId),
  );
  const held = await transaction.query<HeldEnrolment>(sql`
    SELECT enrolment.id, started_at AS "startedAt", step_entered_at AS "stepEnteredAt", step_held_ms AS "stepHeldMs", clock_offset_ms AS offset
    FROM enrolment JOIN lead ON lead.id = lead_id
    WHERE enrolment.id = ANY(${rows.map(({ id }) => id)}::uuid[]) AND lead_id = ANY(${leads}::uuid[])
      AND state IN ('entering', 'active') AND released_pause < ${pauseId}::bigint ORDER BY enrolment.id`);
  const overMs = spreadMs(total, over);
  await shiftClocks(
    transaction,
    held.map(({ id, startedAt, stepEnteredAt, stepHeldMs, offset }, index): HeldFor => {
      // A test lead lives ahead of the clock by which the pause was made.
      const own = { from: pause.from + offset, to: pause.to + offset };
      const from = mailsFrom(own.to, overMs, job.done + index, total);
      return {
        id,
        heldMs: heldBy(own, startedAt),
        stepHeldMs: heldBy(own, stepEnteredAt - stepHeldMs),
        mailsFrom: from,
        spreadMs: from - own.to,
      };
    }),
  );
  await transaction.query(sql`
    UPDATE enrolment SET released_pause = ${pauseId}::bigint WHERE id = ANY(${held.map(({ id }) => id)}::uuid[])`);
  await raiseAttention(transaction, leads);
  const through = rows.length === 0 && job.after === null;
  // Once more after that: whoever came and was planned as held just before this commits must not be forgotten.
  if (through && pause.releasedAt === null)
    await transaction.query(sql`UPDATE sequence_pause SET released_at = ${at(now)} WHERE id = ${pauseId}::bigint`);
  return {
    total,
    done: held.length,
    after: rows.length === batchSize ? (rows.at(-1)?.id ?? null) : null,
    finished: through && pause.releasedAt !== null,
    result: {},
  };
}

interface HeldEnrolment {
  readonly id: string;
  readonly startedAt: Instant;
  readonly stepEnteredAt: Instant;
  readonly stepHeldMs: number;
  readonly offset: number;
}

async function readPause(
  transaction: Transaction,
  id: number,
): Promise<Pause & { readonly releasedAt: Instant | null }> {
  const [pause] = await transaction.query<Pause & { releasedAt: Instant | null }>(sql`
    SELECT paused_at AS "from", resumed_at AS "to", released_at AS "releasedAt" FROM sequence_pause WHERE id = ${id}::bigint`);
  if (pause === undefined) throw new Error(`pause ${id} has gone`);
  return pause;
}

async function countHeld(transaction: Transaction, sequence: string, pauseId: number, to: Instant): Promise<number> {
  const [row] = await transaction.query<{ held: number }>(sql`
    SELECT count(*) AS held FROM enrolment
    WHERE sequence_key = ${sequence} AND state IN ('entering', 'active') AND released_pause < ${pauseId}::bigint AND started_at < ${at(to)}`);
  return row?.held ?? 0;
}
