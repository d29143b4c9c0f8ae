import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { BATCHES_AT_ONCE, continueRefolds } from './continue-refolds.ts';
import type { Database, Transaction } from './database.ts';
import { makeModelLive, type PublicationChoice } from './make-model-live.ts';
import type { Published } from './publish-definition.ts';
import { lockModel, readModelVersion } from './read-model-version.ts';
import { sql } from './sql.ts';
import { unparkAll } from './unpark-all.ts';

export interface RollbackInput {
  readonly key: string;
  /** One that was live before; default: the one that was live before the present one. */
  readonly version: number | undefined;
  /** The version that the caller sees live: a rollback that is sent twice is one. */
  readonly from?: number | undefined;
  readonly choice: PublicationChoice;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Makes a version live again that was live before. Nobody is asked for a new approval: marketing and sales agreed to it
 * once, and a mistake must be taken back at once. The draft stays what it is.
 *
 * Throws `not-found`, and `conflict` where the version was never live, is live, or there is none before.
 */
export async function rollbackModel(database: Database, input: RollbackInput): Promise<Published> {
  const { key, choice, actor, now } = input;
  const published = await database.transaction(async (transaction) => {
    await lockModel(transaction, key);
    await checkLive(transaction, key, input.from);
    const wanted = input.version ?? (await versionBefore(transaction, key));
    const { id, version, live, published } = await readModelVersion(transaction, key, wanted);
    if (!published) {
      throw new TendError(
        'conflict',
        `Version ${version} of "${key}" was never live: publish it instead of rolling back to it.`,
      );
    }
    if (live) return { key, version, published: false };
    const action = 'definition.rolled-back';
    await makeModelLive(transaction, { key, versionId: id, version, choice, action, actor, now });
    await unparkAll(transaction);
    return { key, version, published: true };
  });
  // It is live, whatever becomes of this: the sweep goes on.
  await continueRefolds(database, BATCHES_AT_ONCE).catch(() => {});
  return published;
}

async function checkLive(transaction: Transaction, key: string, from: number | undefined): Promise<void> {
  if (from === undefined) return;
  const [row] = await transaction.query<{ version: number }>(sql`
    SELECT version FROM definition JOIN definition_version AS live ON live.id = live_version_id
    WHERE definition.kind = 'scoring_model' AND definition.key = ${key}`);
  if (row !== undefined && row.version !== from)
    throw new TendError(
      'conflict',
      `Not version ${from} of "${key}" is live, but version ${row.version}: nothing was rolled back.`,
    );
}

/**
 * The version that the present one replaced when it was first published, so that one rollback after another goes further
 * back; where that is not on record, the one published last before it.
 */
async function versionBefore(transaction: Transaction, key: string): Promise<number> {
  const [row] = await transaction.query<{ version: number | null }>(sql`
    SELECT CASE
      WHEN live.publication ? 'backToVersionId'
        THEN (SELECT version FROM definition_version WHERE id = (live.publication->>'backToVersionId')::bigint)
      WHEN live.publication->>'previousVersionId' IS NOT NULL
        THEN (SELECT version FROM definition_version WHERE id = (live.publication->>'previousVersionId')::bigint)
      ELSE (SELECT version FROM definition_version AS other
            WHERE other.kind = live.kind AND other.key = live.key AND other.id <> live.id AND other.published_at IS NOT NULL
            ORDER BY other.published_at DESC, other.version DESC LIMIT 1) END AS version
    FROM definition JOIN definition_version AS live ON live.id = live_version_id
    WHERE definition.kind = 'scoring_model' AND definition.key = ${key}`);
  if (row === undefined)
    throw new TendError('not-found', `There is no live scoring model "${key}": there is nothing to roll back.`);
  if (row.version === null)
    throw new TendError(
      'conflict',
      `No version of "${key}" was live before the present one: name a version, or publish another draft.`,
    );
  return row.version;
}
