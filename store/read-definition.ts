import type { DefinitionKind } from '../domain/definition/definition.ts';
import { KIND_NAMES } from '../domain/definition/validate.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Database } from './database.ts';
import { sql } from './sql.ts';

export interface DefinitionSummary {
  readonly key: string;
  readonly name: string;
  readonly liveVersion: number | null;
  readonly draftVersion: number | null;
  readonly publishedAt: Instant | null;
}

export interface DefinitionDetail extends DefinitionSummary {
  readonly live: Json;
  readonly draft: Json;
  readonly versions: readonly {
    readonly version: number;
    readonly createdAt: Instant;
    readonly createdBy: string;
    readonly publishedAt: Instant | null;
    readonly publishedBy: string | null;
  }[];
}

/** All definitions of a kind, by key. */
export async function listDefinitions(database: Database, kind: DefinitionKind): Promise<DefinitionSummary[]> {
  return database.query<DefinitionSummary>(sql`
    SELECT definition.key, coalesce(live.content, draft.content)->>'name' AS name, live.version AS "liveVersion",
           draft.version AS "draftVersion", live.published_at AS "publishedAt"
    FROM definition
    LEFT JOIN definition_version AS live ON live.id = definition.live_version_id
    LEFT JOIN definition_version AS draft ON draft.id = definition.draft_version_id
    WHERE definition.kind = ${kind} ORDER BY definition.key`);
}

/** One definition with its live and draft content and the history of its versions. Throws `not-found`. */
export async function readDefinition(database: Database, kind: DefinitionKind, key: string): Promise<DefinitionDetail> {
  const [found] = await database.query<Omit<DefinitionDetail, 'versions'>>(sql`
    SELECT definition.key, coalesce(live.content, draft.content)->>'name' AS name, live.version AS "liveVersion",
           draft.version AS "draftVersion", live.published_at AS "publishedAt", live.content AS live, draft.content AS draft
    FROM definition
    LEFT JOIN definition_version AS live ON live.id = definition.live_version_id
    LEFT JOIN definition_version AS draft ON draft.id = definition.draft_version_id
    WHERE definition.kind = ${kind} AND definition.key = ${key}`);
  if (found === undefined) throw new TendError('not-found', `There is no ${KIND_NAMES[kind]} "${key}".`);
  const versions = await database.query<DefinitionDetail['versions'][number]>(sql`
    SELECT version, created_at AS "createdAt", created_by AS "createdBy", published_at AS "publishedAt", published_by AS "publishedBy"
    FROM definition_version WHERE kind = ${kind} AND key = ${key} ORDER BY version DESC`);
  return { ...found, versions };
}
