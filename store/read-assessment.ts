import type { Instant } from '../domain/instant.ts';
import type { Interaction } from '../domain/interaction/interaction.ts';
import { ANY_MODEL } from '../domain/journey/snapshot.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import type { Standing } from '../domain/scoring/fold.ts';
import type { Held } from '../domain/scoring/held.ts';
import type { LedgerRow } from '../domain/scoring/reconcile-ledger.ts';
import type { Transaction } from './database.ts';
import { sql } from './sql.ts';

export interface LeadToAssess {
  readonly id: string;
  readonly stage: LeadStage;
  readonly refold: boolean;
  readonly accountId: string | null;
  readonly nextLookAt: Instant | null;
  readonly createdAt: Instant;
  /** Of a test lead: how far its clock is ahead; `nextLookAt` is by its own. */
  readonly clockOffset: number;
  /** No plan was ever made for it. */
  readonly neverPlanned: boolean;
}

/**
 * Locks the leads of the oldest unassessed interactions (or one lead), leaving those that somebody else holds.
 * `candidates` counts the held ones too. Parked leads wait for a person.
 */
export async function lockLeadsToAssess(
  transaction: Transaction,
  which: { readonly batchSize: number } | { readonly only: string },
): Promise<LockedLeads> {
  if ('only' in which) return lockIds(transaction, [which.only], false);
  let after = 0;
  for (;;) {
    const oldest = await transaction.query<{ leadId: string; interactions: number; last: number }>(sql`
      SELECT lead_id AS "leadId", count(*) AS interactions, max(id) AS last FROM (
        SELECT id, lead_id FROM interaction
        WHERE assessed_at IS NULL AND lead_id IS NOT NULL AND id > ${after}::bigint
          AND lead_id <> ALL (ARRAY(SELECT id FROM lead WHERE parked_at IS NOT NULL))
          AND lead_id <> ALL (ARRAY(SELECT unnest(lead_ids) FROM erasure WHERE done_at IS NULL))
        ORDER BY id LIMIT ${which.batchSize}::int) AS oldest
      GROUP BY lead_id`);
    const full = oldest.reduce((sum, { interactions }) => sum + interactions, 0) >= which.batchSize;
    const ids = oldest.map(({ leadId }) => leadId);
    const refolds = await lockRefolds(transaction, full ? REFOLDS_BESIDE : REFOLDS_ALONE);
    if (full) {
      const locked = await lockIds(transaction, [...new Set([...ids, ...refolds])], true);
      if (locked.leads.length > 0) return locked;
      // All of these are another assessor's just now: the work behind them is ours.
      after = Math.max(...oldest.map(({ last }) => last));
      continue;
    }
    return lockIds(transaction, [...new Set([...ids, ...refolds])], refolds.length === REFOLDS_ALONE);
  }
}

/** Leads scored anew beside a full batch of news, so that a busy day does not put a publishing off to the night. */
const REFOLDS_BESIDE = 20;
const REFOLDS_ALONE = 200;

/** Leads to be scored anew; two assessors get different ones. */
async function lockRefolds(transaction: Transaction, most: number): Promise<string[]> {
  const rows = await transaction.query<{ id: string }>(sql`
    SELECT id FROM lead WHERE refold AND parked_at IS NULL AND merged_into IS NULL AND erased_at IS NULL
    LIMIT ${most}::int FOR NO KEY UPDATE SKIP LOCKED`);
  return rows.map(({ id }) => id);
}

interface LockedLeads {
  readonly leads: LeadToAssess[];
  readonly candidates: number;
  readonly more: boolean;
}

async function lockIds(transaction: Transaction, ids: readonly string[], more: boolean): Promise<LockedLeads> {
  if (ids.length === 0) return { leads: [], candidates: 0, more: false };
  const leads = await transaction.query<LeadToAssess>(sql`
    SELECT id, stage, refold, account_id AS "accountId", next_look_at + clock_offset_ms * interval '1 millisecond' AS "nextLookAt",
           clock_offset_ms AS "clockOffset", created_at AS "createdAt", planned_rev = 0 AS "neverPlanned"
    FROM lead
    WHERE id = ANY(${ids}::uuid[]) AND merged_into IS NULL AND erased_at IS NULL AND parked_at IS NULL
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`);
  return { leads, candidates: ids.length, more };
}

export type StoredInteraction = Interaction & { readonly leadId: string };

/** What has not been folded yet, by lead. Read after the leads were locked, so nothing committed before is missed. */
export async function readNewInteractions(
  transaction: Transaction,
  leadIds: readonly string[],
): Promise<Map<string, StoredInteraction[]>> {
  const rows = await transaction.query<StoredInteraction>(sql`
    SELECT id, lead_id AS "leadId", source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt"
    FROM interaction WHERE lead_id = ANY(${leadIds}::uuid[]) AND assessed_at IS NULL AND discounted_at IS NULL`);
  return byLead(rows);
}

/**
 * What was folded before, by lead; with the news it is the whole history. Read as "everything" it would hold what was
 * committed since the news were read, and fold that twice.
 */
