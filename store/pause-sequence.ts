import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import { type Duration, durationMs, type Instant } from '../domain/instant.ts';
import type { Database, Transaction } from './database.ts';
import { recordAudit } from './record-audit.ts';
import { insertJob } from './sequence-job.ts';
import { at, sql } from './sql.ts';

export interface SteerSequence {
  readonly key: string;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface PausedSequence {
  readonly key: string;
  /** Null: it goes on. */
  readonly pausedAt: Instant | null;
  /** False where it was so before. */
  readonly changed: boolean;
}

/**
 * Pauses a sequence: from this commit on no mail of it is claimed and nobody in it moves. Nobody leaves it; who comes in
 * waits at its beginning. Throws `not-found`.
 */
export async function pauseSequence(database: Database, { key, actor, now }: SteerSequence): Promise<PausedSequence> {
  return database.transaction(async (transaction) => {
    const open = await lockPause(transaction, key);
    if (open !== null) return { key, pausedAt: open.pausedAt, changed: false };
    await transaction.query(sql`
      INSERT INTO sequence_pause (sequence_key, paused_at, paused_by) VALUES (${key}, ${at(now)}, ${actor.name})`);
    await transaction.query(sql`
      UPDATE definition SET paused_at = ${at(now)} WHERE kind = 'sequence' AND key = ${key}`);
    await insertJob(transaction, { sequence: key, input: { kind: 'pause' }, actor, now });
    await recordAudit(transaction, { ...entry(key, actor, now), action: 'sequence.paused' });
    return { key, pausedAt: now, changed: true };
  });
}

/**
 * Lets a paused sequence go on. Whoever was held is let out in batches, with clocks that stood still meanwhile, and their
 * mails spread over `over` (null: a second for each, at most a day). Throws `not-found`.
 */
export async function resumeSequence(
  database: Database,
  { key, over, actor, now }: SteerSequence & { readonly over: Duration | null },
): Promise<PausedSequence> {
  return database.transaction(async (transaction) => {
    const open = await lockPause(transaction, key);
    if (open === null) return { key, pausedAt: null, changed: false };
    // By a clock that lags, a pause must not end before it began.
    const resumedAt = Math.max(now, open.pausedAt);
    await transaction.query(sql`
      UPDATE sequence_pause SET resumed_at = ${at(resumedAt)}, resumed_by = ${actor.name} WHERE id = ${open.id}::bigint`);
    await transaction.query(sql`UPDATE definition SET paused_at = NULL WHERE kind = 'sequence' AND key = ${key}`);
    await insertJob(transaction, { sequence: key, input: { kind: 'resume', pauseId: open.id, over }, actor, now });
    await recordAudit(transaction, {
      ...entry(key, actor, now),
      action: 'sequence.resumed',
      detail: { overMs: over === null ? null : durationMs(over) },
    });
    return { key, pausedAt: null, changed: true };
  });
}

/** The pause that is on, under the lock of the sequence's row. */
async function lockPause(
  transaction: Transaction,
  key: string,
): Promise<{ readonly id: number; readonly pausedAt: Instant } | null> {
  const [definition] = await transaction.query(sql`
    SELECT 1 FROM definition WHERE kind = 'sequence' AND key = ${key} AND live_version_id IS NOT NULL FOR NO KEY UPDATE`);
  if (definition === undefined) throw new TendError('not-found', `There is no published sequence "${key}".`);
  const [open] = await transaction.query<{ id: number; pausedAt: Instant }>(sql`
    SELECT id, paused_at AS "pausedAt" FROM sequence_pause WHERE sequence_key = ${key} AND resumed_at IS NULL`);
  return open ?? null;
}

function entry(key: string, actor: Actor, now: Instant) {
  return { actor, at: now, subjectKind: 'definition', subjectId: key } as const;
}
