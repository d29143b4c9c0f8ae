import type { Actor } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { holdOffPlans } from './publishing-lock.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';
import { wakeLeadsWithOpenMail } from './wake-leads-with-open-mail.ts';

export interface Installation {
  /** All marketing stands still since. */
  readonly pausedAt: Instant | null;
  readonly pausedBy: string | null;
  /** When the shipped examples were loaded. */
  readonly seededAt: Instant | null;
}

/** The installation's one row. */
export async function readInstallation(database: Database): Promise<Installation> {
  const [row] = await database.query<Installation>(sql`
    SELECT paused_at AS "pausedAt", paused_by AS "pausedBy", seeded_at AS "seededAt" FROM installation WHERE id = 1`);
  if (row === undefined) throw new Error('the installation row is missing');
  return row;
}

/** Stops all marketing mail at once: no claim that comes after this commit passes the gate. */
export async function pauseInstallation(database: Database, actor: Actor, now: Instant): Promise<Installation> {
  return setPaused(database, true, actor, now);
}

/** Lets marketing go on: what was withheld meanwhile passes the gate again, each within its own caps and deadline. */
export async function resumeInstallation(database: Database, actor: Actor, now: Instant): Promise<Installation> {
  return setPaused(database, false, actor, now);
}

async function setPaused(database: Database, paused: boolean, actor: Actor, now: Instant): Promise<Installation> {
  await database.transaction(async (transaction) => {
    // No plan reads the pause as it was and commits after this has looked for whom to wake: its mail would wait for ever.
    await holdOffPlans(transaction);
    const changed = await transaction.query(sql`
      UPDATE installation SET paused_at = ${paused ? at(now) : null}, paused_by = ${paused ? actor.name : null}
      WHERE id = 1 AND (paused_at IS NULL) = ${paused} RETURNING 1`);
    if (changed.length === 0) return;
    await wakeLeadsWithOpenMail(transaction);
    const action = paused ? 'installation.paused' : 'installation.resumed';
    await recordAudit(transaction, { actor, at: now, action, subjectKind: 'installation', subjectId: '1' });
  });
  return readInstallation(database);
}

/** Notes that the shipped examples were loaded. */
export async function markSeeded(database: Database, now: Instant): Promise<void> {
  await database.query(sql`UPDATE installation SET seeded_at = ${at(now)} WHERE id = 1 AND seeded_at IS NULL`);
}
