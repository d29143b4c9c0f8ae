import type { Instant } from '../domain/instant.ts';
import type { Interaction } from '../domain/interaction/interaction.ts';
import type { Award } from '../domain/scoring/advance.ts';
import type { Standing } from '../domain/scoring/fold.ts';
import type { Held } from '../domain/scoring/held.ts';
import type { Transaction } from './database.ts';
import { raiseAttentionQuietly } from './raise-attention.ts';
import { at, sql } from './sql.ts';

export interface NewEnrolment {
  readonly id: string;
  readonly sequenceKey: string;
  readonly sequenceVersionId: number;
  readonly triggerInteractionId: number;
  readonly state: 'entering' | 'active';
  readonly stepId: string;
  readonly stepEnteredAt: Instant;
}

export interface AssessedStanding {
  readonly versionId: number;
  readonly modelKey: string;
  readonly standing: Standing;
  readonly held: Held | null;
  readonly assessedAt: Instant;
  readonly superseded: readonly number[];
  readonly added: readonly Award[];
}

export type AssessmentResult =
  | { readonly leadId: string; readonly parked: string }
  | {
      readonly leadId: string;
      readonly parked: null;
      readonly news: readonly Interaction[];
      readonly standings: readonly AssessedStanding[];
      readonly entries: readonly NewEnrolment[];
      readonly planMayChange: boolean;
    };

/** Writes what a batch of folds found, a statement a table. Returns the leads whose attention it raised. */
export async function writeAssessment(
  transaction: Transaction,
  now: Instant,
  results: readonly AssessmentResult[],
): Promise<string[]> {
  const parked = results.filter((result) => result.parked !== null);
  const done = results.filter((result) => result.parked === null);
  const news = done.flatMap((result) => result.news);
  if (news.length > 0) {
    await transaction.query(sql`
      UPDATE interaction SET assessed_at = ${at(now)} WHERE id = ANY(${news.map(({ id }) => id)}::bigint[])`);
  }
  const standings = done.flatMap(({ leadId, standings }) => standings.map((standing) => ({ leadId, ...standing })));
  await writeLedger(transaction, now, standings);
  await writeStandings(transaction, standings);
  const entries = done.flatMap(({ leadId, entries }) => entries.map((entry) => ({ leadId, ...entry })));
  await writeEnrolments(transaction, entries);
  if (parked.length > 0) {
    await transaction.query(sql`
      UPDATE lead SET parked_at = ${at(now)}, parked_error = parked.error, attention_rev = attention_rev + 1
      FROM unnest(${parked.map(({ leadId }) => leadId)}::uuid[], ${parked.map((result) => result.parked)}::text[]) AS parked(id, error)
      WHERE lead.id = parked.id`);
  }
  await transaction.query(sql`
    UPDATE lead SET refold = false WHERE id = ANY(${done.map(({ leadId }) => leadId)}::uuid[]) AND refold`);
  const dirty = done.filter(({ planMayChange }) => planMayChange).map(({ leadId }) => leadId);
  // Quietly: the assessor that called wakes them itself, in bulk.
  return raiseAttentionQuietly(transaction, dirty);
}

type StandingOfLead = AssessedStanding & { readonly leadId: string };

async function writeLedger(
  transaction: Transaction,
  now: Instant,
  standings: readonly StandingOfLead[],
): Promise<void> {
  const superseded = standings.flatMap((standing) => standing.superseded);
  if (superseded.length > 0) {
    await transaction.query(sql`
      UPDATE score_ledger SET superseded_at = ${at(now)} WHERE id = ANY(${superseded}::bigint[])`);
  }
  const rows = standings.flatMap(({ leadId, versionId, added }) =>
    added.map((award) => ({ leadId, versionId, ...award })),
  );
  if (rows.length === 0) return;
  await transaction.query(sql`
    INSERT INTO score_ledger (lead_id, model_version_id, interaction_id, rule, points, provisional, occurred_at, recorded_at)
    SELECT *, ${at(now)}::timestamptz FROM unnest(
      ${rows.map((row) => row.leadId)}::uuid[],
      ${rows.map((row) => row.versionId)}::bigint[],
      ${rows.map((row) => row.interactionId)}::bigint[],
      ${rows.map((row) => row.rule)}::text[],
      ${rows.map((row) => row.points)}::int[],
      ${rows.map((row) => row.provisional)}::boolean[],
      ${rows.map((row) => at(row.occurredAt))}::timestamptz[])`);
}

