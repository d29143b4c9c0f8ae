import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { BATCHES_AT_ONCE, continueRefolds, REFOLD_PENDING } from './continue-refolds.ts';
import type { Database, Transaction } from './database.ts';
import { lockModel, type ModelVersion, readModelVersion } from './read-model-version.ts';
import { recordAudit } from './record-audit.ts';
import { sql } from './sql.ts';

export interface ShadowInput {
  readonly key: string;
  /** Default: the draft. */
  readonly version: number | undefined;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface ShadowSet {
  readonly key: string;
  readonly version: number;
  /** False when it was the shadow already. */
  readonly set: boolean;
}

const STANDINGS_A_BATCH = 5_000;

/**
 * Has a version computed beside the live one; nothing acts on it. There is one shadow a model: another one takes the
 * place of the present one.
 *
 * Standings that the version has from before lack what came meanwhile. They are deleted first, most of them in
 * transactions of their own, so that none is long; what a process that ends in between has deleted, nobody misses.
 *
 * Throws `not-found`, and `conflict` where the version is live.
 */
export async function setShadow(database: Database, input: ShadowInput): Promise<ShadowSet> {
  const { key } = input;
  const wanted = await readModelVersion(database, key, input.version);
  while (await database.transaction((transaction) => deleteStaleStandings(transaction, key, wanted.version)));
  const result = await database.transaction(async (transaction) => {
    await lockModel(transaction, key);
    const version = await readModelVersion(transaction, key, wanted.version);
    if (version.live) {
      throw new TendError(
        'conflict',
        `Version ${version.version} of "${key}" is live: store another draft, or name another version, to compare it with.`,
      );
    }
    if (version.shadow) return { key, version: version.version, set: false };
    await makeShadow(transaction, version, input);
    return { key, version: version.version, set: true };
  });
  await continueRefolds(database, BATCHES_AT_ONCE);
  return result;
}

/** One batch, unless somebody computes with them. Returns whether there may be more. */
async function deleteStaleStandings(transaction: Transaction, key: string, version: number): Promise<boolean> {
  await lockModel(transaction, key);
  const { id, live, shadow } = await readModelVersion(transaction, key, version);
  if (live || shadow) return false;
  const deleted = await transaction.query(sql`
    DELETE FROM standing WHERE (lead_id, model_version_id) IN (
      SELECT lead_id, model_version_id FROM standing WHERE model_version_id = ${id}::bigint LIMIT ${STANDINGS_A_BATCH}::int)
    RETURNING 1`);
  return deleted.length === STANDINGS_A_BATCH;
}

async function makeShadow(transaction: Transaction, { id, version }: ModelVersion, { key, actor, now }: ShadowInput) {
  await transaction.query(sql`DELETE FROM standing WHERE model_version_id = ${id}::bigint`);
  await transaction.query(sql`
    UPDATE definition SET shadow_version_id = ${id}::bigint WHERE kind = 'scoring_model' AND key = ${key}`);
  await transaction.query(sql`
    UPDATE definition_version SET compiled = ${JSON.stringify(REFOLD_PENDING)}::jsonb WHERE id = ${id}::bigint`);
  await recordAudit(transaction, {
    actor,
    at: now,
    action: 'definition.shadow-set',
    subjectKind: 'scoring_model',
    subjectId: key,
    detail: { version },
  });
}

/** Ends the model's shadow, if there is one. What it computed is left, and deleted when it is set again. */
export async function dropShadow(
  database: Database,
  { key, actor, now }: Omit<ShadowInput, 'version'>,
): Promise<{ readonly key: string; readonly dropped: boolean }> {
  return database.transaction(async (transaction) => {
    await lockModel(transaction, key);
    const [shadow] = await transaction.query<{ version: number | null }>(sql`
      SELECT shadow.version FROM definition LEFT JOIN definition_version AS shadow ON shadow.id = shadow_version_id
      WHERE definition.kind = 'scoring_model' AND definition.key = ${key}`);
    if (shadow === undefined) throw new TendError('not-found', `There is no scoring model "${key}".`);
    if (shadow.version === null) return { key, dropped: false };
    await transaction.query(sql`
      UPDATE definition SET shadow_version_id = NULL WHERE kind = 'scoring_model' AND key = ${key}`);
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'definition.shadow-dropped',
      subjectKind: 'scoring_model',
      subjectId: key,
      detail: { version: shadow.version },
    });
    return { key, dropped: true };
  });
}
