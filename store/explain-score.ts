import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { type Explanation, explain } from '../domain/scoring/explain.ts';
import type { ScoringModel } from '../domain/scoring/model.ts';
import type { Database } from './database.ts';
import { loadModelVersion } from './load-live-definitions.ts';
import { type DiscountedInteraction, readDiscounted } from './read-discounted.ts';
import { readHistory } from './read-history.ts';
import { sql } from './sql.ts';

export interface ScoreQuestion {
  readonly leadId: string;
  readonly at: Instant;
  /** One model only; default: every live one. */
  readonly model?: string | undefined;
  /** Another version of it than the one in force; published or not. */
  readonly version?: number | undefined;
}

export interface ExplainedScore extends Explanation {
  readonly model: string;
  readonly modelName: string;
  readonly modelVersion: number;
  /** `live`: the version that is live. `handoff`: sales has the lead, who keeps the version that routed it. */
  readonly because: 'live' | 'handoff' | 'asked-for';
  readonly threshold: number | null;
  readonly mql: readonly string[] | null;
  /** The interactions that awards and withheld points name. */
  readonly interactions: readonly NamedInteraction[];
  /** What counts for nothing under any model, for a machine made it: the latest, oldest first. */
  readonly discounted: readonly DiscountedInteraction[];
}

export interface NamedInteraction {
  readonly id: number;
  readonly source: string;
  readonly messageId: string;
  readonly kind: string;
  readonly name: string;
  readonly at: Instant;
}

/**
 * Explains a lead's score at any instant, under each live model, from what is recorded: the history is folded anew, so
 * the answer does not depend on anything computed before. Throws `not-found`.
 */
export async function explainScore(database: Database, question: ScoreQuestion): Promise<ExplainedScore[]> {
  const { leadId, interactions: history, attributes } = await readHistory(database, question.leadId);
  const versions = await versionsToExplain(database, leadId, question);
  const discounted = await readDiscounted(database, leadId, { until: question.at });
  const explained: ExplainedScore[] = [];
  for (const { versionId, version, because } of versions) {
    const model: ScoringModel = await loadModelVersion(database, versionId);
    const explanation = explain(model, history, attributes, question.at);
    const named = new Set([...explanation.awards, ...explanation.withheld].map(({ interaction }) => interaction));
    explained.push({
      model: model.key,
      modelName: model.name,
      modelVersion: version,
      because,
      threshold: model.threshold ?? null,
      mql: model.mql ?? null,
      ...explanation,
      interactions: history
        .filter((interaction) => named.has(interaction.id))
        .map(({ id, source, messageId, kind, name, occurredAt }) => ({
          id,
          source,
          messageId,
          kind,
          name,
          at: occurredAt,
        })),
      discounted,
    });
  }
  return explained;
}

interface VersionToExplain {
  readonly versionId: number;
  readonly version: number;
  readonly because: ExplainedScore['because'];
}

async function versionsToExplain(
  database: Database,
  leadId: string,
  { model, version }: ScoreQuestion,
): Promise<VersionToExplain[]> {
  if (version !== undefined && model === undefined) {
    throw new TendError('invalid-request', 'A version belongs to a model: name both.', [
      { path: 'model', problem: 'is needed beside version' },
    ]);
  }
  if (version !== undefined) {
    const found = await database.query<VersionToExplain>(sql`
      SELECT id AS "versionId", version, 'asked-for' AS because FROM definition_version
      WHERE kind = 'scoring_model' AND key = ${model} AND version = ${version}::int`);
    if (found.length === 0)
      throw new TendError('not-found', `There is no version ${version} of the scoring model "${model}".`);
    return found;
  }
  const found = await database.query<VersionToExplain>(sql`
    SELECT version.id AS "versionId", version.version,
           CASE WHEN version.id = routed.id THEN 'handoff' ELSE 'live' END AS because
    FROM definition
    LEFT JOIN LATERAL (
      SELECT made.id FROM handoff JOIN definition_version AS made ON made.id = handoff.model_version_id
      WHERE handoff.lead_id = ${leadId}::uuid AND handoff.state <> 'closed' AND made.key = definition.key
        AND handoff.trigger->>'modelKey' IS NOT NULL) AS routed ON true
    JOIN definition_version AS version ON version.id = coalesce(routed.id, definition.live_version_id)
    WHERE definition.kind = 'scoring_model' AND (${model ?? null}::text IS NULL OR definition.key = ${model ?? null})
    ORDER BY definition.key`);
  if (found.length === 0 && model !== undefined)
    throw new TendError('not-found', `There is no live scoring model "${model}".`);
  return found;
}
