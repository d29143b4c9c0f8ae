import type { Instant } from '../domain/instant.ts';
import { planJourney } from '../domain/journey/plan.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { holdOffPublishing } from './publishing-lock.ts';
import { type LeadRow, readJourney } from './read-journey.ts';
import { at, sql } from './sql.ts';
import { writePlan } from './write-plan.ts';

/** What a journey is to do next. Holds ids and instants only: it is kept in Temporal's history. */
export interface JourneyCommands {
  /** Nothing is enrolled, open or due: the workflow ends, and the next news starts it again. */
  readonly closed: boolean;
  /** Messages to send now. */
  readonly send: readonly string[];
  /** A handoff whose process has not begun. */
  readonly handoff: string | null;
  readonly nextLookAt: Instant | null;
  /** The plan's `now`: a claim that follows from it is not made before. */
  readonly plannedAt: Instant;
}

export interface PlanOptions {
  /** The instant that woke the journey. A clock that lags behind it must not plan the same wait again. */
  readonly notBefore: Instant;
  /** The right-hand side of the Message-IDs of new mails. */
  readonly messageIdDomain: string;
}

/**
 * Plans a lead's journey in one transaction under the lead's lock: reads everything, lets the domain decide, writes the
 * decision, and notes which attention it has seen. Repeatable: each call returns all open commands, so an answer that
 * gets lost costs nothing. For the journey's own workflow, which carries the commands out and sleeps until the next look.
 */
export async function planLead(
  database: Database,
  clock: Clock,
  leadId: string,
  options: PlanOptions,
): Promise<JourneyCommands> {
  const { commands } = await planWithin(database, clock, leadId, options, true);
  return commands;
}

/** A plan made before waking, and what is known of the workflow that it may have to wake. */
export interface PlanAhead {
  readonly commands: JourneyCommands;
  /** The attention that it has seen: of two plans the one with more is the later one. */
  readonly attentionRev: number;
  readonly journeyOpen: boolean;
  /** The workflow has a timer at this instant or before. */
  readonly armedLookAt: Instant | null;
}

/** The same plan, made by whoever is about to wake the workflow: most news needs no waking then. */
export async function planAhead(
  database: Database,
  clock: Clock,
  leadId: string,
  options: PlanOptions,
): Promise<PlanAhead> {
  return planWithin(database, clock, leadId, options, false);
}

/** Notes that a workflow was started with `commands`: it sleeps until their next look. */
export async function noteStarted(database: Database, leadId: string, commands: JourneyCommands): Promise<void> {
  await database.query(sql`
    UPDATE lead SET journey_open = true, armed_look_at = ${at(commands.nextLookAt)}
    WHERE id = ${leadId}::uuid AND NOT journey_open AND next_look_at IS NOT DISTINCT FROM ${at(commands.nextLookAt)}`);
}

async function planWithin(
  database: Database,
  clock: Clock,
  leadId: string,
  options: PlanOptions,
  byJourney: boolean,
): Promise<PlanAhead> {
  return database.transaction(async (transaction) => {
    const now = Math.max(clock.now(), options.notBefore);
    await holdOffPublishing(transaction);
    const lead = await lockRow(transaction, leadId);
    // A parked lead's history is not known to the end: it may be sales' by now. The sweep revives it.
    if (lead === null || lead.parked) {
      const commands = { closed: true, send: [], handoff: null, nextLookAt: null, plannedAt: now };
      return { commands, attentionRev: lead?.attentionRev ?? 0, journeyOpen: false, armedLookAt: null };
    }
    const { messageIdDomain } = options;
    const commands = await planLocked(transaction, lead, { now, byJourney, messageIdDomain });
    const { attentionRev, journeyOpen, armedLookAt } = lead;
    return { commands, attentionRev, journeyOpen, armedLookAt };
  });
}

/** More entries at one instant than anything sensible needs: sequences that enrol in each other end here. */
const MOST_ENTRIES = 50;

/** Plans until what was written changes nothing more: who comes into a sequence begins it at once. */
async function planLocked(
  transaction: Transaction,
  lead: LeadRow,
  { now, byJourney, messageIdDomain }: { now: Instant; byJourney: boolean; messageIdDomain: string },
): Promise<JourneyCommands> {
  const { id: leadId, attentionRev, clockOffset } = lead;
  // A test lead lives ahead of the clock: decided is by its own, and looked at by the world's.
  const leadNow = now + clockOffset;
  // Rounds that go on because a step recorded something are bounded by the steps and jumps of the sequences themselves.
  for (let entries = 0; entries <= MOST_ENTRIES; ) {
    const snapshot = await readJourney(transaction, lead, leadNow);
    const plan = planJourney(snapshot, leadNow);
    const nextLookAt = plan.nextLookAt === null ? null : plan.nextLookAt - clockOffset;
    const write = { leadId, attentionRev, snapshot, plan, now: leadNow, nextLookAt, byJourney, messageIdDomain };
    const { send, handoff } = await writePlan(transaction, write);
    if (!plan.again) return { closed: plan.closed, send, handoff, nextLookAt, plannedAt: now };
    entries += plan.entries.length;
  }
  throw new Error(
    `the plan of lead ${leadId} does not come to an end: do sequences enrol in each other without a wait?`,
  );
}

/** This very lead, not the one it was merged into: the journey of a merged lead has to see that it is over. */
async function lockRow(transaction: Transaction, leadId: string): Promise<LeadRow | null> {
  const [row] = await transaction.query<LeadRow>(sql`
    SELECT id, stage, merged_into IS NOT NULL OR erased_at IS NOT NULL AS gone, parked_at IS NOT NULL AS parked, attention_rev AS "attentionRev",
           account_id AS "accountId", clock_offset_ms AS "clockOffset", journey_open AS "journeyOpen", armed_look_at AS "armedLookAt"
    FROM lead WHERE id = ${leadId}::uuid FOR NO KEY UPDATE`);
  return row ?? null;
}
