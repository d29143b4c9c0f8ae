import { attributeHistory, type KnownOverTime, nothingKnown } from '../domain/attributes/history.ts';
import type { Statement } from '../domain/attributes/statement.ts';
import { TendError } from '../domain/errors.ts';
import type { HandoffOutcome } from '../domain/handoff/outcome.ts';
import { DAY, type Instant, MINUTE } from '../domain/instant.ts';
import { compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import { type CalibrationReport, calibrate } from '../domain/scoring/calibration/calibrate.ts';
import { type ClosedHandoff, isWon } from '../domain/scoring/calibration/closed-handoff.ts';
import { featuresAt } from '../domain/scoring/calibration/features.ts';
import type { ScoringModel } from '../domain/scoring/model.ts';
import { asksForAttributes } from '../domain/scoring/profile-over-time.ts';
import type { Database } from './database.ts';
import { loadModelVersion } from './load-live-definitions.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { at, sql } from './sql.ts';

/** What was handed over longer ago was sold to another market. */
export const CALIBRATION_PERIOD_MS = 730 * DAY;
/** Their features are held in memory together, some kilobytes each; intervals are narrow long before that. */
export const MOST_HANDOFFS = 10_000;
/** Whole histories are read of so many at a time. Folding them holds up whoever else this process serves: some ms. */
const BATCH_SIZE = 20;
/** What was received in the moment of the offer may bear another machine's time. */
const CLOCK_TOLERANCE_MS = MINUTE;

export interface CalibrationQuestion {
  readonly key: string;
  readonly since: Instant;
  readonly outcomes: readonly HandoffOutcome[];
  readonly now: Instant;
  /** Default: MOST_HANDOFFS. */
  readonly most?: number;
}

/**
 * Holds the live version of a scoring model against the outcomes of its handoffs, whichever version made them: one set
 * of rules for all, so that a rule of today is tried on everything that was recorded, and a count never mixes two rules
 * of one name. Features are those that could be known when the lead was offered. Throws `not-found`.
 */
export async function calibrateModel(database: Database, question: CalibrationQuestion): Promise<CalibrationReport> {
  const { key, since, outcomes, now, most = MOST_HANDOFFS } = question;
  const [live] = await database.query<{ versionId: number; version: number }>(sql`
    SELECT version.id AS "versionId", version.version
    FROM definition JOIN definition_version AS version ON version.id = definition.live_version_id
    WHERE definition.kind = 'scoring_model' AND definition.key = ${key}`);
  if (live === undefined) throw new TendError('not-found', `There is no live scoring model "${key}".`);
  const model = await loadModelVersion(database, live.versionId);
  const [left] = await database.query<{ open: number; erased: number }>(sql`
    SELECT count(*) FILTER (WHERE state <> 'closed') AS open, count(*) FILTER (WHERE erased_at IS NOT NULL AND state = 'closed') AS erased
    FROM handoff JOIN lead ON lead.id = handoff.lead_id
    WHERE trigger->>'modelKey' = ${key} AND offered_at >= ${at(since)} AND NOT test`);
  const found = await readClosedHandoffs(database, question, most + 1);
  const handoffs = found.slice(0, most);
  const byOutcome: { [outcome in HandoffOutcome]?: number } = {};
  for (const { outcome } of handoffs) byOutcome[outcome] = (byOutcome[outcome] ?? 0) + 1;
  return {
    model: key,
    modelName: model.name,
    modelVersion: live.version,
    since,
    until: now,
    outcomes,
    byOutcome,
    open: left?.open ?? 0,
    erased: left?.erased ?? 0,
    cut: found.length > most,
    ...calibrate(model, await readFeatures(database, model, handoffs)),
  };
}

interface HandoffRow {
  readonly id: string;
  readonly leadId: string;
  readonly accountId: string | null;
  readonly outcome: HandoffOutcome;
  readonly offeredAt: Instant;
  readonly qualifiedSince: Instant | null;
}

/**
 * Newest first: of too many the oldest are left out. In one statement, so that what is closed meanwhile is in it whole
 * or not at all. What Tend closed itself (one of two handoffs of a merged lead) is no verdict of sales.
 */
async function readClosedHandoffs(
  database: Database,
  { key, since, outcomes }: CalibrationQuestion,
  limit: number,
): Promise<HandoffRow[]> {
  return database.query<HandoffRow>(sql`
    SELECT handoff.id, lead_id AS "leadId", account_id AS "accountId", outcome, offered_at AS "offeredAt",
           (trigger->>'qualifiedSince')::bigint AS "qualifiedSince"
    FROM handoff JOIN lead ON lead.id = handoff.lead_id
    WHERE state = 'closed' AND trigger->>'modelKey' = ${key} AND offered_at >= ${at(since)} AND outcome = ANY(${outcomes}::text[])
      AND erased_at IS NULL AND NOT test
      AND NOT EXISTS (SELECT 1 FROM audit WHERE subject_kind = 'handoff' AND subject_id = handoff.id::text
                      AND action = 'handoff.' || outcome AND actor_kind = 'system')
    ORDER BY offered_at DESC, handoff.id DESC LIMIT ${limit}::int`);
}

async function readFeatures(
  database: Database,
  model: ScoringModel,
  handoffs: readonly HandoffRow[],
): Promise<ClosedHandoff[]> {
  const closed: ClosedHandoff[] = [];
  for (let from = 0; from < handoffs.length; from += BATCH_SIZE) {
    const batch = handoffs.slice(from, from + BATCH_SIZE);
    const [histories, attributes] = [
      await readHistories(database, batch),
      await readAttributes(database, model, batch),
    ];
    for (const handoff of batch) {
      const history = histories.get(handoff.id) ?? [];
      history.sort(compareFoldOrder);
      const known = attributes.get(handoff.id) ?? nothingKnown;
      closed.push({
        features: featuresAt(model, history, known, offerOf(handoff)),
        won: isWon(handoff.outcome),
      });
    }
  }
  return closed;
}

/** The clock that offers may lag behind the one that qualified. */
function offerOf({ offeredAt, qualifiedSince }: HandoffRow): Instant {
  return Math.max(offeredAt, qualifiedSince ?? offeredAt);
}

/**
 * By handoff, what the lead had done and Tend knew of it at the offer. What arrived later, and what an identity did
 * before it was linked later (buyers sign in, and their visits of old become known), would let the outcome leak into what
 * is to predict it.
 */
async function readHistories(database: Database, handoffs: readonly HandoffRow[]): Promise<Map<string, Interaction[]>> {
  const offers = handoffs.map((handoff) => at(offerOf(handoff)));
  const knownBy = handoffs.map((handoff) => at(offerOf(handoff) + CLOCK_TOLERANCE_MS));
  const rows = await database.query<Interaction & { readonly handoff: string }>(sql`
    SELECT asked.handoff, interaction.id, source, message_id AS "messageId", interaction.kind, name, properties,
           occurred_at AS "occurredAt"
    FROM unnest(${handoffs.map(({ id }) => id)}::uuid[], ${handoffs.map(({ leadId }) => leadId)}::uuid[],
                ${offers}::timestamptz[], ${knownBy}::timestamptz[]) AS asked(handoff, lead_id, offered_at, known_by)
    JOIN interaction ON interaction.lead_id = asked.lead_id AND occurred_at <= asked.offered_at AND received_at <= asked.known_by
                    AND discounted_at IS NULL
    JOIN identity ON identity.id = interaction.identity_id AND (identity.linked_at IS NULL OR identity.linked_at <= asked.known_by)`);
  const histories = new Map<string, Interaction[]>();
  for (const { handoff, ...interaction } of rows) append(histories, handoff, interaction);
  return histories;
}

/** By handoff, what had been recorded of the lead and its company by the offer. */
async function readAttributes(database: Database, model: ScoringModel, handoffs: readonly HandoffRow[]) {
  if (!asksForAttributes(model)) return new Map<string, KnownOverTime>();
  const vocabulary = await loadVocabulary(database);
  const knownBy = handoffs.map((handoff) => at(offerOf(handoff) + CLOCK_TOLERANCE_MS));
  const rows = await database.query<Statement & { readonly handoff: string; readonly ofLead: boolean }>(sql`
    WITH asked AS (
      SELECT * FROM unnest(${handoffs.map(({ id }) => id)}::uuid[], ${handoffs.map(({ leadId }) => leadId)}::uuid[],
                           ${handoffs.map(({ accountId }) => accountId)}::uuid[], ${knownBy}::timestamptz[]) AS asked(handoff, lead_id, account_id, known_by))
    SELECT asked.handoff, true AS "ofLead", attribute.id, name, value, source, at, confidence
    FROM asked JOIN attribute ON attribute.lead_id = asked.lead_id AND recorded_at <= asked.known_by
    UNION ALL
    SELECT asked.handoff, false, attribute.id, name, value, source, at, confidence
    FROM asked JOIN attribute ON attribute.account_id = asked.account_id AND recorded_at <= asked.known_by
    ORDER BY at, id`);
  const lead = new Map<string, Statement[]>();
  const account = new Map<string, Statement[]>();
  for (const { handoff, ofLead, ...statement } of rows) append(ofLead ? lead : account, handoff, statement);
  return new Map(
    handoffs.map(({ id }) => [
      id,
      // Whoever was offered was a lead then, whatever the outcome has made of it.
      attributeHistory(vocabulary, { stage: 'lead', lead: lead.get(id) ?? [], account: account.get(id) ?? [] }),
    ]),
  );
}

function append<Row>(map: Map<string, Row[]>, key: string, row: Row): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [row]);
  else list.push(row);
}
