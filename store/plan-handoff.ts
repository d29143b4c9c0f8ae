import { type HandoffPlan, type HandoffSnapshot, planHandoff } from '../domain/handoff/plan-handoff.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { lockLead } from './lock-lead.ts';
import { newId } from './new-id.ts';
import { at, sql } from './sql.ts';
import { writeLostClaim } from './write-lost-claim.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** What the process of a handoff is to do next. */
export interface HandoffCommands {
  readonly closed: boolean;
  readonly send: string | null;
  readonly nextLookAt: Instant | null;
  readonly plannedAt: Instant;
}

export interface PlanHandoffOptions {
  /** As for `planLead`. */
  readonly notBefore: Instant;
  readonly acceptWithinMs: number;
  readonly messageIdDomain: string;
}

/** When to see what became of a mail that was to be sent. */
const SENDING_LOOK_MS = 60_000;
/** How long the handoff of a parked lead rests. */
const PARKED_LOOK_MS = 60_000;

/** The template of the mail that offers a lead to a representative. */
const HANDOFF_TEMPLATE = 'handoff';

/** Plans a handoff under its lead's lock, until what is left is to send a mail, to wait, or nothing. Repeatable. */
export async function planHandoffRow(
  database: Database,
  clock: Clock,
  handoffId: string,
  options: PlanHandoffOptions,
): Promise<HandoffCommands> {
  const [target] = await database.query<{ leadId: string }>(
    sql`SELECT lead_id AS "leadId" FROM handoff WHERE id = ${handoffId}::uuid`,
  );
  if (target === undefined) return { closed: true, send: null, nextLookAt: null, plannedAt: clock.now() };
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, target.leadId);
    const now = Math.max(clock.now(), options.notBefore);
    // Nothing is sent about a lead that waits for a person; its handoff looks again when it may have been mended.
    if (lead.parked) return { closed: false, send: null, nextLookAt: now + PARKED_LOOK_MS, plannedAt: now };
    for (;;) {
      const { snapshot, attentionRev } = await readHandoff(transaction, handoffId);
      const plan = planHandoff(snapshot, options.acceptWithinMs, now);
      if (plan.kind === 'assign') {
        await assign(transaction, {
          handoffId,
          leadId: lead.id,
          snapshot,
          plan,
          now,
          messageIdDomain: options.messageIdDomain,
        });
        continue;
      }
      if (plan.kind === 'settleMail') {
        await writeLostClaim(transaction, plan.message, plan.fate, now);
        continue;
      }
      // A mail commanded is looked after: a workflow that was lost with its command is found by this.
      const nextLookAt = plan.kind === 'wait' ? plan.until : plan.kind === 'deliver' ? now + SENDING_LOOK_MS : null;
      await transaction.query(sql`
        UPDATE handoff SET planned_rev = ${attentionRev}::bigint, next_look_at = ${at(nextLookAt)} WHERE id = ${handoffId}::uuid`);
      return {
        closed: plan.kind === 'done',
        send: plan.kind === 'deliver' ? plan.message : null,
        nextLookAt,
        plannedAt: now,
      };
    }
  });
}

