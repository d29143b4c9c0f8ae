import { type Actor, system } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import { type Instant, MINUTE } from '../domain/instant.ts';
import { complaintRate, judgeSender, windowStart } from '../domain/sending/complaint-rate.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';
import { wakeLeadsDelayedBy } from './wake-delayed.ts';

/** How a sender stands with the receivers of its mail. Counts of the last seven days, or since it was let go on. */
export interface SenderHealth {
  readonly sender: string;
  /** Mails that were taken, to people; not those within the company. */
  readonly accepted: number;
  readonly complaints: number;
  readonly bounces: number;
  /** Complaints per accepted mail, 0 to 1; null: too few mails to say. */
  readonly complaintRate: number | null;
  readonly state: 'well' | 'warned' | 'paused';
  readonly checkedAt: Instant | null;
  readonly warnedAt: Instant | null;
  readonly pausedAt: Instant | null;
  readonly resumedAt: Instant | null;
  readonly resumedBy: string | null;
}

/** Marks a sender to be judged soon, in the transaction that records a complaint or a bounce. One that is marked already is not written. */
export async function touchSender(transaction: Transaction, senderKey: string): Promise<void> {
  await transaction.query(sql`
    INSERT INTO sender_health (sender_key) VALUES (${senderKey})
    ON CONFLICT (sender_key) DO UPDATE SET news = true WHERE NOT sender_health.news`);
}

/** Rates fall by time alone: who has a count is counted anew after so long, without any news. */
const RECOUNT_MS = 10 * MINUTE;

/**
 * Counts what came back of each sender's mails, and warns of it or pauses its marketing. Counting is not done with each
 * complaint, for it reads a week of mails. Returns the senders that it paused.
 */
export async function judgeSenders(database: Database, now: Instant): Promise<readonly string[]> {
  const paused: string[] = [];
  // The mark goes first: what comes back while we count marks it anew.
  const senders = await database.query<{ key: string; resumedAt: Instant | null }>(sql`
    UPDATE sender_health SET news = false
    WHERE news OR (checked_at < ${at(now - RECOUNT_MS)} AND (complaints > 0 OR bounces > 0 OR warned_at IS NOT NULL))
    RETURNING sender_key AS key, resumed_at AS "resumedAt"`);
  for (const { key, resumedAt } of senders) {
    const counts = await countSince(database, key, windowStart(now, resumedAt));
    if (await database.transaction((transaction) => judge(transaction, key, { resumedAt, counts }, now)))
      paused.push(key);
  }
  return paused;
}

interface Counts {
  readonly accepted: number;
  readonly complaints: number;
  readonly bounces: number;
}

async function judge(
  transaction: Transaction,
  key: string,
  { resumedAt, counts }: { readonly resumedAt: Instant | null; readonly counts: Counts },
  now: Instant,
): Promise<boolean> {
  const before = await lockSender(transaction, key);
  // A person has let it go on while we counted: what was counted is not to be held against it.
  if (before === null || before.resumedAt !== resumedAt) return false;
  const after = judgeSender(before, counts, now);
  const why = after.warnedAt === null ? null : `${counts.complaints} complaints about ${counts.accepted} mails`;
  await transaction.query(sql`
    UPDATE sender_health
    SET accepted = ${counts.accepted}, complaints = ${counts.complaints}, bounces = ${counts.bounces}, checked_at = ${at(now)},
        warned_at = ${at(after.warnedAt)}, paused_at = ${at(after.pausedAt)}, why = ${why}
    WHERE sender_key = ${key}`);
  if (before.pausedAt !== null || after.pausedAt === null) return false;
  // What is due waits from the next claim on; nobody has to be planned anew for that.
  const { accepted, complaints } = counts;
  await recordAudit(transaction, {
    actor: system,
    at: now,
    action: 'sender.paused',
    subjectKind: 'sender',
    subjectId: key,
    detail: { accepted, complaints },
  });
  return true;
}

