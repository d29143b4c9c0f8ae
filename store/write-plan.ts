import type { Instant } from '../domain/instant.ts';
import type {
  EnrolmentChange,
  EnrolmentPass,
  Entry,
  JourneyPlan,
  MessageChange,
  MessageIntent,
} from '../domain/journey/journey-plan.ts';
import type { EnrolmentInForce, JourneySnapshot } from '../domain/journey/snapshot.ts';
import { SEND_AGAIN } from '../domain/sending/lost-claim.ts';
import { isFinal } from '../domain/sending/message.ts';
import type { ContentGap } from '../domain/sequence/stream.ts';
import type { Transaction } from './database.ts';
import { insertHandoff } from './insert-handoff.ts';
import { newId } from './new-id.ts';
import type { StoredEnrolment } from './read-enrolments.ts';
import { at, sql } from './sql.ts';
import { writeEffect } from './write-effect.ts';
import { writeMessageEvents } from './write-message-events.ts';

interface PlanToWrite {
  readonly leadId: string;
  /** The attention that the plan has seen. */
  readonly attentionRev: number;
  readonly snapshot: JourneySnapshot;
  readonly plan: JourneyPlan;
  readonly now: Instant;
  /** When the workflow is to look next, by the clock of this world. */
  readonly nextLookAt: Instant | null;
  readonly messageIdDomain: string;
  /** Planned by the journey's workflow, which sleeps until the plan's next look. */
  readonly byJourney: boolean;
}

/** Writes a plan. Returns the messages to send and the handoff to start. */
export async function writePlan(
  transaction: Transaction,
  { leadId, attentionRev, snapshot, plan, now, nextLookAt, messageIdDomain, byJourney }: PlanToWrite,
): Promise<{ send: string[]; handoff: string | null }> {
  await writePasses(transaction, plan.passes);
  for (const change of plan.enrolments) await writeEnrolment(transaction, snapshot, change);
  for (const entry of plan.entries) await insertEnrolment(transaction, leadId, entry);
  for (const { sequence, held } of plan.conditionsHeld) await noteCondition(transaction, leadId, sequence, held, now);
  const created: string[] = [];
  for (const intent of plan.intents) {
    const id = await insertIntent(transaction, leadId, intent, snapshot, now, messageIdDomain);
    if (intent.sendNow) created.push(id);
  }
  for (const effect of plan.effects) {
    const notice = await writeEffect(transaction, leadId, effect, now, messageIdDomain);
    if (notice !== null) created.push(notice);
  }
  for (const change of plan.messages) await writeMessage(transaction, change, now);
  const offered = plan.offer === null ? null : await insertHandoff(transaction, leadId, plan.offer, snapshot, now);
  const { openHandoff } = snapshot;
  const publication = Math.max(0, ...snapshot.live.map(({ firstLook }) => firstLook?.publication ?? 0));
  await transaction.query(sql`
    UPDATE lead SET publications_seen = greatest(publications_seen, ${publication}::bigint), planned_rev = ${attentionRev}::bigint, next_look_at = ${at(nextLookAt)}, journey_open = NOT ${plan.closed} AND (journey_open OR ${byJourney}),
           armed_look_at = CASE WHEN ${byJourney} THEN ${at(nextLookAt)}::timestamptz ELSE armed_look_at END
    WHERE id = ${leadId}::uuid`);
  return {
    send: [...plan.send, ...created],
    handoff: offered ?? (openHandoff !== null && !openHandoff.started ? openHandoff.id : null),
  };
}

async function writePasses(transaction: Transaction, passes: readonly EnrolmentPass[]): Promise<void> {
  if (passes.length === 0) return;
  await transaction.query(sql`
    INSERT INTO step_pass (enrolment_id, step_id, visit, entered_at, passed_at, outcome)
    SELECT * FROM unnest(
      ${passes.map(({ enrolmentId }) => enrolmentId)}::uuid[],
      ${passes.map(({ stepId }) => stepId)}::text[],
      ${passes.map(({ visit }) => visit)}::int[],
      ${passes.map(({ enteredAt }) => at(enteredAt))}::timestamptz[],
      ${passes.map(({ passedAt }) => at(passedAt))}::timestamptz[],
      ${passes.map(({ outcome }) => outcome)}::text[])`);
}

