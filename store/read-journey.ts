import { earliest, type Instant } from '../domain/instant.ts';
import { compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import type { EnrolmentInForce, JourneySnapshot, MessageInForce } from '../domain/journey/snapshot.ts';
import type { Transaction } from './database.ts';
import { loadSequenceVersions } from './load-live-definitions.ts';
import { readGateFacts } from './read-gate-facts.ts';
import { readPresentStandings } from './read-present-standings.ts';
import { at, sql } from './sql.ts';

/** The lead's row, locked. */
export interface LeadRow {
  readonly id: string;
  readonly stage: 'lead' | 'customer' | 'disqualified';
  readonly gone: boolean;
  readonly parked: boolean;
  readonly journeyOpen: boolean;
  readonly armedLookAt: Instant | null;
  readonly attentionRev: number;
  readonly accountId: string | null;
}

/** Reads all that the plan of a lead's journey decides from. The lead's row is locked already. */
export async function readJourney(transaction: Transaction, lead: LeadRow, now: Instant): Promise<JourneySnapshot> {
  const enrolments = await readActiveEnrolments(transaction, lead.id);
  const purposes = [...new Set(enrolments.map(({ sequence }) => sequence.purpose))];
  const facts = await readGateFacts(transaction, lead.id, purposes, now);
  const handoffs = await readHandoffs(transaction, lead.id);
  const open = handoffs.find(({ state }) => state !== 'closed');
  const present = await readPresentStandings(transaction, lead, now);
  return {
    lead: { stage: lead.stage, gone: lead.gone, address: facts.address, suppressed: facts.suppressed },
    paused: facts.paused,
    standings: present.standings,
    standingChangesAt: present.changesAt,
    openHandoff: open === undefined ? null : { id: open.id, started: open.started },
    lastClosedAt: new Map(
      handoffs.flatMap(({ modelKey, closedAt }) =>
        modelKey === null || closedAt === null ? [] : [[modelKey, closedAt]],
      ),
    ),
    enrolments,
    messages: await readMessages(transaction, enrolments),
    consents: facts.consents,
    sent: facts.sent,
    awaited: await readAwaited(transaction, lead.id, enrolments),
  };
}

async function readActiveEnrolments(transaction: Transaction, leadId: string): Promise<StoredEnrolment[]> {
  const rows = await transaction.query<Omit<StoredEnrolment, 'sequence'> & { versionId: number }>(sql`
    SELECT id, sequence_version_id AS "versionId", step_id AS "stepId", visit, step_entered_at AS "stepEnteredAt",
           step_entered_by AS "stepEnteredBy", awaits
    FROM enrolment WHERE lead_id = ${leadId}::uuid AND state = 'active' ORDER BY started_at, id`);
  if (rows.length === 0) return [];
  const sequenceOf = await loadSequenceVersions(
    transaction,
    rows.map(({ versionId }) => versionId),
  );
  return rows.map((row) => ({ ...row, sequence: sequenceOf(row.versionId) }));
}

/** An enrolment with what of it is stored beside, so that only changes are written. */
export type StoredEnrolment = EnrolmentInForce & { readonly awaits: readonly string[]; readonly versionId: number };

interface HandoffRow {
  readonly id: string;
  readonly state: string;
  readonly started: boolean;
  readonly closedAt: Instant | null;
  readonly modelKey: string | null;
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
    SELECT id, enrolment_id AS "enrolmentId", step_id AS "stepId", visit, purpose, state, reason, deadline_at AS "deadlineAt",
           next_attempt_at AS "nextAttemptAt", claimed_at AS "claimedAt", lease_until AS "leaseUntil", finished_at AS "finishedAt"
    FROM message WHERE enrolment_id = ANY(${enrolments.map(({ id }) => id)}::uuid[])`);
}

/** The assessed interactions that a waitFor step may mean, from where its enrolment stands on. */
async function readAwaited(
  transaction: Transaction,
  leadId: string,
  enrolments: readonly EnrolmentInForce[],
): Promise<Interaction[]> {
  const waiting = enrolments.flatMap(({ sequence, stepEnteredAt }) =>
    sequence.steps.flatMap((step) => (step.kind === 'waitFor' ? [{ event: step.event, stepEnteredAt }] : [])),
  );
  const since = earliest(...waiting.map(({ stepEnteredAt }) => stepEnteredAt));
  if (since === null) return [];
  const names = waiting.flatMap(({ event }) => (event.event === undefined ? [] : [event.event]));
  const kinds = waiting.flatMap(({ event }) =>
    event.event === undefined && event.kind !== undefined ? [event.kind] : [],
  );
  const rows = await transaction.query<Interaction>(sql`
    SELECT id, source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt" FROM interaction
    WHERE lead_id = ${leadId}::uuid AND occurred_at >= ${at(since)} AND assessed_at IS NOT NULL AND discounted_at IS NULL
      AND (name = ANY(${names}::text[]) OR kind = ANY(${kinds}::text[]))`);
  return rows.sort(compareFoldOrder);
}
