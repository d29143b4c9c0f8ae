import type { Actor } from '../domain/actor.ts';
import { type HandoffOutcome, OUTCOME_EVENTS } from '../domain/handoff/outcome.ts';
import type { Instant } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import { type LockedHandoff, supersedeRepMail } from './lock-handoff.ts';
import type { LockedLead } from './lock-lead.ts';
import { recordAudit } from './record-audit.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { at, sql } from './sql.ts';

export interface Close {
  readonly outcome: HandoffOutcome;
  readonly reason: string | null;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Ends a handoff, within the transaction that holds its lead: marketing's silence ends with it. A won lead is a
 * customer; the end is an interaction, so that sequences and models can go on from it.
 */
export async function closeHandoff(
  transaction: Transaction,
  handoff: LockedHandoff,
  lead: LockedLead,
  { outcome, reason, actor, now }: Close,
): Promise<void> {
  // A test lead comes to qualify by its own clock, and so must what counts against that.
  await transaction.query(sql`
    UPDATE handoff SET state = 'closed', outcome = ${outcome}, outcome_reason = ${reason}, closed_at = ${at(now + lead.clockOffset)},
           accept_by = NULL, next_look_at = NULL
    WHERE id = ${handoff.id}::uuid`);
  await transaction.query(sql`
    UPDATE handoff_assignment SET ended_at = ${at(now)}, end_reason = ${outcome === 'rejected' ? 'rejected' : 'closed'}
    WHERE handoff_id = ${handoff.id}::uuid AND ended_at IS NULL`);
  await supersedeRepMail(transaction, handoff.id, 'closed', now);
  if (outcome === 'won') {
    await transaction.query(sql`UPDATE lead SET stage = 'customer' WHERE id = ${lead.id}::uuid AND stage = 'lead'`);
  }
  // The reason is free text about a person; interactions feed rules and reports, which need the outcome only.
  await recordTendInteraction(transaction, {
    leadId: lead.id,
    messageId: `handoff:${handoff.id}:${outcome}`,
    name: OUTCOME_EVENTS[outcome],
    properties: { handoff: handoff.id, outcome },
    occurredAt: now,
  });
  const detail = { outcome, owner: handoff.owner };
  await recordAudit(transaction, {
    actor,
    at: now,
    action: `handoff.${outcome}`,
    subjectKind: 'handoff',
    subjectId: handoff.id,
    detail,
  });
}
