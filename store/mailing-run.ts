import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { type Mailing, mailingSchema } from '../domain/mailing/mailing.ts';
import type { MailingState } from '../domain/mailing/mailing-state.ts';
import type { MailingTime } from '../domain/mailing/mailing-time.ts';
import type { Queryable, Transaction } from './database.ts';
import { type Sql, sql } from './sql.ts';

/** One time that a mailing goes, as it is stored (prisma/schema.prisma says what each means). */
export interface MailingRun {
  readonly id: string;
  readonly key: string;
  readonly versionId: number;
  readonly state: MailingState;
  readonly time: MailingTime;
  readonly beginsAt: Instant;
  readonly scheduledAt: Instant;
  readonly scheduledBy: string;
  readonly startedAt: Instant | null;
  readonly notBefore: Instant | null;
  readonly after: string | null;
  readonly selectedAt: Instant | null;
  readonly leads: number | null;
  readonly leadsDone: number;
  readonly audience: number;
  readonly enrolled: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly pausedAt: Instant | null;
  readonly error: string | null;
  readonly finishedAt: Instant | null;
}

/** The run of this id, locked; null: another worker has it just now. */
export async function takeRun(transaction: Transaction, id: string): Promise<MailingRun | null> {
  const [run] = await transaction.query<MailingRun>(sql`
    SELECT id, mailing_key AS key, version_id AS "versionId", state, time, begins_at AS "beginsAt", scheduled_at AS "scheduledAt",
           scheduled_by AS "scheduledBy", started_at AS "startedAt", not_before AS "notBefore", after, selected_at AS "selectedAt", leads,
           leads_done AS "leadsDone", audience, enrolled, skipped, paused_at AS "pausedAt", error,
           finished_at AS "finishedAt"
    FROM mailing_run WHERE id = ${id}::uuid FOR NO KEY UPDATE SKIP LOCKED`);
  return run ?? null;
}

/** The mailing's last run; null: it was never scheduled. */
export async function readLastRun(queryable: Queryable, key: string): Promise<MailingRun | null> {
  return first(queryable, lastRun(key));
}

/** The same, locked: a batch that is under way is waited for. */
export async function lockLastRun(transaction: Transaction, key: string): Promise<MailingRun | null> {
  await transaction.query(sql`
    SELECT 1 FROM mailing_run WHERE id = (SELECT id FROM mailing_run WHERE mailing_key = ${key} ORDER BY scheduled_at DESC, id DESC LIMIT 1)
    FOR NO KEY UPDATE`);
  // Read after the lock: what the batch wrote that held it.
  return first(transaction, lastRun(key));
}

function lastRun(key: string): Sql {
  return sql`
    SELECT id, mailing_key AS key, version_id AS "versionId", state, time, begins_at AS "beginsAt", scheduled_at AS "scheduledAt",
           scheduled_by AS "scheduledBy", started_at AS "startedAt", not_before AS "notBefore", after, selected_at AS "selectedAt", leads,
           leads_done AS "leadsDone", audience, enrolled, skipped, paused_at AS "pausedAt", error,
           finished_at AS "finishedAt"
    FROM mailing_run WHERE mailing_key = ${key} ORDER BY scheduled_at DESC, id DESC LIMIT 1`;
}

async function first(queryable: Queryable, statement: Sql): Promise<MailingRun | null> {
  const [run] = await queryable.query<MailingRun>(statement);
  return run ?? null;
}

/** A mailing's version by its id. */
export async function loadMailing(queryable: Queryable, versionId: number): Promise<Mailing> {
  const [row] = await queryable.query<{ content: unknown }>(sql`
    SELECT content FROM definition_version WHERE id = ${versionId}::bigint AND kind = 'mailing'`);
  return mailingSchema.parse(row?.content);
}

/** A mailing as it was stored last, which is what publishing or scheduling it would send. Throws `not-found`. */
export async function loadDraftMailing(queryable: Queryable, key: string): Promise<Mailing> {
  const [row] = await queryable.query<{ content: unknown }>(sql`
    SELECT content FROM definition JOIN definition_version AS version ON version.id = draft_version_id
    WHERE definition.kind = 'mailing' AND definition.key = ${key}`);
  if (row === undefined) throw new TendError('not-found', `There is no mailing "${key}": store it with PUT first.`);
  return mailingSchema.parse(row.content);
}