async function writeEnrolment(
  transaction: Transaction,
  snapshot: JourneySnapshot,
  change: EnrolmentChange,
): Promise<void> {
  if (change.kind !== 'moved') {
    const state = change.kind === 'ended' ? change.state : 'turned-away';
    await transaction.query(sql`
      UPDATE enrolment SET state = ${state}, ended_at = ${at(change.at)}, end_reason = ${change.reason}, awaits = '{}', exhausted = false, gap = NULL
      WHERE id = ${change.id}::uuid`);
    return;
  }
  const { id, stepId, visit, stepEnteredAt, stepEnteredBy, jumps, awaits, exhausted, gap } = change;
  // What was read has more to it than what was decided from.
  const running: readonly EnrolmentInForce[] = [...snapshot.enrolments, ...snapshot.entering];
  const stored = running.find((enrolment) => enrolment.id === id) as StoredEnrolment | undefined;
  const same =
    stored !== undefined &&
    stored.state === 'active' &&
    stored.stepId === stepId &&
    stored.visit === visit &&
    stored.stepEnteredAt === stepEnteredAt &&
    stored.stepEnteredBy === stepEnteredBy &&
    stored.exhausted === exhausted &&
    sameGap(stored.gap, gap) &&
    JSON.stringify(stored.jumps) === JSON.stringify(jumps) &&
    stored.awaits.join('\n') === awaits.join('\n');
  if (same) return;
  await transaction.query(sql`
    UPDATE enrolment SET state = 'active', step_id = ${stepId}, visit = ${visit}, step_entered_at = ${at(stepEnteredAt)},
           step_entered_by = ${stepEnteredBy}::bigint, jumps = ${JSON.stringify(jumps)}::jsonb, exhausted = ${exhausted},
           gap = ${gap === null ? null : JSON.stringify(gap)}::jsonb, awaits = ${awaits}::text[],
           step_held_ms = CASE WHEN step_id = ${stepId} AND visit = ${visit} THEN step_held_ms ELSE 0 END
    WHERE id = ${id}::uuid`);
}

function sameGap(stored: ContentGap | null, gap: ContentGap | null): boolean {
  return stored?.stream === gap?.stream && stored?.track === gap?.track && stored?.cell === gap?.cell;
}

async function insertEnrolment(transaction: Transaction, leadId: string, entry: Entry): Promise<void> {
  const { sequence, versionId, by, at: startedAt, stepId } = entry;
  await transaction.query(sql`
    INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, visit, step_entered_at, awaits, started_at)
    VALUES (${newId()}::uuid, ${leadId}::uuid, ${sequence}, ${versionId}::bigint, ${by}, 'active', ${stepId}, 1, ${at(startedAt)}, '{}', ${at(startedAt)})
    ON CONFLICT DO NOTHING`);
}

async function noteCondition(
  transaction: Transaction,
  leadId: string,
  sequence: string,
  held: boolean,
  now: Instant,
): Promise<void> {
  await transaction.query(
    held
      ? sql`INSERT INTO entry_condition (lead_id, sequence_key, held_since) VALUES (${leadId}::uuid, ${sequence}, ${at(now)}) ON CONFLICT DO NOTHING`
      : sql`DELETE FROM entry_condition WHERE lead_id = ${leadId}::uuid AND sequence_key = ${sequence}`,
  );
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
  const {
    enrolmentId,
    stepId,
    visit,
    template,
    lineage,
    question,
    purpose,
    dueAt,
    deadlineAt,
    state,
    reason,
    detail,
    nextAttemptAt,
  } = intent;
  // One intent per (enrolment, step, visit): the unique index would end the transaction, and the lead's lock keeps it from coming to that.
  await transaction.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, enrolment_id, step_id, visit, template_key, lineage, question,
                         state, reason, detail, due_at, deadline_at, next_attempt_at, message_id_header, finished_at, created_at)
    VALUES (${id}::uuid, 'lead', ${leadId}::uuid, ${snapshot.lead.address}, 'email', ${purpose}, ${enrolmentId}::uuid, ${stepId}, ${visit},
            ${template}, ${lineage}, ${question === null ? null : JSON.stringify(question)}::jsonb, ${state}, ${reason}, ${detail}, ${at(dueAt)},
            ${at(deadlineAt)}, ${at(nextAttemptAt)}, ${`<${id}@${messageIdDomain}>`}, ${isFinal(state) ? at(now) : null}, ${at(now)})`);
  await writeMessageEvents(transaction, now, [{ messageId: id, state, reason, until: nextAttemptAt }]);
  return id;
}

async function writeMessage(transaction: Transaction, change: MessageChange, now: Instant): Promise<void> {
  const { id, state, reason, detail, nextAttemptAt, content } = change;
  await transaction.query(sql`
    UPDATE message SET state = ${state}, reason = ${reason}, detail = ${detail}, next_attempt_at = ${at(nextAttemptAt)}, lease_until = NULL,
           finished_at = ${isFinal(state) ? at(now) : null}, template_key = coalesce(${content?.template ?? null}, template_key),
           lineage = coalesce(${content?.lineage ?? null}, lineage),
           lost_claim_at = CASE WHEN ${reason === SEND_AGAIN} THEN claimed_at ELSE lost_claim_at END
    WHERE id = ${id}::uuid`);
  await writeMessageEvents(transaction, now, [{ messageId: id, state, reason, until: nextAttemptAt }]);
}