/** Of marketing and other mail to people. A mail that nobody knows the fate of may not have reached anybody. */
async function countSince(queryable: Queryable, key: string, since: Instant): Promise<Counts> {
  const [row] = await queryable.query<Counts>(sql`
    SELECT (SELECT count(*) FROM message
            WHERE claimed_at >= ${at(since)} AND sender_key = ${key} AND recipient_kind = 'lead' AND state = 'accepted' AND bounced_at IS NULL) AS accepted,
           (SELECT count(*) FROM message WHERE sender_key = ${key} AND complained_at >= ${at(since)}) AS complaints,
           (SELECT count(*) FROM message
            WHERE claimed_at >= ${at(since)} AND sender_key = ${key} AND recipient_kind = 'lead' AND bounced_at IS NOT NULL) AS bounces`);
  return row ?? { accepted: 0, complaints: 0, bounces: 0 };
}

/**
 * Lets a paused sender's marketing go on. What was counted before is counted no more, so that it is not paused again for
 * the same complaints; whose mail waits is planned anew. Throws `not-found`; of one that is not paused it changes nothing.
 */
export async function resumeSender(
  database: Database,
  { sender, actor, now }: { readonly sender: string; readonly actor: Actor; readonly now: Instant },
): Promise<SenderHealth> {
  await database.transaction(async (transaction) => {
    const before = await lockSender(transaction, sender);
    if (before === null && !(await isKnown(transaction, sender)))
      throw new TendError('not-found', `There is no sender "${sender}".`);
    if (before === null || before.pausedAt === null) return;
    await transaction.query(sql`
      UPDATE sender_health SET paused_at = NULL, warned_at = NULL, why = NULL, resumed_at = ${at(now)}, resumed_by = ${actor.name}
      WHERE sender_key = ${sender}`);
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'sender.resumed',
      subjectKind: 'sender',
      subjectId: sender,
    });
  });
  // Asking once more after a process ended here wakes those who wait still.
  await wakeLeadsDelayedBy(database, 'sender-paused');
  const health = (await listSenderHealth(database)).find((one) => one.sender === sender);
  if (health === undefined) throw new TendError('not-found', `There is no sender "${sender}".`);
  return health;
}

/** Every sender that is live or was counted, by key. */
export async function listSenderHealth(queryable: Queryable): Promise<SenderHealth[]> {
  const rows = await queryable.query<Omit<SenderHealth, 'complaintRate' | 'state'>>(sql`
    SELECT key AS sender, coalesce(accepted, 0) AS accepted, coalesce(complaints, 0) AS complaints, coalesce(bounces, 0) AS bounces,
           checked_at AS "checkedAt", warned_at AS "warnedAt", health.paused_at AS "pausedAt", resumed_at AS "resumedAt", resumed_by AS "resumedBy"
    FROM (SELECT key FROM definition WHERE kind = 'sender' AND live_version_id IS NOT NULL
          UNION SELECT sender_key FROM sender_health) AS known
         LEFT JOIN sender_health AS health ON sender_key = key
    ORDER BY key`);
  return rows.map((row) => ({
    ...row,
    complaintRate: complaintRate(row),
    state: row.pausedAt !== null ? 'paused' : row.warnedAt !== null ? 'warned' : 'well',
  }));
}

interface SenderRow {
  readonly warnedAt: Instant | null;
  readonly pausedAt: Instant | null;
  readonly resumedAt: Instant | null;
}

async function lockSender(transaction: Transaction, key: string): Promise<SenderRow | null> {
  const [row] = await transaction.query<SenderRow>(sql`
    SELECT warned_at AS "warnedAt", paused_at AS "pausedAt", resumed_at AS "resumedAt"
    FROM sender_health WHERE sender_key = ${key} FOR UPDATE`);
  return row ?? null;
}

async function isKnown(transaction: Transaction, key: string): Promise<boolean> {
  const [row] = await transaction.query(sql`
    SELECT 1 FROM definition WHERE kind = 'sender' AND key = ${key} AND live_version_id IS NOT NULL`);
  return row !== undefined;
}