async function readHandoff(
  transaction: Transaction,
  handoffId: string,
): Promise<{ snapshot: HandoffSnapshot; attentionRev: number }> {
  const [row] = await transaction.query<
    Pick<HandoffSnapshot, 'state' | 'owner' | 'round' | 'acceptBy' | 'escalated'> & { attentionRev: number }
  >(sql`
    SELECT state, owner_key AS owner, round, accept_by AS "acceptBy", escalated_at IS NOT NULL AS escalated, attention_rev AS "attentionRev"
    FROM handoff WHERE id = ${handoffId}::uuid`);
  if (row === undefined) throw new Error(`handoff ${handoffId} has gone`);
  // A test lead reaches nobody: whoever walks with it tells the outcome.
  const reps = await transaction.query<HandoffSnapshot['reps'][number]>(sql`
    SELECT key, last_assigned_at AS "lastAssignedAt" FROM rep
    WHERE active AND NOT EXISTS (SELECT FROM handoff JOIN lead ON lead.id = lead_id WHERE handoff.id = ${handoffId}::uuid AND test)`);
  const asked = await transaction.query<{ repKey: string }>(sql`
    SELECT rep_key AS "repKey" FROM handoff_assignment WHERE handoff_id = ${handoffId}::uuid ORDER BY round`);
  const [mail] = await transaction.query<NonNullable<HandoffSnapshot['mail']>>(sql`
    SELECT id, state, next_attempt_at AS "nextAttemptAt", lease_until AS "leaseUntil", CASE WHEN state = 'claimed' THEN if_lost(message) END AS "ifLost"
    FROM message
    WHERE handoff_id = ${handoffId}::uuid AND recipient_kind = 'rep' AND visit = ${row.round}::int`);
  const { attentionRev, ...handoff } = row;
  return { snapshot: { ...handoff, reps, asked: asked.map(({ repKey }) => repKey), mail: mail ?? null }, attentionRev };
}

interface Assignment {
  readonly handoffId: string;
  readonly leadId: string;
  readonly snapshot: HandoffSnapshot;
  readonly plan: Extract<HandoffPlan, { kind: 'assign' }>;
  readonly now: Instant;
  readonly messageIdDomain: string;
}

/** The owner, the record of who was asked, and the intent of the mail, in one transaction. */
async function assign(
  transaction: Transaction,
  { handoffId, leadId, snapshot, plan, now, messageIdDomain }: Assignment,
): Promise<void> {
  const round = snapshot.round + 1;
  await transaction.query(sql`
    UPDATE handoff_assignment SET ended_at = ${at(now)}, end_reason = 'silent' WHERE handoff_id = ${handoffId}::uuid AND ended_at IS NULL`);
  // The mail to the one before, if it has not left yet, must not reach somebody who no longer has the lead.
  const late = await transaction.query<{ id: string }>(sql`
    UPDATE message SET state = 'superseded', reason = 'reassigned', finished_at = ${at(now)}, next_attempt_at = NULL
    WHERE handoff_id = ${handoffId}::uuid AND recipient_kind = 'rep' AND state IN ('due', 'deferred', 'delayed') RETURNING id`);
  await transaction.query(sql`
    INSERT INTO handoff_assignment (handoff_id, round, rep_key, assigned_at, accept_by)
    VALUES (${handoffId}::uuid, ${round}::int, ${plan.rep}, ${at(now)}, ${at(plan.acceptBy)})`);
  await transaction.query(sql`
    UPDATE handoff SET owner_key = ${plan.rep}, round = ${round}::int, accept_by = ${at(plan.acceptBy)},
           escalated_at = coalesce(escalated_at, ${plan.escalate ? at(now) : null})
    WHERE id = ${handoffId}::uuid`);
  await transaction.query(sql`UPDATE rep SET last_assigned_at = ${at(now)} WHERE key = ${plan.rep}`);
  const id = newId();
  await transaction.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, handoff_id, rep_key, channel, purpose, visit, template_key, lineage, state,
                         due_at, message_id_header, created_at)
    VALUES (${id}::uuid, 'rep', ${leadId}::uuid, ${handoffId}::uuid, ${plan.rep}, 'email', 'handoff', ${round}::int, ${HANDOFF_TEMPLATE},
            ${HANDOFF_TEMPLATE}, 'due', ${at(now)}, ${`<${id}@${messageIdDomain}>`}, ${at(now)})`);
  await writeMessageEvents(transaction, now, [
    ...late.map((message) => ({
      messageId: message.id,
      state: 'superseded' as const,
      reason: 'reassigned',
      until: null,
    })),
    { messageId: id, state: 'due', reason: null, until: null },
  ]);
}