async function writeStandings(transaction: Transaction, rows: readonly StandingOfLead[]): Promise<void> {
  if (rows.length === 0) return;
  await transaction.query(sql`
    INSERT INTO standing (lead_id, model_version_id, model_key, points, firm_points, qualified, qualified_since, grade, band, standing_at, held,
                          fold_state, last_occurred_at, last_source, last_message_id, interactions, assessed_at)
    SELECT * FROM unnest(
      ${rows.map((row) => row.leadId)}::uuid[],
      ${rows.map((row) => row.versionId)}::bigint[],
      ${rows.map((row) => row.modelKey)}::text[],
      ${rows.map((row) => row.standing.points)}::float8[],
      ${rows.map((row) => row.standing.firmPoints)}::float8[],
      ${rows.map((row) => row.standing.qualified)}::boolean[],
      ${rows.map((row) => at(row.standing.qualifiedSince))}::timestamptz[],
      ${rows.map((row) => row.standing.grade)}::text[],
      ${rows.map((row) => row.standing.band)}::int[],
      ${rows.map((row) => at(row.standing.at))}::timestamptz[],
      ${rows.map((row) => row.held)}::text[],
      ${rows.map((row) => JSON.stringify(row.standing.state))}::jsonb[],
      ${rows.map((row) => at(row.standing.last?.occurredAt ?? null))}::timestamptz[],
      ${rows.map((row) => row.standing.last?.source ?? null)}::text[],
      ${rows.map((row) => row.standing.last?.messageId ?? null)}::text[],
      ${rows.map((row) => row.standing.interactions)}::int[],
      ${rows.map((row) => at(row.assessedAt))}::timestamptz[])
    ON CONFLICT (lead_id, model_version_id) DO UPDATE SET
      points = excluded.points, firm_points = excluded.firm_points, qualified = excluded.qualified,
      qualified_since = excluded.qualified_since, grade = excluded.grade, band = excluded.band,
      standing_at = excluded.standing_at, held = excluded.held, fold_state = excluded.fold_state,
      last_occurred_at = excluded.last_occurred_at, last_source = excluded.last_source,
      last_message_id = excluded.last_message_id, interactions = excluded.interactions, assessed_at = excluded.assessed_at`);
}

async function writeEnrolments(
  transaction: Transaction,
  rows: readonly (NewEnrolment & { readonly leadId: string })[],
): Promise<void> {
  if (rows.length === 0) return;
  await transaction.query(sql`
    INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, trigger_interaction_id, state,
                           step_id, step_entered_at, step_entered_by, awaits, started_at)
    SELECT id, lead_id, sequence_key, version_id, 'event', trigger_id, state, step_id, entered_at, trigger_id, '{}', entered_at
    FROM unnest(
      ${rows.map((row) => row.id)}::uuid[],
      ${rows.map((row) => row.leadId)}::uuid[],
      ${rows.map((row) => row.sequenceKey)}::text[],
      ${rows.map((row) => row.sequenceVersionId)}::bigint[],
      ${rows.map((row) => row.triggerInteractionId)}::bigint[],
      ${rows.map((row) => row.state)}::text[],
      ${rows.map((row) => row.stepId)}::text[],
      ${rows.map((row) => at(row.stepEnteredAt))}::timestamptz[])
      AS new(id, lead_id, sequence_key, version_id, trigger_id, state, step_id, entered_at)
    ON CONFLICT DO NOTHING`);
}