export async function readFolded(
  transaction: Transaction,
  leadIds: readonly string[],
): Promise<Map<string, StoredInteraction[]>> {
  if (leadIds.length === 0) return new Map();
  const rows = await transaction.query<StoredInteraction>(sql`
    SELECT id, lead_id AS "leadId", source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt"
    FROM interaction WHERE lead_id = ANY(${leadIds}::uuid[]) AND assessed_at IS NOT NULL AND discounted_at IS NULL`);
  return byLead(rows);
}

/** A standing as it is stored, with whether its offer to sales is held back. */
export interface StoredStanding {
  readonly standing: Standing;
  readonly held: Held | null;
}

/**
 * By `<lead id> <model version id>`. One from before its version was published again lacks what came meanwhile: it is
 * left out, and folded from the start.
 */
export async function readStandings(
  transaction: Transaction,
  leadIds: readonly string[],
  modelVersionIds: readonly number[],
): Promise<Map<string, StoredStanding>> {
  const rows = await transaction.query<StandingRow>(sql`
    SELECT lead_id AS "leadId", model_version_id AS "modelVersionId", points, firm_points AS "firmPoints", qualified,
           qualified_since AS "qualifiedSince", grade, band, fold_state AS state, standing_at AS at, held, interactions,
           last_occurred_at AS "lastOccurredAt", last_source AS "lastSource", last_message_id AS "lastMessageId"
    FROM standing JOIN definition_version AS version ON version.id = model_version_id
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND model_version_id = ANY(${modelVersionIds}::bigint[])
      AND (version.published_at IS NULL OR standing.assessed_at >= version.published_at)`);
  return new Map(rows.map((row) => [`${row.leadId} ${row.modelVersionId}`, toStanding(row)]));
}

type StandingRow = Omit<Standing, 'last'> & {
  readonly leadId: string;
  readonly modelVersionId: number;
  readonly held: Held | null;
  readonly lastOccurredAt: Instant | null;
  readonly lastSource: string | null;
  readonly lastMessageId: string | null;
};

function toStanding(row: StandingRow): StoredStanding {
  const { leadId: _lead, modelVersionId: _version, held, lastOccurredAt, lastSource, lastMessageId, ...rest } = row;
  const last =
    lastOccurredAt === null
      ? null
      : { occurredAt: lastOccurredAt, source: lastSource ?? '', messageId: lastMessageId ?? '' };
  return { standing: { ...rest, last }, held };
}

/** By `<lead id> <model version id>`. */
export async function readLedgerInForce(
  transaction: Transaction,
  leadIds: readonly string[],
  modelVersionIds: readonly number[],
): Promise<Map<string, LedgerRow[]>> {
  if (leadIds.length === 0) return new Map();
  const rows = await transaction.query<LedgerRow & { leadId: string; modelVersionId: number }>(sql`
    SELECT id, lead_id AS "leadId", model_version_id AS "modelVersionId", interaction_id AS "interactionId", rule, points, provisional,
           occurred_at AS "occurredAt"
    FROM score_ledger
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND model_version_id = ANY(${modelVersionIds}::bigint[]) AND superseded_at IS NULL`);
  const ledger = new Map<string, LedgerRow[]>();
  for (const row of rows) append(ledger, `${row.leadId} ${row.modelVersionId}`, row);
  return ledger;
}

export interface EnrolmentOfLead {
  readonly leadId: string;
  readonly sequenceKey: string;
  readonly versionId: number;
  readonly startedAt: Instant;
  /** Null: it goes on. */
  readonly endedAt: Instant | null;
  readonly awaits: readonly string[];
}

export async function readEnrolments(
  transaction: Transaction,
  leadIds: readonly string[],
): Promise<Map<string, EnrolmentOfLead[]>> {
  const rows = await transaction.query<EnrolmentOfLead>(sql`
    SELECT lead_id AS "leadId", sequence_key AS "sequenceKey", sequence_version_id AS "versionId", started_at AS "startedAt", ended_at AS "endedAt", awaits
    FROM enrolment WHERE lead_id = ANY(${leadIds}::uuid[]) AND state <> 'turned-away'`);
  return byLead(rows);
}

function byLead<Row extends { readonly leadId: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const map = new Map<string, Row[]>();
  for (const row of rows) append(map, row.leadId, row);
  return map;
}

function append<Row>(map: Map<string, Row[]>, key: string, row: Row): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [row]);
  else list.push(row);
}

/**
 * When sales last closed a handoff that counts for a lead under a model: one that this model made, or that none did (a
 * step of a sequence offered the lead). Null: never.
 */
export type LastClosed = (leadId: string, modelKey: string) => Instant | null;

export async function readLastClosed(transaction: Transaction, leadIds: readonly string[]): Promise<LastClosed> {
  if (leadIds.length === 0) return () => null;
  const rows = await transaction.query<{ leadId: string; modelKey: string | null; closedAt: Instant }>(sql`
    SELECT lead_id AS "leadId", trigger->>'modelKey' AS "modelKey", max(closed_at) AS "closedAt" FROM handoff
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND state = 'closed' GROUP BY 1, 2`);
  const closed = new Map(
    rows.map(({ leadId, modelKey, closedAt }) => [`${leadId} ${modelKey ?? ANY_MODEL}`, closedAt]),
  );
  return (leadId, modelKey) => {
    const at = [modelKey, ANY_MODEL].flatMap((key) => closed.get(`${leadId} ${key}`) ?? []);
    return at.length === 0 ? null : Math.max(...at);
  };
}
