import type { Condition } from '../domain/conditions/condition.ts';
import { isBoundToItsAddress } from '../domain/consent/policy.ts';
import type { Instant } from '../domain/instant.ts';
import { askedToEnter } from '../domain/journey/asked-to-enter.ts';
import { factsOf } from '../domain/journey/present-standings.ts';
import {
  ANY_MODEL,
  type EnrolmentInForce,
  type JourneySnapshot,
  type LiveSequence,
  type LooseMail,
  type Notice,
} from '../domain/journey/snapshot.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import { conditionOutlook } from '../domain/scoring/outlook.ts';
import type { MessageInForce } from '../domain/sending/message.ts';
import { NO_PASSES } from '../domain/sequence/entry.ts';
import { needsOf } from '../domain/sequence/needs.ts';
import { nextQuestion } from '../domain/sequence/next-question.ts';
import type { Question } from '../domain/sequence/question.ts';
import type { Transaction } from './database.ts';
import { loadContents } from './load-contents.ts';
import type { LiveDefinitions } from './load-live-definitions.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { readAsked } from './read-asked.ts';
import { readCalendar } from './read-calendar.ts';
import { type LeadEnrolments, readEnrolments } from './read-enrolments.ts';
import { readGateFacts, readWays } from './read-gate-facts.ts';
import { readLeadEvents } from './read-lead-events.ts';
import { type PresentStandings, readPresentStandings } from './read-present-standings.ts';
import { sql } from './sql.ts';

/** The lead's row, locked. */
export interface LeadRow {
  readonly id: string;
  readonly stage: LeadStage;
  readonly gone: boolean;
  readonly parked: boolean;
  readonly journeyOpen: boolean;
  readonly armedLookAt: Instant | null;
  readonly attentionRev: number;
  readonly accountId: string | null;
  /** Of a test lead: how far its clock is ahead, in milliseconds. */
  readonly clockOffset: number;
}

/**
 * Reads all that the plan of a lead's journey decides from. The lead's row is locked already. `alsoAsked`: what its
 * facts are to answer besides.
 */
export async function readJourney(
  transaction: Transaction,
  lead: LeadRow,
  now: Instant,
  alsoAsked: readonly Condition[] = [],
): Promise<JourneySnapshot> {
  const present = await readPresentStandings(transaction, lead, now);
  const { standings, changesAt, underModels, live, attributes } = present;
  const enrolments = await readEnrolments(transaction, lead.id);
  const { running } = enrolments;
  const looseMails = await readLooseMails(transaction, lead);
  const purposes = [
    ...new Set([...running.map(({ sequence }) => sequence.purpose), ...looseMails.map(({ purpose }) => purpose)]),
  ];
  const gate = await readGateFacts(transaction, lead.id, purposes, live.consent);
  const handoffs = await readHandoffs(transaction, lead.id);
  const open = handoffs.find(({ state }) => state !== 'closed');
  const liveSequences = await readLive(transaction, lead.id, live, enrolments);
  const toEnter = liveSequences.flatMap((sequence) => askedToEnter(sequence, lead.stage, now));
  const events = await readLeadEvents(transaction, lead.id, running, [...toEnter, ...alsoAsked], now);
  const facts = factsOf(attributes, events, underModels, now);
  return {
    lead: { stage: lead.stage, gone: lead.gone, address: gate.address, suppressed: gate.suppressed },
    paused: gate.paused,
    pacing: live.pacing,
    calendar: await readCalendar(transaction, lead.id, live.pacing, attributes, now),
    standings,
    standingChangesAt: changesAt,
    openHandoff: open === undefined ? null : { id: open.id, started: open.started },
    lastClosedAt: lastClosed(handoffs),
    facts,
    outlook: conditionOutlook(facts, attributes, underModels),
    enrolments: running.filter(({ state }) => state === 'active'),
    entering: running.filter(({ state }) => state === 'entering'),
    live: liveSequences,
    messages: await readMessages(transaction, running),
    notices: await readNotices(transaction, lead.id),
    looseMails,
    consentPolicy: live.consent,
    preferences: gate.preferences,
    ways: gate.ways,
    consents: gate.consents,
    sent: gate.sent,
    received: gate.received,
    contents: purposes.length === 0 ? new Map() : await loadContents(transaction),
    events,
    question: await readQuestions(transaction, lead.id, running, present, facts),
  };
}

