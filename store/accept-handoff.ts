import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database, Transaction } from './database.ts';
import { type HandoffView, readHandoff } from './list-handoffs.ts';
import { activeRep, type LockedHandoff, supersedeRepMail, withHandoff } from './lock-handoff.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

export interface AcceptInput {
  readonly handoffId: string;
  readonly rep: string;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * A representative takes an offered lead. Any active one may, whoever was asked: what counts is that somebody calls.
 * Of two at once one wins; taking it again changes nothing.
 *
 * Throws `not-found`, `invalid-request` (no such representative) and `conflict`, which names who has it.
 */
export async function acceptHandoff(
  database: Database,
  { handoffId, rep: repKey, actor, now }: AcceptInput,
): Promise<HandoffView> {
  await withHandoff(database, handoffId, async (transaction, handoff) => {
    const rep = await activeRep(transaction, repKey);
    if (handoff.state === 'closed')
      throw new TendError('conflict', `This handoff is closed already: ${handoff.outcome}.`);
    if (handoff.state === 'accepted') {
      if (handoff.owner === rep.key) return;
      throw new TendError(
        'conflict',
        `${handoff.ownerName ?? handoff.owner} (${handoff.owner}) has taken this lead already.`,
      );
    }
    const round = await endAssignment(transaction, handoff, rep.key, now);
    await transaction.query(sql`
      UPDATE handoff SET state = 'accepted', owner_key = ${rep.key}, accepted_at = ${at(now)}, accept_by = NULL, round = ${round}::int
      WHERE id = ${handoff.id}::uuid`);
    await supersedeRepMail(transaction, handoff.id, 'accepted', now);
    const detail = { rep: rep.key };
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'handoff.accepted',
      subjectKind: 'handoff',
      subjectId: handoff.id,
      detail,
    });
  });
  return readHandoff(database, handoffId);
}

/** Notes how the asking ended. Somebody who was not asked gets a round of their own, so that the record shows them. */
async function endAssignment(
  transaction: Transaction,
  handoff: LockedHandoff,
  rep: string,
  now: Instant,
): Promise<number> {
  const ended = await transaction.query<{ repKey: string }>(sql`
    UPDATE handoff_assignment SET ended_at = ${at(now)}, end_reason = CASE WHEN rep_key = ${rep} THEN 'accepted' ELSE 'closed' END
    WHERE handoff_id = ${handoff.id}::uuid AND ended_at IS NULL RETURNING rep_key AS "repKey"`);
  if (ended.some(({ repKey }) => repKey === rep)) return handoff.round;
  const round = handoff.round + 1;
  await transaction.query(sql`
    INSERT INTO handoff_assignment (handoff_id, round, rep_key, assigned_at, accept_by, ended_at, end_reason)
    VALUES (${handoff.id}::uuid, ${round}::int, ${rep}, ${at(now)}, ${at(now)}, ${at(now)}, 'accepted')`);
  return round;
}
