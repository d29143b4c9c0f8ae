import { DEFAULT_SENDER, type Sender, senderFrom } from '../domain/sender/sender.ts';
import { senderSchema } from '../domain/sender/sender-schema.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/**
 * The sender that is live under `key`. Where none is published under the default's key, one made of `mailFrom` (setting
 * TEND_MAIL_FROM, `Name <address>`) serves; under any other key there is none, and null is returned.
 */
export async function senderOf(queryable: Queryable, key: string, mailFrom: string): Promise<Sender | null> {
  const [live] = await queryable.query<{ versionId: number | null }>(sql`
    SELECT live_version_id AS "versionId" FROM definition WHERE kind = 'sender' AND key = ${key}`);
  return senderOfVersion(queryable, key, live?.versionId ?? null, mailFrom);
}

/** The same, where the id of the live version is known already. Versions never change: each is read once. */
export async function senderOfVersion(
  queryable: Queryable,
  key: string,
  versionId: number | null,
  mailFrom: string,
): Promise<Sender | null> {
  if (versionId === null) return key === DEFAULT_SENDER ? senderFrom(mailFrom) : null;
  if (!queryable.versions.has(versionId)) {
    const [version] = await queryable.query<{ content: unknown }>(sql`
      SELECT content FROM definition_version WHERE id = ${versionId}::bigint`);
    queryable.versions.set(versionId, senderSchema.parse(version?.content));
  }
  return queryable.versions.get(versionId) as Sender;
}

/** Every sender that mail may come from: all that are live, and the one made of `mailFrom` where no default is. */
export async function loadSenders(queryable: Queryable, mailFrom: string): Promise<readonly Sender[]> {
  const live = await queryable.query<{ key: string; versionId: number }>(sql`
    SELECT key, live_version_id AS "versionId" FROM definition
    WHERE kind = 'sender' AND live_version_id IS NOT NULL ORDER BY key`);
  const senders: Sender[] = live.some(({ key }) => key === DEFAULT_SENDER) ? [] : [senderFrom(mailFrom)];
  for (const { key, versionId } of live) {
    const sender = await senderOfVersion(queryable, key, versionId, mailFrom);
    if (sender !== null) senders.push(sender);
  }
  return senders;
}
