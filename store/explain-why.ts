import type { Calendar } from '../domain/calendar/calendar.ts';
import { evaluate } from '../domain/conditions/evaluate.ts';
import type { Trace } from '../domain/conditions/trace.ts';
import type { Preferences } from '../domain/consent/preferences.ts';
import type { Instant } from '../domain/instant.ts';
import { isShut } from '../domain/journey/asked-to-enter.ts';
import { planJourney } from '../domain/journey/plan.ts';
import type { JourneySnapshot } from '../domain/journey/snapshot.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import type { Held } from '../domain/scoring/held.ts';
import type { MessageState } from '../domain/sending/message.ts';
import type { TurnedAway } from '../domain/sequence/entry.ts';
import type { RecipientKind } from './claim-message.ts';
import type { Database, Queryable } from './database.ts';
import { explainEnrolments, type WaitingEnrolment } from './explain-enrolments.ts';
import { type HandoffView, listHandoffs } from './list-handoffs.ts';
import { readEnrolments } from './read-enrolments.ts';
import { type LeadRow as JourneyLead, readJourney } from './read-journey.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

/** Why a lead is where it is: what it waits for, until when, and what was withheld. Codes only; words are the edge's. */
export interface Why {
  readonly lead: { readonly id: string; readonly stage: LeadStage };
  /** A lead made for walking through sequences, and how far its clock is ahead, in milliseconds; null: a person. */
  readonly testLead: { readonly aheadMs: number } | null;
  /** By which clock and which holidays it lives, and how that was found; null where its history could not be processed. */
  readonly calendar: Calendar | null;
  /** True when every change so far has been planned for. */
  readonly planned: boolean;
  readonly nextLookAt: Instant | null;
  /** Interactions that have come in and are not scored yet. */
  readonly unassessed: number;
  /** Its history could not be processed; it is tried again from time to time, and after each publishing. */
  readonly parked: { readonly at: Instant; readonly error: string } | null;
  /** All marketing of the installation stands still since. */
  readonly pausedAt: Instant | null;
  /** What the person set for all marketing; null where the history could not be processed. */
  readonly preferences: Pick<Preferences, 'pausedUntil' | 'limit'> | null;
  readonly handoff: HandoffView | null;
  /** Ready for sales by a publishing, not by anything it did: its offer is held back. */
  readonly held: readonly HeldBack[];
  readonly enrolments: readonly WaitingEnrolment[];
  /** An event would bring it in, and it is asked whether it may when the pause of the sequence ends. */
  readonly entering: readonly { readonly sequence: string; readonly since: Instant }[];
  /** The last entries that were refused. */
  readonly turnedAway: readonly RefusedEntry[];
  readonly messages: readonly WithheldMessage[];
}

export interface HeldBack {
  readonly model: string;
  /** The version whose publishing it was. */
  readonly version: number;
  readonly until: Held;
  readonly perDay: number | null;
}

export interface RefusedEntry {
  readonly sequence: string;
  readonly at: Instant;
  readonly reason: TurnedAway;
  /**
   * How the lead stands to the audience of the published version now; null where none is published, it is for all, or
   * the lead can't come in any more whatever its audience.
   */
  readonly audience: Trace | null;
}

/** A mail that is not finished, or that was dropped, superseded, refused or left unknown. */
export interface WithheldMessage {
  readonly id: string;
  readonly recipient: RecipientKind;
  readonly template: string;
  readonly sequence: string | null;
  readonly step: string | null;
  readonly state: MessageState;
  readonly reason: string | null;
  /** In figures or a name, what the reason is in this case: `2 in 7 days`. */
  readonly detail: string | null;
  readonly dueAt: Instant;
  readonly nextAttemptAt: Instant | null;
  readonly deadlineAt: Instant | null;
  readonly attempts: number;
}

/**
 * Answers "why is this person stuck?" as of `now`, by planning its journey once more without writing anything. All is
 * read as of one instant and nothing is locked: asking why never makes anybody wait. Throws `not-found`.
 */
