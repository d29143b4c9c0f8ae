import type { Instant } from '../domain/instant.ts';
import type { Publication } from '../domain/scoring/held.ts';
import type { Queryable } from './database.ts';
import { type LiveModel, loadModelVersion } from './load-live-definitions.ts';
import { sql } from './sql.ts';

/** Further back nobody's hold is followed. */
const MOST_VERSIONS = 8;

/**
 * The versions that were live before `live`, the one that it replaced first. How an earlier one was published is known as
 * long as it did not come to live again since.
 */
export async function loadEarlierVersions(queryable: Queryable, live: LiveModel): Promise<LiveModel[]> {
  const versions: LiveModel[] = [];
  for (let { publication } = live; publication !== null && versions.length < MOST_VERSIONS; ) {
    const versionId = publication.previousVersionId;
    if (versionId === null) break;
    const replacedAt = publication.at;
    const [row] = await queryable.query<{ publication: Publication | null; publishedAt: Instant | null }>(sql`
      SELECT publication, published_at AS "publishedAt" FROM definition_version WHERE id = ${versionId}::bigint`);
    const { publication: how = null, publishedAt = null } = row ?? {};
    publication = how !== null && publishedAt !== null && publishedAt < replacedAt ? { ...how, at: publishedAt } : null;
    versions.push({ versionId, definition: await loadModelVersion(queryable, versionId), publication });
  }
  return versions;
}
