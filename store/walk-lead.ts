import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { HandoffOutcome } from '../domain/handoff/outcome.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from './clock.ts';
import { closeHandoff } from './close-handoff.ts';
import type { Database, Transaction } from './database.ts';
import type { LockedHandoff } from './lock-handoff.ts';
import { type LockedLead, lockLead } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { assertId } from './resolve-lead.ts';
import { sql } from './sql.ts';

export interface WalkInput {
  readonly leadId: string;
  /** What sales is to have made of the lead, where sales has it: nobody of sales is told of a test lead. */
  readonly outcome: Exclude<HandoffOutcome, 'rejected'> | null;
  readonly actor: Actor;
}

/** What a walk came to. Instants are by the lead's own clock. */
export type Walked =
  | { readonly kind: 'moved'; readonly from: Instant; readonly to: Instant }
  /** What is due is being done: ask again in a moment. */
  | { readonly kind: 'busy'; readonly at: Instant }
  /** Sales has the lead: say what came of it. */
  | { readonly kind: 'with-sales'; readonly at: Instant }
  /** It waits for something to happen, and no time will bring it. */
  | { readonly kind: 'nothing-due'; readonly at: Instant };

/**
 * Moves a test lead's clock on to the next instant at which something is due for it.
 *
 * Throws `not-found` and `conflict` (it is no test lead; sales does not have it).
 */
export async function walkLead(database: Database, clock: Clock, input: WalkInput): Promise<Walked> {
  assertId('lead', input.leadId);
  return database.transaction(async (transaction): Promise<Walked> => {
    const lead = await lockLead(transaction, input.leadId);
    const now = clock.now();
    const { test, underWay } = await readState(transaction, lead.id);
    if (!test) throw new TendError('conflict', 'This is no test lead: time passes for people as it does.');
    const from = now + lead.clockOffset;
    if (lead.attentionRev !== lead.plannedRev || underWay) return { kind: 'busy', at: from };
    const handoff = await openHandoff(transaction, lead.id);
    if (input.outcome !== null)
      return endHandoff(transaction, lead, handoff, { ...input, outcome: input.outcome, now });
    if (handoff !== null) return { kind: 'with-sales', at: from };
    if (lead.nextLookAt === null) return { kind: 'nothing-due', at: from };
    const ahead = Math.max(0, lead.nextLookAt - now);
    await transaction.query(sql`
      UPDATE lead SET clock_offset_ms = clock_offset_ms + ${ahead}::bigint WHERE id = ${lead.id}::uuid`);
    await raiseAttention(transaction, [lead.id]);
    const detail = { ahead };
    const entry = { actor: input.actor, at: now, subjectKind: 'lead', subjectId: lead.id, detail };
    await recordAudit(transaction, { ...entry, action: 'lead.walked' });
    return { kind: 'moved', from, to: from + ahead };
  });
}

/** Under way: what is not scored yet, and mails that are being sent. */
async function readState(
  transaction: Transaction,
  leadId: string,
): Promise<{ readonly test: boolean; readonly underWay: boolean }> {
  const [row] = await transaction.query<{ test: boolean; underWay: boolean }>(sql`
    SELECT test, EXISTS (SELECT FROM message WHERE lead_id = lead.id AND state IN ('due', 'claimed'))
             OR EXISTS (SELECT FROM interaction WHERE lead_id = lead.id AND assessed_at IS NULL)
             OR (refold AND parked_at IS NULL) AS "underWay"
    FROM lead WHERE id = ${leadId}::uuid`);
  return row ?? { test: false, underWay: false };
}

async function openHandoff(transaction: Transaction, leadId: string): Promise<LockedHandoff | null> {
  const [handoff] = await transaction.query<LockedHandoff>(sql`
    SELECT id, state, outcome, owner_key AS owner, NULL AS "ownerName", round FROM handoff
    WHERE lead_id = ${leadId}::uuid AND state <> 'closed' FOR UPDATE`);
  return handoff ?? null;
}

async function endHandoff(
  transaction: Transaction,
  lead: LockedLead,
  handoff: LockedHandoff | null,
  { outcome, actor, now }: { outcome: Exclude<HandoffOutcome, 'rejected'>; actor: Actor; now: Instant },
): Promise<Walked> {
  if (handoff === null) throw new TendError('conflict', 'Sales does not have this lead: there is no outcome to tell.');
  await closeHandoff(transaction, handoff, lead, { outcome, reason: 'told by a walk', actor, now });
  await transaction.query(sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id = ${handoff.id}::uuid`);
  await transaction.notify('tend_handoff', handoff.id);
  await raiseAttention(transaction, [lead.id]);
  const at = now + lead.clockOffset;
  return { kind: 'moved', from: at, to: at };
}
