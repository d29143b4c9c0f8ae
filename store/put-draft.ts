import { createHash } from 'node:crypto';
import type { Actor } from '../domain/actor.ts';
import { canonicalJson } from '../domain/definition/canonical-json.ts';
import type { DefinitionKind } from '../domain/definition/definition.ts';
import { validateDefinition } from '../domain/definition/validate.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Database } from './database.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

export interface DraftInput {
  readonly kind: DefinitionKind;
  readonly key: string;
  /** As a person wrote it; its `key` may be left out. */
  readonly content: unknown;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface StoredDraft {
  readonly key: string;
  readonly version: number;
  /** False when this very content was stored before: then that version is the draft. */
  readonly created: boolean;
}

/**
 * Stores a definition as an immutable version and makes it the draft. Nothing changes for any lead until it is
 * published.
 *
 * Throws `definition-invalid`.
 */
export async function putDraft(
  database: Database,
  { kind, key, content, actor, now }: DraftInput,
): Promise<StoredDraft> {
  const json = canonicalJson(validateDefinition(kind, key, content) as unknown as Json);
  const hash = createHash('sha256').update(json).digest('hex');
  return database.transaction(async (transaction) => {
    await transaction.query(sql`
      INSERT INTO definition (kind, key, created_at) VALUES (${kind}, ${key}, ${at(now)}) ON CONFLICT (kind, key) DO NOTHING`);
    await transaction.query(sql`SELECT 1 FROM definition WHERE kind = ${kind} AND key = ${key} FOR UPDATE`);
    const [known] = await transaction.query<{ id: number; version: number }>(sql`
      SELECT id, version FROM definition_version WHERE kind = ${kind} AND key = ${key} AND content_hash = ${hash}`);
    const [stored] =
      known !== undefined
        ? [known]
        : await transaction.query<{ id: number; version: number }>(sql`
            INSERT INTO definition_version (kind, key, version, content, content_hash, created_at, created_by)
            SELECT ${kind}, ${key}, coalesce(max(version), 0) + 1, ${json}::jsonb, ${hash}, ${at(now)}::timestamptz, ${actor.name}
            FROM definition_version WHERE kind = ${kind} AND key = ${key}
            RETURNING id, version`);
    if (stored === undefined) throw new Error('a stored version was not returned');
    const changed = await transaction.query(sql`
      UPDATE definition SET draft_version_id = ${stored.id}::bigint
      WHERE kind = ${kind} AND key = ${key} AND draft_version_id IS DISTINCT FROM ${stored.id}::bigint RETURNING 1`);
    if (changed.length > 0) {
      const detail = { version: stored.version };
      await recordAudit(transaction, {
        actor,
        at: now,
        action: 'definition.drafted',
        subjectKind: kind,
        subjectId: key,
        detail,
      });
    }
    return { key, version: stored.version, created: known === undefined };
  });
}
