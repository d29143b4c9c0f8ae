import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import { type SplitResult, splitResults } from '../domain/sequence/split/results.ts';
import type { SplitStep } from '../domain/sequence/steps/split.ts';
import type { Database, Queryable } from './database.ts';
import { recordAudit } from './record-audit.ts';
import { readLiveSequence } from './report-sequence.ts';
import { at, sql } from './sql.ts';

export interface SplitQuestion {
  readonly sequence: string;
  readonly step: string;
  /** Counts as reached where this event follows within so many days; null: the sequence's goal. */
  readonly within: { readonly event: string; readonly days: number } | null;
}

export type SplitReport = SplitResult & {
  readonly sequence: string;
  readonly step: string;
  /** What was aimed at. */
  readonly reached: 'goal' | { readonly event: string; readonly days: number };
  readonly winner: { readonly arm: string; readonly pickedAt: Instant; readonly pickedBy: string } | null;
};

/**
 * How the arms of a split have done. A lead counts once, in the arm that it was drawn to first; who went a winner's way
 * was not drawn, and test leads are not counted. Throws `not-found`.
 */
export async function readSplit(queryable: Queryable, question: SplitQuestion): Promise<SplitReport> {
  const { sequence, step, within } = question;
  const { arms } = await findSplit(queryable, sequence, step);
  const ids = arms.map(({ id }) => id);
  const rows = await queryable.query<{ arm: string; entered: number; reached: number }>(sql`
    SELECT arm, count(*) AS entered, count(*) FILTER (WHERE reached) AS reached FROM (
      SELECT drawn.arm, CASE WHEN ${within === null} THEN
        EXISTS (SELECT 1 FROM enrolment WHERE lead_id = drawn.lead_id AND sequence_key = ${sequence} AND end_reason = 'goal' AND ended_at >= drawn.at)
      ELSE
        EXISTS (SELECT 1 FROM interaction WHERE lead_id = drawn.lead_id AND name = ${within?.event ?? null} AND discounted_at IS NULL
                  AND occurred_at >= drawn.at AND occurred_at <= drawn.at + ${within?.days ?? 0}::int * interval '24 hours')
      END AS reached
      FROM (
        SELECT DISTINCT ON (lead_id) lead_id, outcome AS arm, passed_at AS at
        FROM step_pass JOIN enrolment ON enrolment.id = enrolment_id JOIN lead ON lead.id = lead_id AND NOT lead.test
        WHERE sequence_key = ${sequence} AND step_pass.step_id = ${step} AND outcome = ANY(${ids}::text[])
        ORDER BY lead_id, passed_at, step_pass.id) AS drawn) AS counted
    GROUP BY arm`);
  const results = splitResults(
    arms.map(({ id, holdout }) => {
      const row = rows.find(({ arm }) => arm === id);
      return { id, holdout, entered: row?.entered ?? 0, reached: row?.reached ?? 0 };
    }),
  );
  return { sequence, step, reached: within ?? 'goal', ...results, winner: await readWinner(queryable, question) };
}

/**
 * Sends whoever comes to a split from now on the way of `arm`; null: by draw again. Throws `not-found`, and
 * `invalid-request` where it has no such arm.
 */
export async function pickWinner(
  database: Database,
  input: {
    readonly sequence: string;
    readonly step: string;
    readonly arm: string | null;
    readonly actor: Actor;
    readonly now: Instant;
  },
): Promise<SplitReport['winner']> {
  const { sequence, step, arm, actor, now } = input;
  return database.transaction(async (transaction) => {
    const { arms } = await findSplit(transaction, sequence, step);
    if (arm !== null && !arms.some(({ id }) => id === arm)) {
      const problem = `the split "${step}" has no arm "${arm}"; it has ${arms.map(({ id }) => id).join(', ')}`;
      throw new TendError('invalid-request', 'The request is not valid: mend the fields named.', [
        { path: 'arm', problem },
      ]);
    }
    const changed =
      arm === null
        ? await transaction.query(sql`
            DELETE FROM split_winner WHERE sequence_key = ${sequence} AND step_id = ${step} RETURNING 1`)
        : await transaction.query(sql`
            INSERT INTO split_winner (sequence_key, step_id, arm, picked_at, picked_by) VALUES (${sequence}, ${step}, ${arm}, ${at(now)}, ${actor.name})
            ON CONFLICT (sequence_key, step_id) DO UPDATE SET arm = excluded.arm, picked_at = excluded.picked_at, picked_by = excluded.picked_by
            WHERE split_winner.arm <> excluded.arm RETURNING 1`);
    if (changed.length > 0)
      await recordAudit(transaction, {
        actor,
        at: now,
        action: arm === null ? 'split.winner-dropped' : 'split.winner-picked',
        subjectKind: 'definition',
        subjectId: sequence,
        detail: { step, arm },
      });
    return readWinner(transaction, input);
  });
}

async function findSplit(queryable: Queryable, sequence: string, step: string): Promise<SplitStep> {
  const { steps }: Sequence = await readLiveSequence(queryable, sequence);
  const split = steps.find((one) => one.id === step);
  if (split?.kind === 'split') return split;
  const splits = steps.filter(({ kind }) => kind === 'split').map(({ id }) => id);
  throw new TendError(
    'not-found',
    `The live version of "${sequence}" has no split "${step}"; ${splits.length === 0 ? 'it has none' : `it has ${splits.join(', ')}`}.`,
  );
}

async function readWinner(
  queryable: Queryable,
  { sequence, step }: { readonly sequence: string; readonly step: string },
): Promise<SplitReport['winner']> {
  const [winner] = await queryable.query<NonNullable<SplitReport['winner']>>(sql`
    SELECT arm, picked_at AS "pickedAt", picked_by AS "pickedBy" FROM split_winner WHERE sequence_key = ${sequence} AND step_id = ${step}`);
  return winner ?? null;
}
