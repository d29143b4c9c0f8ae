import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { type Properties, SCORE_ADJUSTED, TEND_SOURCE } from '../domain/interaction/interaction.ts';
import type { Database, Transaction } from './database.ts';
import { lockLead } from './lock-lead.ts';
import { newId } from './new-id.ts';
import { recordAudit } from './record-audit.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { assertId } from './resolve-lead.ts';
import { at, sql } from './sql.ts';

export interface ScoreAdjustment {
  readonly leadId: string;
  /** The key of a live scoring model. */
  readonly model: string;
  readonly points: number;
  readonly reason: string;
  /** Milliseconds after which the points count no more; null: they stay. */
  readonly validForMs: number | null;
  /** What makes it unique: the same one again changes nothing. Null: each call is another adjustment. */
  readonly idempotencyKey: string | null;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface AdjustedScore {
  /** `POST /api/interactions/:id/discount` takes the adjustment back. */
  readonly interactionId: number;
  readonly leadId: string;
  readonly model: string;
  readonly points: number;
  readonly reason: string;
  readonly by: string;
  readonly at: Instant;
  readonly endsAt: Instant | null;
  /** False where the idempotency key has brought it before. */
  readonly created: boolean;
}

/**
 * Each point that will end is remembered one by one until it does, which slows every fold of this lead: more than a
 * person would give, and less than a script gone astray.
 */
export const MOST_ENDING = 50;

/**
 * Gives a lead points by hand, or takes some, under one model. It is an interaction, at `now`, and scored like any other;
 * the lead did nothing by it.
 *
 * Throws `not-found`, `invalid-request` (the model is not live) and `conflict`: the lead has no identity, or too many
 * adjustments that will end, or the idempotency key stands for something else.
 */
export async function adjustScore(database: Database, adjustment: ScoreAdjustment): Promise<AdjustedScore> {
  assertId('lead', adjustment.leadId);
  const messageId = `adjustment:${adjustment.idempotencyKey ?? newId()}`;
  return database.transaction(async (transaction) => {
    const { id: leadId, erasedAt, clockOffset } = await lockLead(transaction, adjustment.leadId);
    if (erasedAt !== null) throw new TendError('not-found', `There is no lead ${leadId}.`);
    const before = await readRecorded(transaction, messageId);
    if (before !== null) return { ...asAdjusted(before, leadId, adjustment), created: false };
    await refuseUnknownModel(transaction, adjustment.model);
    // A test lead is given points by its own clock, and loses them by it.
    const leadNow = adjustment.now + clockOffset;
    const own = { ...adjustment, now: leadNow };
    if (adjustment.validForMs !== null) await refuseTooMany(transaction, leadId, own);
    const recorded = await recordTendInteraction(transaction, {
      leadId,
      messageId,
      name: SCORE_ADJUSTED,
      properties: propertiesOf(own),
      occurredAt: leadNow,
      ownTime: true,
    });
    if (!recorded)
      throw new TendError(
        'conflict',
        'This lead has no identity, and so no history to score: identify it first, by mail address or user id.',
      );
    const stored = await readRecorded(transaction, messageId);
    if (stored === null) throw new Error(`the adjustment ${messageId} has gone`);
    // The same key may have come for another lead at the same time: then that one was stored, and not this.
    const adjusted = asAdjusted(stored, leadId, adjustment);
    await audit(transaction, leadId, adjustment);
    return { ...adjusted, created: true };
  });
}

function propertiesOf({ model, points, reason, validForMs, actor, now }: ScoreAdjustment): Properties {
  const ends = validForMs === null ? {} : { endsAt: new Date(now + validForMs).toISOString() };
  return { model, points, reason, by: actor.name, ...ends };
}

interface RecordedAdjustment {
  readonly id: number;
  readonly leadId: string | null;
  readonly properties: Properties;
  readonly occurredAt: Instant;
}

async function readRecorded(transaction: Transaction, messageId: string): Promise<RecordedAdjustment | null> {
  const [row] = await transaction.query<RecordedAdjustment>(sql`
    SELECT id, lead_id AS "leadId", properties, occurred_at AS "occurredAt" FROM interaction
    WHERE source = ${TEND_SOURCE} AND message_id = ${messageId}`);
  return row ?? null;
}

function asAdjusted(
  { id, leadId, properties, occurredAt }: RecordedAdjustment,
  wantedLead: string,
  { model, points, reason, validForMs }: ScoreAdjustment,
): Omit<AdjustedScore, 'created'> {
  const endsAt = typeof properties.endsAt === 'string' ? Date.parse(properties.endsAt) : null;
  const same =
    leadId === wantedLead &&
    properties.model === model &&
    properties.points === points &&
    properties.reason === reason &&
    (endsAt === null ? null : endsAt - occurredAt) === validForMs;
  if (!same)
    throw new TendError(
      'conflict',
      'This Idempotency-Key stands for another adjustment already: take a new key for each.',
    );
  return {
    interactionId: id,
    leadId,
    model,
    points,
    reason,
    by: String(properties.by),
    at: occurredAt,
    endsAt,
  };
}

async function refuseUnknownModel(transaction: Transaction, key: string): Promise<void> {
  const live = await transaction.query<{ key: string }>(sql`
    SELECT key FROM definition WHERE kind = 'scoring_model' AND live_version_id IS NOT NULL ORDER BY key LIMIT 20`);
  if (live.some((model) => model.key === key)) return;
  const [found] = await transaction.query(sql`
    SELECT 1 FROM definition WHERE kind = 'scoring_model' AND key = ${key} AND live_version_id IS NOT NULL`);
  if (found !== undefined) return;
  const others = live.length === 0 ? 'none is' : `live are: ${live.map((model) => model.key).join(', ')}`;
  throw new TendError('invalid-request', 'Nothing was adjusted.', [
    { path: 'model', problem: `no scoring model "${key}" is live; ${others}` },
  ]);
}

async function refuseTooMany(transaction: Transaction, leadId: string, { model, now }: ScoreAdjustment): Promise<void> {
  const [running] = await transaction.query<{ count: number }>(sql`
    SELECT count(*) AS count FROM interaction
    WHERE lead_id = ${leadId}::uuid AND kind = 'tend' AND name = ${SCORE_ADJUSTED} AND discounted_at IS NULL
      AND properties->>'model' = ${model} AND (properties->>'endsAt')::timestamptz > ${at(now)}`);
  if ((running?.count ?? 0) < MOST_ENDING) return;
  throw new TendError(
    'conflict',
    `${MOST_ENDING} adjustments of this lead under "${model}" are still running: leave out validFor, or take some of them back first.`,
  );
}

/** Without the reason, which may be about the person: an audit row outlives their erasure. */
async function audit(
  transaction: Transaction,
  leadId: string,
  { model, points, validForMs, actor, now }: ScoreAdjustment,
): Promise<void> {
  const detail = { model, points, ...(validForMs === null ? {} : { validForMs }) };
  await recordAudit(transaction, {
    actor,
    at: now,
    action: 'score.adjusted',
    subjectKind: 'lead',
    subjectId: leadId,
    detail,
  });
}
