import type { Instant } from '../domain/instant.ts';
import type { EnrolmentChange, JourneyPlan, MessageIntent } from '../domain/journey/plan.ts';
import { isFinal, type JourneySnapshot, type StandingInForce } from '../domain/journey/snapshot.ts';
import type { Transaction } from './database.ts';
import { newId } from './new-id.ts';
import type { StoredEnrolment } from './read-journey.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

interface PlanToWrite {
  readonly leadId: string;
  /** The attention that the plan has seen. */
  readonly attentionRev: number;
  readonly snapshot: JourneySnapshot;
  readonly plan: JourneyPlan;
  readonly now: Instant;
  readonly messageIdDomain: string;
  /** Planned by the journey's workflow, which sleeps until the plan's next look. */
  readonly byJourney: boolean;
}

/** Writes a plan. Returns the messages to send and the handoff to start. */
export async function writePlan(
  transaction: Transaction,
  { leadId, attentionRev, snapshot, plan, now, messageIdDomain, byJourney }: PlanToWrite,
): Promise<{ send: string[]; handoff: string | null }> {
  for (const change of plan.enrolments) await writeEnrolment(transaction, snapshot, change);
  const created: string[] = [];
  for (const intent of plan.intents) {
    const id = await insertIntent(transaction, leadId, intent, snapshot, now, messageIdDomain);
    if (intent.sendNow) created.push(id);
  }
  for (const { id, state, reason, nextAttemptAt } of plan.messages) {
    await transaction.query(sql`
      UPDATE message SET state = ${state}, reason = ${reason}, next_attempt_at = ${at(nextAttemptAt)}, lease_until = NULL,
             finished_at = ${isFinal(state) ? at(now) : null}
      WHERE id = ${id}::uuid`);
    await writeMessageEvents(transaction, now, [{ messageId: id, state, reason, until: nextAttemptAt }]);
  }
  const offered = plan.offer === null ? null : await insertHandoff(transaction, leadId, plan.offer, now);
  const { openHandoff } = snapshot;
  await transaction.query(sql`
    UPDATE lead SET planned_rev = ${attentionRev}::bigint, next_look_at = ${at(plan.nextLookAt)}, journey_open = NOT ${plan.closed} AND (journey_open OR ${byJourney}),
           armed_look_at = CASE WHEN ${byJourney} THEN ${at(plan.nextLookAt)}::timestamptz ELSE armed_look_at END
    WHERE id = ${leadId}::uuid`);
  return {
    send: [...plan.send, ...created],
    handoff: offered ?? (openHandoff !== null && !openHandoff.started ? openHandoff.id : null),
  };
}

async function writeEnrolment(
  transaction: Transaction,
  snapshot: JourneySnapshot,
  change: EnrolmentChange,
): Promise<void> {
  if (change.kind === 'ended') {
    await transaction.query(sql`
      UPDATE enrolment SET state = ${change.state}, ended_at = ${at(change.at)}, end_reason = ${change.reason}, awaits = '{}'
      WHERE id = ${change.id}::uuid`);
    return;
  }
  const stored = (snapshot.enrolments as readonly StoredEnrolment[]).find(({ id }) => id === change.id);
  const same =
    stored !== undefined &&
    stored.stepId === change.stepId &&
    stored.visit === change.visit &&
    stored.stepEnteredAt === change.stepEnteredAt &&
    stored.stepEnteredBy === change.stepEnteredBy &&
    stored.awaits.join('\n') === change.awaits.join('\n');
  if (same) return;
  await transaction.query(sql`
    UPDATE enrolment SET step_id = ${change.stepId}, visit = ${change.visit}, step_entered_at = ${at(change.stepEnteredAt)}, step_entered_by = ${change.stepEnteredBy}::bigint,
           awaits = ${change.awaits}::text[]
    WHERE id = ${change.id}::uuid`);
}

async function insertIntent(
  transaction: Transaction,
  leadId: string,
  intent: MessageIntent,
  snapshot: JourneySnapshot,
  now: Instant,
  messageIdDomain: string,
): Promise<string> {
  const id = newId();
  const { enrolmentId, stepId, visit, template, purpose, dueAt, deadlineAt, state, reason, nextAttemptAt } = intent;
  // One intent per (enrolment, step, visit): the unique index would end the transaction, and the lead's lock keeps it from coming to that.
  await transaction.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, enrolment_id, step_id, visit, template_key, lineage,
                         state, reason, due_at, deadline_at, next_attempt_at, message_id_header, finished_at, created_at)
    VALUES (${id}::uuid, 'lead', ${leadId}::uuid, ${snapshot.lead.address}, 'email', ${purpose}, ${enrolmentId}::uuid, ${stepId}, ${visit},
            ${template}, ${template}, ${state}, ${reason}, ${at(dueAt)}, ${at(deadlineAt)}, ${at(nextAttemptAt)},
            ${`<${id}@${messageIdDomain}>`}, ${isFinal(state) ? at(now) : null}, ${at(now)})`);
  await writeMessageEvents(transaction, now, [{ messageId: id, state, reason, until: nextAttemptAt }]);
  return id;
}

/** The row is the offer: silence begins when it commits. What was claimed before may still leave, and stands on it. */
async function insertHandoff(
  transaction: Transaction,
  leadId: string,
  standing: StandingInForce,
  now: Instant,
): Promise<string> {
  const id = newId();
  const inFlight = await transaction.query<{ id: string }>(sql`
    SELECT id FROM message WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' AND state = 'claimed'`);
  const trigger = { ...standing, inFlight: inFlight.map((message) => message.id) };
  await transaction.query(sql`
    INSERT INTO handoff (id, lead_id, state, trigger, model_version_id, offered_at)
    VALUES (${id}::uuid, ${leadId}::uuid, 'offered', ${JSON.stringify(trigger)}::jsonb, ${standing.modelVersionId}::bigint, ${at(now)})`);
  await transaction.query(sql`
    INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject_id, detail)
    VALUES (${at(now)}, 'rule', ${`scoring model ${standing.modelKey}`}, 'handoff.offered', 'handoff', ${id}, ${JSON.stringify({ leadId, ...trigger })}::jsonb)`);
  return id;
}
