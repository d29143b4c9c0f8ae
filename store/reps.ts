import type { Actor } from '../domain/actor.ts';
import { fieldProblems } from '../domain/definition/validate.ts';
import { TendError } from '../domain/errors.ts';
import { type Rep, repSchema } from '../domain/handoff/rep.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

/**
 * Adds or changes a representative. An active one wakes the handoffs that nobody has yet.
 *
 * Throws `invalid-request`.
 */
export async function putRep(database: Database, input: unknown, actor: Actor, now: Instant): Promise<Rep> {
  const parsed = repSchema.safeParse(input);
  if (!parsed.success) {
    throw new TendError(
      'invalid-request',
      'The representative is not valid: mend the fields named.',
      fieldProblems(parsed.error),
    );
  }
  const rep = parsed.data;
  await database.transaction(async (transaction) => {
    await transaction.query(sql`
      INSERT INTO rep (key, name, email, active, created_at) VALUES (${rep.key}, ${rep.name}, ${rep.email}, ${rep.active}, ${at(now)})
      ON CONFLICT (key) DO UPDATE SET name = excluded.name, email = excluded.email, active = excluded.active`);
    if (rep.active) {
      const waiting = await transaction.query<{ id: string }>(sql`
        UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id IN (
          SELECT id FROM handoff WHERE state = 'offered' AND owner_key IS NULL ORDER BY id FOR UPDATE) RETURNING id`);
      for (const { id } of waiting) await transaction.notify('tend_handoff', id);
    }
    const detail = { active: rep.active };
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'rep.stored',
      subjectKind: 'rep',
      subjectId: rep.key,
      detail,
    });
  });
  return rep;
}

/** All representatives, by key. */
export async function listReps(database: Database): Promise<Rep[]> {
  const select = { key: true, name: true, email: true, active: true };
  return database.prisma.rep.findMany({ select, orderBy: { key: 'asc' } });
}
