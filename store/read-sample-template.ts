import { DEFAULT_SENDER } from '../domain/sender/sender.ts';
import type { CompiledTemplate } from '../mail/compile-template.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** The template to leads that was published last under a sender, as it is live; null: there is none. Service mail is none. */
export async function readSampleTemplate(
  queryable: Queryable,
  senderKey: string,
): Promise<{ readonly key: string; readonly compiled: CompiledTemplate } | null> {
  const [found] = await queryable.query<{ key: string; compiled: CompiledTemplate }>(sql`
    SELECT definition.key, version.compiled
    FROM definition JOIN definition_version AS version ON version.id = definition.live_version_id
    WHERE definition.kind = 'template' AND version.compiled->>'recipient' = 'lead' AND version.compiled->'service' IS NULL
      AND version.compiled->'asks' IS NULL AND coalesce(version.content->>'sender', ${DEFAULT_SENDER}) = ${senderKey}
    ORDER BY version.published_at DESC, version.id DESC LIMIT 1`);
  return found ?? null;
}