async function readLive(
  transaction: Transaction,
  leadId: string,
  { sequences }: LiveDefinitions,
  { passes }: LeadEnrolments,
): Promise<LiveSequence[]> {
  const [lead] = await transaction.query<{ createdAt: Instant; seen: number; held: string[] }>(sql`
    SELECT created_at AS "createdAt", publications_seen AS seen,
           ARRAY(SELECT sequence_key FROM entry_condition WHERE lead_id = lead.id) AS held
    FROM lead WHERE id = ${leadId}::uuid`);
  if (lead === undefined) throw new Error(`lead ${leadId} has gone`);
  const { createdAt, seen } = lead;
  const heldBefore = new Set(lead.held);
  return sequences.map(({ versionId, definition, publication }) => ({
    versionId,
    sequence: definition,
    passes: passes.get(definition.key) ?? NO_PASSES,
    heldBefore: heldBefore.has(definition.key),
    // Whoever came after a publication can't have been in its condition before.
    firstLook:
      publication !== null && publication.publication > seen && createdAt < publication.at ? publication : null,
  }));
}

type QuestionOf = (modelKey: string) => Question | null;

async function readQuestions(
  transaction: Transaction,
  leadId: string,
  enrolments: readonly EnrolmentInForce[],
  { underModels, live }: PresentStandings,
  facts: JourneySnapshot['facts'],
): Promise<QuestionOf> {
  if (!enrolments.some(({ sequence }) => needsOf(sequence).questions)) return () => null;
  const vocabulary = await loadVocabulary(transaction);
  const askedBefore = await readAsked(transaction, leadId);
  return (modelKey) => {
    // Who was not scored yet has no band, and may be asked all the same.
    const under = underModels.find(({ model }) => model.key === modelKey);
    const model = live.models.find(({ definition }) => definition.key === modelKey)?.definition;
    if (model === undefined) return null;
    return nextQuestion({ vocabulary, facts, model, band: under?.standing.band ?? null, askedBefore });
  };
}

interface HandoffRow {
  readonly id: string;
  readonly state: string;
  readonly started: boolean;
  readonly closedAt: Instant | null;
  readonly modelKey: string | null;
}

/** Of merged leads the one that was offered last need not be the one that was closed last. */
function lastClosed(handoffs: readonly HandoffRow[]): Map<string, Instant> {
  const last = new Map<string, Instant>();
  for (const { modelKey, closedAt } of handoffs) {
    const key = modelKey ?? ANY_MODEL;
    if (closedAt !== null) last.set(key, Math.max(closedAt, last.get(key) ?? 0));
  }
  return last;
}

/** In the order they were offered. */
async function readHandoffs(transaction: Transaction, leadId: string): Promise<HandoffRow[]> {
  return transaction.query<HandoffRow>(sql`
    SELECT id, state, planned_rev > 0 AS started, closed_at AS "closedAt", trigger->>'modelKey' AS "modelKey"
    FROM handoff WHERE lead_id = ${leadId}::uuid ORDER BY offered_at, id`);
}

async function readMessages(
  transaction: Transaction,
  enrolments: readonly EnrolmentInForce[],
): Promise<MessageInForce[]> {
  if (enrolments.length === 0) return [];
  return transaction.query<MessageInForce>(sql`
    SELECT id, enrolment_id AS "enrolmentId", step_id AS "stepId", visit, purpose, template_key AS template, lineage, question, state, reason,
           due_at AS "dueAt", deadline_at AS "deadlineAt", next_attempt_at AS "nextAttemptAt", claimed_at AS "claimedAt",
           lease_until AS "leaseUntil", finished_at AS "finishedAt", CASE WHEN state = 'claimed' THEN if_lost(message) END AS "ifLost"
    FROM message WHERE enrolment_id = ANY(${enrolments.map(({ id }) => id)}::uuid[]) AND recipient_kind = 'lead'`);
}

async function readLooseMails(transaction: Transaction, { id: leadId, clockOffset }: LeadRow): Promise<LooseMail[]> {
  const mails = await transaction.query<LooseMail & { readonly address: string | null }>(sql`
    SELECT id, address, purpose, template_key AS template, state, reason, deadline_at AS "deadlineAt", next_attempt_at AS "nextAttemptAt",
           lease_until AS "leaseUntil", CASE WHEN state = 'claimed' THEN if_lost(message) END AS "ifLost"
    FROM message
    WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' AND enrolment_id IS NULL AND state IN ('due', 'delayed', 'deferred', 'claimed')
    ORDER BY created_at, id`);
  const loose: LooseMail[] = [];
  for (const { address, ...mail } of mails) {
    const bound = address !== null && isBoundToItsAddress(mail.purpose);
    loose.push(bound ? { ...mail, to: { address, ...(await readWays(transaction, address, clockOffset)) } } : mail);
  }
  return loose;
}

async function readNotices(transaction: Transaction, leadId: string): Promise<Notice[]> {
  return transaction.query<Notice>(sql`
    SELECT id, state, deadline_at AS "deadlineAt", next_attempt_at AS "nextAttemptAt", lease_until AS "leaseUntil",
           CASE WHEN state = 'claimed' THEN if_lost(message) END AS "ifLost"
    FROM message
    WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'colleague' AND state IN ('due', 'delayed', 'deferred', 'claimed')
    ORDER BY created_at, id`);
}
