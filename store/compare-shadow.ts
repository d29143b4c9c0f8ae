import type { Band, Grade } from '../domain/conditions/facts.ts';
import { TendError } from '../domain/errors.ts';
import { cellName } from '../domain/scoring/cell.ts';
import type { Database } from './database.ts';
import { sql } from './sql.ts';

/** How a shadow scores the leads, beside the live version; each as of what it last did. */
export interface ShadowComparison {
  readonly shadow: number;
  readonly live: number | null;
  /** Leads with a standing under both. */
  readonly leads: number;
  /** How many stand where: under the live version, then under the shadow. */
  readonly places: { readonly [live: string]: { readonly [shadow: string]: number } };
  readonly qualified: { readonly live: number; readonly shadow: number; readonly both: number };
  /** Ready for sales under the shadow only, and under the live version only: a few of them. */
  readonly onlyShadow: readonly string[];
  readonly onlyLive: readonly string[];
}

const SAMPLES = 20;

interface PlaceCount {
  readonly liveGrade: Grade | null;
  readonly liveBand: Band | null;
  readonly liveQualified: boolean;
  readonly shadowGrade: Grade | null;
  readonly shadowBand: Band | null;
  readonly shadowQualified: boolean;
  readonly leads: number;
}

/** Compares the standings as they are stored, which is cheap. Throws `not-found` where the model has no shadow. */
export async function compareShadow(database: Database, key: string): Promise<ShadowComparison> {
  const [versions] = await database.query<{
    shadowId: number;
    shadow: number;
    liveId: number | null;
    live: number | null;
  }>(sql`
    SELECT shadow.id AS "shadowId", shadow.version AS shadow, live.id AS "liveId", live.version AS live
    FROM definition JOIN definition_version AS shadow ON shadow.id = shadow_version_id
    LEFT JOIN definition_version AS live ON live.id = live_version_id
    WHERE definition.kind = 'scoring_model' AND definition.key = ${key}`);
  if (versions === undefined) {
    throw new TendError(
      'not-found',
      `The scoring model "${key}" has no shadow: POST /api/scoring-models/${key}/shadow sets its draft as one.`,
    );
  }
  const { shadowId, liveId } = versions;
  const counts = await database.query<PlaceCount>(sql`
    SELECT live.grade AS "liveGrade", live.band AS "liveBand", live.qualified AS "liveQualified",
           shadow.grade AS "shadowGrade", shadow.band AS "shadowBand", shadow.qualified AS "shadowQualified", count(*) AS leads
    FROM standing AS live
    JOIN definition_version AS version ON version.id = live.model_version_id
    JOIN standing AS shadow ON shadow.lead_id = live.lead_id AND shadow.model_version_id = ${shadowId}::bigint
    JOIN lead ON lead.id = live.lead_id
    WHERE live.model_version_id = ${liveId}::bigint AND live.assessed_at >= version.published_at
      AND lead.stage = 'lead' AND lead.merged_into IS NULL AND lead.erased_at IS NULL AND NOT lead.test
    GROUP BY 1, 2, 3, 4, 5, 6`);
  return {
    shadow: versions.shadow,
    live: versions.live,
    ...summarise(counts),
    onlyShadow: await sampleOf(database, shadowId, liveId),
    onlyLive: liveId === null ? [] : await sampleOf(database, liveId, shadowId),
  };
}

function summarise(counts: readonly PlaceCount[]): Pick<ShadowComparison, 'leads' | 'places' | 'qualified'> {
  const places: { [live: string]: { [shadow: string]: number } } = {};
  const qualified = { live: 0, shadow: 0, both: 0 };
  let total = 0;
  for (const { leads, ...count } of counts) {
    const place = placeOf(count.liveGrade, count.liveBand, count.liveQualified);
    places[place] ??= {};
    const row = places[place];
    const column = placeOf(count.shadowGrade, count.shadowBand, count.shadowQualified);
    row[column] = (row[column] ?? 0) + leads;
    total += leads;
    if (count.liveQualified) qualified.live += leads;
    if (count.shadowQualified) qualified.shadow += leads;
    if (count.liveQualified && count.shadowQualified) qualified.both += leads;
  }
  return { leads: total, places, qualified };
}

/** The cell; under a model without grades and bands, whether the lead is ready for sales. */
function placeOf(grade: Grade | null, band: Band | null, qualified: boolean): string {
  return cellName(grade, band) ?? (qualified ? 'ready' : 'not ready');
}

/** Leads that are ready for sales under one version and have a standing under the other without being it. */
async function sampleOf(database: Database, one: number, other: number | null): Promise<string[]> {
  const rows = await database.query<{ id: string }>(sql`
    SELECT lead.id FROM standing AS one
    JOIN lead ON lead.id = one.lead_id AND lead.stage = 'lead' AND lead.merged_into IS NULL AND lead.erased_at IS NULL AND NOT lead.test
    JOIN standing AS other ON other.lead_id = one.lead_id AND other.model_version_id = ${other}::bigint AND NOT other.qualified
    WHERE one.model_version_id = ${one}::bigint AND one.qualified ORDER BY one.firm_points DESC, lead.id LIMIT ${SAMPLES}::int`);
  return rows.map(({ id }) => id);
}
