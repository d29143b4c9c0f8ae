import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { type ApprovalParty, missingApprovals } from '../domain/scoring/approval.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { readModelVersion } from './read-model-version.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

export interface ApprovalInput {
  readonly key: string;
  /** Default: the draft. */
  readonly version: number | undefined;
  readonly party: ApprovalParty;
  readonly note: string | null;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface Approval {
  readonly party: ApprovalParty;
  readonly actor: string;
  readonly note: string | null;
  readonly at: Instant;
}

export interface ApprovedVersion {
  readonly key: string;
  readonly version: number;
  readonly approvals: readonly Approval[];
}

/**
 * Notes that marketing or sales agrees to this very version going live. Its content never changes, so what was agreed
 * to is what is published. Agreeing again changes nothing: the first word stands. Throws `not-found`.
 */
export async function approveModel(database: Database, input: ApprovalInput): Promise<ApprovedVersion> {
  const { key, party, note, actor, now } = input;
  return database.transaction(async (transaction) => {
    const { id, version } = await readModelVersion(transaction, key, input.version);
    const added = await transaction.query(sql`
      INSERT INTO definition_approval (version_id, party, actor, note, at)
      VALUES (${id}::bigint, ${party}, ${actor.name}, ${note}, ${at(now)})
      ON CONFLICT (version_id, party) DO NOTHING RETURNING 1`);
    if (added.length > 0) {
      const detail = { version, party };
      await recordAudit(transaction, {
        actor,
        at: now,
        action: 'definition.approved',
        subjectKind: 'scoring_model',
        subjectId: key,
        detail,
      });
    }
    return { key, version, approvals: await readApprovals(transaction, id) };
  });
}

export async function readApprovals(queryable: Queryable, versionId: number): Promise<Approval[]> {
  return queryable.query<Approval>(sql`
    SELECT party, actor, note, at FROM definition_approval WHERE version_id = ${versionId}::bigint ORDER BY at, id`);
}

/**
 * Throws `conflict`, naming who has not agreed yet. What an installation's first start loads needs nobody's word: there
 * is nothing live that it would replace, and nobody yet who could give it.
 */
export async function checkApprovals(
  transaction: Transaction,
  { key, versionId, version }: { readonly key: string; readonly versionId: number; readonly version: number },
  required: readonly ApprovalParty[],
): Promise<void> {
  if (required.length === 0) return;
  const missing = missingApprovals(required, await readApprovals(transaction, versionId));
  if (missing.length === 0) return;
  const [first] = await transaction.query<{ first: boolean }>(sql`
    SELECT (SELECT seeded_at IS NULL FROM installation WHERE id = 1)
           AND NOT EXISTS (SELECT FROM definition WHERE kind = 'scoring_model' AND live_version_id IS NOT NULL) AS first
    FROM definition WHERE kind = 'scoring_model' AND key = ${key}`);
  if (first?.first) return;
  throw new TendError(
    'conflict',
    `Version ${version} of "${key}" can't go live before ${missing.join(' and ')} ${missing.length === 1 ? 'has' : 'have'} approved it: POST /api/scoring-models/${key}/approvals with ${missing.map((party) => `{ "party": "${party}" }`).join(' and ')}.`,
  );
}