export async function explainWhy(database: Database, leadId: string, now: Instant): Promise<Why> {
  return database.transaction(async (transaction): Promise<Why> => {
    await transaction.query(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`);
    const id = await resolveLead(transaction, leadId);
    const lead = await readLead(transaction, id);
    const [handoff] = await listHandoffs(transaction, { leadId: id, limit: 1 });
    const messages = await readWithheld(transaction, id);
    const { running } = await readEnrolments(transaction, id);
    // What could not be processed would not be planned either: what is stored is all that can be said.
    const leadNow = now + lead.clockOffset;
    const snapshot = lead.parked ? null : await readJourney(transaction, lead, leadNow);
    const dryRun = snapshot === null ? null : { snapshot, plan: planJourney(snapshot, leadNow), now: leadNow };
    const { stage, planned, nextLookAt, parkedAt, parkedError, pausedAt, unassessed, test, clockOffset } = lead;
    return {
      lead: { id, stage },
      testLead: test ? { aheadMs: clockOffset } : null,
      calendar: snapshot?.calendar ?? null,
      planned,
      nextLookAt,
      unassessed,
      parked: parkedAt === null ? null : { at: parkedAt, error: parkedError ?? '' },
      pausedAt,
      preferences: snapshot === null ? null : inForce(snapshot.preferences, leadNow),
      handoff: handoff === undefined || handoff.state === 'closed' ? null : handoff,
      held: await readHeld(transaction, id),
      enrolments: await explainEnrolments(
        transaction,
        running.filter(({ state }) => state === 'active'),
        dryRun,
        (messageId) => messages.find((message) => message.id === messageId)?.detail ?? null,
      ),
      entering: running
        .filter(({ state, paused }) => state === 'entering' && paused)
        .map(({ sequence, startedAt }) => ({ sequence: sequence.key, since: startedAt })),
      turnedAway: await readTurnedAway(transaction, id, snapshot),
      messages,
    };
  });
}

/** A pause that is over is none. */
function inForce({ pausedUntil, limit }: Preferences, now: Instant): Why['preferences'] {
  return { pausedUntil: pausedUntil !== null && pausedUntil > now ? pausedUntil : null, limit };
}

interface LeadRow extends JourneyLead {
  readonly test: boolean;
  readonly planned: boolean;
  readonly nextLookAt: Instant | null;
  readonly parkedAt: Instant | null;
  readonly parkedError: string | null;
  readonly pausedAt: Instant | null;
  readonly unassessed: number;
}

async function readLead(queryable: Queryable, id: string): Promise<LeadRow> {
  const [lead] = await queryable.query<LeadRow>(sql`
    SELECT id, stage, erased_at IS NOT NULL AS gone, parked_at IS NOT NULL AS parked, journey_open AS "journeyOpen",
           armed_look_at AS "armedLookAt", attention_rev AS "attentionRev", account_id AS "accountId", clock_offset_ms AS "clockOffset", test,
           attention_rev = planned_rev AS planned, next_look_at AS "nextLookAt", parked_at AS "parkedAt", parked_error AS "parkedError",
           (SELECT paused_at FROM installation WHERE id = 1) AS "pausedAt",
           (SELECT count(*) FROM interaction WHERE lead_id = lead.id AND assessed_at IS NULL) AS unassessed
    FROM lead WHERE id = ${id}::uuid`);
  if (lead === undefined) throw new Error(`lead ${id} has gone`);
  return lead;
}

async function readHeld(queryable: Queryable, leadId: string): Promise<HeldBack[]> {
  return queryable.query<HeldBack>(sql`
    SELECT version.key AS model, version.version, held AS until, (publication->>'perDay')::int AS "perDay"
    FROM held_back
    JOIN definition ON live_version_id = model_version_id
    JOIN definition_version AS version ON version.id = model_version_id
    WHERE lead_id = ${leadId}::uuid ORDER BY version.key`);
}

const MOST_TURNED_AWAY = 5;

async function readTurnedAway(
  queryable: Queryable,
  leadId: string,
  snapshot: JourneySnapshot | null,
): Promise<RefusedEntry[]> {
  const rows = await queryable.query<Omit<RefusedEntry, 'audience'>>(sql`
    SELECT sequence_key AS sequence, ended_at AS at, end_reason AS reason FROM enrolment
    WHERE lead_id = ${leadId}::uuid AND state = 'turned-away' ORDER BY ended_at DESC, id DESC LIMIT ${MOST_TURNED_AWAY}::int`);
  return rows.map((row) => {
    const live = snapshot?.live.find(({ sequence }) => sequence.key === row.sequence);
    if (snapshot === null || live === undefined || isShut(live, snapshot.lead.stage, snapshot.facts.now))
      return { ...row, audience: null };
    const { audience } = live.sequence;
    return { ...row, audience: audience === undefined ? null : evaluate(audience, snapshot.facts) };
  });
}

/** Open ones all, and the last of those that ended otherwise than by being accepted. */
async function readWithheld(queryable: Queryable, leadId: string): Promise<WithheldMessage[]> {
  return queryable.query<WithheldMessage>(sql`
    SELECT message.id, recipient_kind AS recipient, template_key AS template, enrolment.sequence_key AS sequence, message.step_id AS step,
           message.state, reason, detail, due_at AS "dueAt", next_attempt_at AS "nextAttemptAt", deadline_at AS "deadlineAt", attempts
    FROM message LEFT JOIN enrolment ON enrolment.id = message.enrolment_id
    WHERE message.lead_id = ${leadId}::uuid AND message.state <> 'accepted'
    ORDER BY message.finished_at IS NULL DESC, message.created_at DESC, message.id DESC LIMIT 50`);
}
