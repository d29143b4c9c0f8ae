import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Duration, Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { MigrationPlan } from '../domain/sequence/migration.ts';
import type { Queryable, Transaction } from './database.ts';
import { newId } from './new-id.ts';
import { assertId } from './resolve-lead.ts';
import { at, sql } from './sql.ts';

/** What goes through many leads of a sequence. */
export type JobInput =
  /** Everybody is looked at: whose entry condition holds is noted, or comes in. */
  | { readonly kind: 'publish'; readonly versionId: number }
  /** Plans come to say that the sequence is paused; it is so from the first moment on. */
  | { readonly kind: 'pause' }
  /** Those whom a pause held are let out, one after the other. */
  | { readonly kind: 'resume'; readonly pauseId: number; readonly over: Duration | null }
  | {
      readonly kind: 'migration';
      readonly fromVersionIds: readonly number[];
      readonly versionId: number;
      readonly plan: MigrationPlan;
    };
export type JobKind = JobInput['kind'];
export type JobState = 'waiting' | 'running' | 'done' | 'cancelled' | 'failed';

export interface SequenceJob {
  readonly id: string;
  readonly sequence: string;
  readonly kind: JobKind;
  readonly state: JobState;
  /** How many leads or enrolments there were when it began; null: it has not begun. */
  readonly total: number | null;
  readonly done: number;
  /** What it did, by name. */
  readonly result: Readonly<Record<string, number>>;
  /** What failed last; a job that is not `failed` goes on by itself. */
  readonly error: string | null;
  readonly askedBy: string;
  readonly askedAt: Instant;
  readonly finishedAt: Instant | null;
}

/** A job with how far it has come. */
export interface OpenJob<Input = JobInput> {
  readonly id: string;
  readonly sequence: string;
  readonly input: Input;
  readonly total: number | null;
  readonly done: number;
  /** The last one done: whoever takes the next batch goes on behind it. */
  readonly after: string | null;
  readonly result: Readonly<Record<string, number>>;
}

/** What a batch came to. */
export interface BatchDone {
  readonly total: number;
  readonly done: number;
  readonly after: string | null;
  readonly finished: boolean;
  /** What was done in it, by name; added to what was done before. */
  readonly result: Readonly<Record<string, number>>;
  /** Nothing can be done before. */
  readonly tryAt?: Instant;
}

/** Asks for a job within the transaction that makes it necessary; a worker does it (`runSequenceJob`). */
export async function insertJob(
  transaction: Transaction,
  job: { readonly sequence: string; readonly input: JobInput; readonly actor: Actor; readonly now: Instant },
): Promise<{ readonly id: string; readonly number: number }> {
  const { kind, ...input } = job.input;
  const [row] = await transaction.query<{ id: string; number: number }>(sql`
    INSERT INTO sequence_job (id, sequence_key, kind, state, input, asked_by, asked_at)
    VALUES (${newId()}::uuid, ${job.sequence}, ${kind}, 'waiting', ${JSON.stringify(input as Json)}::jsonb, ${job.actor.name}, ${at(job.now)})
    RETURNING id, number`);
  if (row === undefined) throw new Error('a job was not stored');
  return row;
}

/** The jobs of a sequence that are not through, in the order they were asked for. */
export async function listOpenJobs(queryable: Queryable, sequence: string): Promise<SequenceJob[]> {
  return queryable.query<SequenceJob>(sql`
    SELECT id, sequence_key AS sequence, kind, state, total, done, result, error, asked_by AS "askedBy", asked_at AS "askedAt",
           finished_at AS "finishedAt"
    FROM sequence_job WHERE sequence_key = ${sequence} AND state IN ('waiting', 'running') ORDER BY number`);
}

/** One job of a kind. Throws `not-found`. */
export async function readJob(
  queryable: Queryable,
  { sequence, kind, id }: { readonly sequence: string; readonly kind: JobKind; readonly id: string },
): Promise<SequenceJob> {
  assertId(kind, id);
  const [job] = await queryable.query<SequenceJob>(sql`
    SELECT id, sequence_key AS sequence, kind, state, total, done, result, error, asked_by AS "askedBy", asked_at AS "askedAt",
           finished_at AS "finishedAt"
    FROM sequence_job WHERE id = ${id}::uuid AND sequence_key = ${sequence} AND kind = ${kind}`);
  if (job === undefined) throw new TendError('not-found', `There is no ${kind} ${id} of "${sequence}".`);
  return job;
}
