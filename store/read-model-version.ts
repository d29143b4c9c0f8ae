import { TendError } from '../domain/errors.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** A version of a scoring model as the steps of its life see it. */
export interface ModelVersion {
  readonly id: number;
  readonly version: number;
  readonly published: boolean;
  readonly live: boolean;
  readonly shadow: boolean;
  /** The version of this model that is live, whichever that is. */
  readonly liveVersionId: number | null;
}

/** A model's version by its number, or the draft. Throws `not-found`. */
export async function readModelVersion(
  queryable: Queryable,
  key: string,
  version: number | undefined,
): Promise<ModelVersion> {
  const [found] = await queryable.query<ModelVersion>(sql`
    SELECT version.id, version.version, published_at IS NOT NULL AS published, live_version_id AS "liveVersionId",
           version.id IS NOT DISTINCT FROM live_version_id AS live, version.id IS NOT DISTINCT FROM shadow_version_id AS shadow
    FROM definition JOIN definition_version AS version
      ON version.kind = definition.kind AND version.key = definition.key
      AND CASE WHEN ${version ?? null}::int IS NULL THEN version.id = draft_version_id ELSE version.version = ${version ?? null}::int END
    WHERE definition.kind = 'scoring_model' AND definition.key = ${key}`);
  if (found !== undefined) return found;
  throw new TendError(
    'not-found',
    version === undefined
      ? `There is no scoring model "${key}": store it with PUT first.`
      : `There is no version ${version} of the scoring model "${key}".`,
  );
}

/** Takes the lock under which a model's life goes on: publishing, rolling back and shadows come one after the other. */
export async function lockModel(queryable: Queryable, key: string): Promise<void> {
  await queryable.query(sql`SELECT 1 FROM definition WHERE kind = 'scoring_model' AND key = ${key} FOR UPDATE`);
}
