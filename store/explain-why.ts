import { durationMs, type Instant } from '../domain/instant.ts';
import { interestKey } from '../domain/interaction/event-match.ts';
import type { LeadStage, MessageState } from '../domain/journey/snapshot.ts';
import type { Held } from '../domain/scoring/held.ts';
import type { Sequence, Step } from '../domain/sequence/definition.ts';
import type { Database } from './database.ts';
import { type HandoffView, listHandoffs } from './list-handoffs.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

/** Why a lead is where it is: what it waits for, until when, and what was withheld. Codes only; words are the edge's. */
export interface Why {
  readonly lead: { readonly id: string; readonly stage: LeadStage };
  /** True when every change so far has been planned for. */
  readonly planned: boolean;
  readonly nextLookAt: Instant | null;
  /** Interactions that have come in and are not scored yet. */
  readonly unassessed: number;
  /** Its history could not be processed; it is tried again from time to time, and after each publishing. */
  readonly parked: { readonly at: Instant; readonly error: string } | null;
  /** All marketing of the installation stands still since. */
  readonly pausedAt: Instant | null;
  readonly handoff: HandoffView | null;
  /** Ready for sales by a publishing, not by anything it did: its offer is held back. */
  readonly held: readonly HeldBack[];
  readonly enrolments: readonly WaitingEnrolment[];
  readonly messages: readonly WithheldMessage[];
}

export interface HeldBack {
  readonly model: string;
  /** The version whose publishing it was. */
  readonly version: number;
  readonly until: Held;
  readonly perDay: number | null;
}

export interface WaitingEnrolment {
  readonly id: string;
  readonly sequence: string;
  readonly version: number;
  readonly step: { readonly id: string; readonly kind: Step['kind'] };
  readonly since: Instant;
  /** When the wait ends by itself; null where the step is a mail. */
  readonly until: Instant | null;
  /** The event that would end it earlier. */
  readonly waitsFor: string | null;
}

/** A mail that is not finished, or that was dropped, superseded, refused or left unknown. */
export interface WithheldMessage {
  readonly id: string;
  readonly recipient: 'lead' | 'rep';
  readonly template: string;
  readonly sequence: string | null;
  readonly step: string | null;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly dueAt: Instant;
  readonly nextAttemptAt: Instant | null;
  readonly deadlineAt: Instant | null;
  readonly attempts: number;
}

/** Answers "why is this person stuck?". Throws `not-found`. */
export async function explainWhy(database: Database, leadId: string): Promise<Why> {
  const id = await resolveLead(database, leadId);
  const [lead] = await database.query<LeadRow>(sql`
    SELECT stage, attention_rev = planned_rev AS planned, next_look_at AS "nextLookAt", parked_at AS "parkedAt", parked_error AS "parkedError",
           (SELECT paused_at FROM installation WHERE id = 1) AS "pausedAt",
           (SELECT count(*) FROM interaction WHERE lead_id = lead.id AND assessed_at IS NULL) AS unassessed
    FROM lead WHERE id = ${id}::uuid`);
  if (lead === undefined) throw new Error(`lead ${id} has gone`);
  const [handoffs, held, enrolments, messages] = await Promise.all([
    listHandoffs(database, { leadId: id, limit: 1 }),
    readHeld(database, id),
    readEnrolments(database, id),
    readWithheld(database, id),
  ]);
  const { stage, planned, nextLookAt, parkedAt, parkedError, pausedAt, unassessed } = lead;
  return {
    lead: { id, stage },
    planned,
    nextLookAt,
    unassessed,
    parked: parkedAt === null ? null : { at: parkedAt, error: parkedError ?? '' },
    pausedAt,
    handoff: handoffs.find(({ state }) => state !== 'closed') ?? null,
    held,
    enrolments,
    messages,
  };
}

interface LeadRow {
  readonly stage: LeadStage;
  readonly planned: boolean;
  readonly nextLookAt: Instant | null;
  readonly parkedAt: Instant | null;
  readonly parkedError: string | null;
  readonly pausedAt: Instant | null;
  readonly unassessed: number;
}

async function readHeld(database: Database, leadId: string): Promise<HeldBack[]> {
  return database.query<HeldBack>(sql`
    SELECT version.key AS model, version.version, held AS until, (publication->>'perDay')::int AS "perDay"
    FROM held_back
    JOIN definition ON live_version_id = model_version_id
    JOIN definition_version AS version ON version.id = model_version_id
    WHERE lead_id = ${leadId}::uuid ORDER BY version.key`);
}

async function readEnrolments(database: Database, leadId: string): Promise<WaitingEnrolment[]> {
  const rows = await database.query<{
    id: string;
    sequence: string;
    version: number;
    content: Sequence;
    stepId: string;
    since: Instant;
  }>(sql`
    SELECT enrolment.id, sequence_key AS sequence, version.version, version.content, step_id AS "stepId", step_entered_at AS since
    FROM enrolment JOIN definition_version AS version ON version.id = enrolment.sequence_version_id
    WHERE lead_id = ${leadId}::uuid AND state = 'active' ORDER BY started_at, enrolment.id`);
  return rows.flatMap(({ content, stepId, ...row }) => {
    const step = content.steps.find(({ id }) => id === stepId);
    return step === undefined ? [] : [{ ...row, step: { id: step.id, kind: step.kind }, ...waitOf(step, row.since) }];
  });
}

function waitOf(step: Step, since: Instant): Pick<WaitingEnrolment, 'until' | 'waitsFor'> {
  switch (step.kind) {
    case 'send':
      return { until: null, waitsFor: null };
    case 'wait':
      return { until: since + durationMs(step.for), waitsFor: null };
    case 'waitFor':
      return { until: since + durationMs(step.timeout), waitsFor: interestKey(step.event) };
  }
}

/** Open ones all, and the last of those that ended otherwise than by being accepted. */
async function readWithheld(database: Database, leadId: string): Promise<WithheldMessage[]> {
  return database.query<WithheldMessage>(sql`
    SELECT message.id, recipient_kind AS recipient, template_key AS template, enrolment.sequence_key AS sequence, message.step_id AS step,
           message.state, reason, due_at AS "dueAt", next_attempt_at AS "nextAttemptAt", deadline_at AS "deadlineAt", attempts
    FROM message LEFT JOIN enrolment ON enrolment.id = message.enrolment_id
    WHERE message.lead_id = ${leadId}::uuid AND message.state <> 'accepted'
    ORDER BY message.finished_at IS NULL DESC, message.created_at DESC, message.id DESC LIMIT 50`);
}
