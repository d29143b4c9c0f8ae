import type { Actor } from '../domain/actor.ts';
import { type ErrorCode, TendError } from '../domain/errors.ts';
import { type Instant, MINUTE } from '../domain/instant.ts';
import type { Mailing } from '../domain/mailing/mailing.ts';
import { isUnderWay } from '../domain/mailing/mailing-state.ts';
import { beginsAt, endsAt, type MailingTime } from '../domain/mailing/mailing-time.ts';
import type { Transaction } from './database.ts';
import { lockLastRun, type MailingRun } from './mailing-run.ts';
import { newId } from './new-id.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

/** A time that is so little past was meant as "now": clocks differ, and people are slow. */
const GRACE_MS = 5 * MINUTE;

export interface RunInput {
  readonly versionId: number;
  readonly version: number;
  readonly mailing: Mailing;
  /** Undefined: nobody has said when. */
  readonly time: MailingTime | undefined;
  readonly actor: Actor;
  readonly now: Instant;
  /** What a time that has passed is. */
  readonly code: ErrorCode;
}

/**
 * Sets when a published version goes, in a transaction that holds the definition's row. Without a time it goes when the version
 * before it was to go; where nothing was scheduled nothing is.
 *
 * Throws `conflict` (an earlier version is being sent, or this very one was) and `code` for a time that has passed.
 */
export async function scheduleRun(transaction: Transaction, input: RunInput): Promise<void> {
  const { versionId, version, mailing, actor, now, code } = input;
  const { key } = mailing;
  const run = await lockLastRun(transaction, key);
  const open = run !== null && isUnderWay(run.state) ? run : null;
  if (open !== null && open.startedAt !== null)
    throw new TendError('conflict', `The mailing "${key}" is being sent: wait until it is done, or cancel it first.`);
  const time = input.time ?? open?.time;
  if (time === undefined) return;
  assertToCome(time, now, code);
  if (open === null) await insertRun(transaction, run, { ...input, time });
  else
    await transaction.query(sql`
      UPDATE mailing_run SET version_id = ${versionId}::bigint, time = ${JSON.stringify(time)}::jsonb, begins_at = ${at(beginsAt(time))},
             scheduled_at = ${at(now)}, scheduled_by = ${actor.name}
      WHERE id = ${open.id}::uuid`);
  const detail = { version, at: JSON.stringify(time) };
  const subject = { subjectKind: 'mailing', subjectId: key };
  await recordAudit(transaction, { actor, at: now, action: 'mailing.scheduled', ...subject, detail });
}

async function insertRun(
  transaction: Transaction,
  last: MailingRun | null,
  { versionId, version, mailing: { key }, time, actor, now }: RunInput & { readonly time: MailingTime },
): Promise<void> {
  if (last !== null && last.finishedAt === null)
    throw new TendError('conflict', `The mailing "${key}" is being cancelled: try again in a moment.`);
  const [sent] = await transaction.query(sql`
    SELECT 1 FROM mailing_run WHERE version_id = ${versionId}::bigint AND state = 'done' LIMIT 1`);
  if (sent !== undefined)
    throw new TendError(
      'conflict',
      `Version ${version} of the mailing "${key}" was sent already: change it, and the next version can go.`,
    );
  await transaction.query(sql`
    INSERT INTO mailing_run (id, mailing_key, version_id, state, time, begins_at, scheduled_at, scheduled_by)
    VALUES (${newId()}::uuid, ${key}, ${versionId}::bigint, 'scheduled', ${JSON.stringify(time)}::jsonb, ${at(beginsAt(time))}, ${at(now)}, ${actor.name})`);
}

/** Throws `code` where it was `time` everywhere already. */
export function assertToCome(time: MailingTime, now: Instant, code: ErrorCode): void {
  if (endsAt(time) >= now - GRACE_MS) return;
  throw new TendError(code, 'A mailing goes at a time to come.', [
    { path: 'at', problem: 'has passed: name a later time, or schedule it for now' },
  ]);
}
