import { system } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import { mailingSequenceKey } from '../domain/mailing/mailing.ts';
import { cancelBatch } from './cancel-batch.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { enrolBatch } from './enrol-audience.ts';
import { isTransient } from './is-transient.ts';
import { type MailingRun, takeRun } from './mailing-run.ts';
import { errorCode } from './park-lead.ts';
import { at, sql } from './sql.ts';
import { holdReaders } from './steer-mailing.ts';

/** So many leads are looked at, and the chosen among them locked, at once. */
const LEADS_A_BATCH = 250;

/** What a turn over all mailings came to. */
export interface MailingTurn {
  /** Something was done: there is probably more. */
  readonly more: boolean;
  /** Leads that were set on their way: they are to be planned, behind all others. */
  readonly leads: readonly string[];
}

/**
 * Does the next batch of every mailing that is under way, each in a transaction of its own: selects people once its time has
 * come, ends those of a cancelled one, and notes when all mails are through. Any number of workers: a run's row is locked
 * while its batch is done, and others pass it by.
 */
export async function runMailings(database: Database, clock: Clock, batchSize = LEADS_A_BATCH): Promise<MailingTurn> {
  const now = clock.now();
  const runs = await database.query<{ id: string }>(sql`
    SELECT id FROM mailing_run WHERE finished_at IS NULL AND state <> 'paused' AND begins_at <= ${at(now)} ORDER BY begins_at, id`);
  let more = false;
  const leads: string[] = [];
  let failure: unknown;
  for (const { id } of runs) {
    try {
      const turn = await takeTurn(database, id, now, batchSize);
      more ||= turn.more;
      leads.push(...turn.leads);
    } catch (error) {
      // The mailings behind it have their turn all the same.
      failure ??= error;
    }
  }
  if (failure !== undefined && !more && leads.length === 0) throw failure;
  return { more, leads };
}

const NOTHING: MailingTurn = { more: false, leads: [] };

async function takeTurn(database: Database, id: string, now: Instant, batchSize: number): Promise<MailingTurn> {
  try {
    return await database.transaction(async (transaction) => {
      const run = await takeRun(transaction, id);
      return run === null || run.finishedAt !== null ? NOTHING : doBatch(transaction, run, now, batchSize);
    });
  } catch (error) {
    if (isTransient(error)) throw error;
    // It would fail again; who mends the cause resumes it.
    if (!(await pauseFor(database, id, errorCode(error), now))) throw error;
    return NOTHING;
  }
}

/** Pauses it as a person would: whom it has selected already is held too. False where it was not to be paused. */
async function pauseFor(database: Database, id: string, code: string, now: Instant): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const [run] = await transaction.query<{ key: string; startedAt: Instant | null }>(sql`
      UPDATE mailing_run SET state = 'paused', paused_at = ${at(now)}, error = ${code}
      WHERE id = ${id}::uuid AND state IN ('scheduled', 'sending') RETURNING mailing_key AS key, started_at AS "startedAt"`);
    if (run !== undefined && run.startedAt !== null) await holdReaders(transaction, run.key, system, now);
    return run !== undefined;
  });
}

async function doBatch(
  transaction: Transaction,
  run: MailingRun,
  now: Instant,
  batchSize: number,
): Promise<MailingTurn> {
  switch (run.state) {
    case 'scheduled':
    case 'sending':
      if (run.beginsAt > now) return NOTHING;
      if (run.selectedAt === null) return { more: true, leads: await enrolBatch(transaction, run, now, batchSize) };
      return { more: await finishIfThrough(transaction, run, now), leads: [] };
    case 'cancelled':
      return { more: await cancelBatch(transaction, run, now, batchSize), leads: [] };
    case 'paused':
    case 'done':
      return NOTHING;
  }
}

/** Its last mail was sent or withheld for good. */
async function finishIfThrough(transaction: Transaction, { id, key }: MailingRun, now: Instant): Promise<boolean> {
  const done = await transaction.query(sql`
    UPDATE mailing_run SET state = 'done', finished_at = ${at(now)}
    WHERE id = ${id}::uuid AND NOT EXISTS (
      SELECT FROM enrolment WHERE sequence_key = ${mailingSequenceKey(key)} AND state IN ('entering', 'active'))
    RETURNING 1`);
  return done.length > 0;
}
