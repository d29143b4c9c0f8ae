import { scoresIn } from '../domain/conditions/leaves.ts';
import { groundProblem } from '../domain/consent/ground.ts';
import { basisOf } from '../domain/consent/policy.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import type { Mailing } from '../domain/mailing/mailing.ts';
import type { Transaction } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { sql } from './sql.ts';

/**
 * Refuses a mailing that needs what is not there: its template, the scoring models that its audience asks.
 *
 * Throws `definition-invalid`.
 */
export async function checkMailing(
  transaction: Transaction,
  { key, template, purpose, audience }: Mailing,
): Promise<void> {
  const problems = [
    ...(await templateProblems(transaction, template, purpose)),
    ...(await modelProblems(transaction, audience)),
  ];
  if (problems.length === 0) return;
  throw new TendError(
    'definition-invalid',
    `The mailing "${key}" can't be published yet: mend the fields named.`,
    problems,
  );
}

async function templateProblems(transaction: Transaction, key: string, purpose: string): Promise<FieldProblem[]> {
  const [found] = await transaction.query<{ recipient: string; asks: boolean; service: boolean }>(sql`
    SELECT version.content->>'recipient' AS recipient, coalesce((version.content->>'asks')::boolean, false) AS asks,
           coalesce((version.content->>'service')::boolean, false) AS service
    FROM definition JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'template' AND definition.key = ${key}`);
  const problem = (text: string) => [{ path: 'template', problem: text }];
  if (found === undefined) return problem(`names the template "${key}", which is not published: publish it first`);
  if (found.recipient !== 'lead')
    return problem(`names the template "${key}", which is for a ${found.recipient}: take one for leads`);
  if (found.asks) return problem(`names the template "${key}", which asks a question: only an ask step sends it`);
  const { consent } = await loadLiveDefinitions(transaction);
  const ground = groundProblem(found.service, basisOf(consent, purpose), `the purpose "${purpose}"`);
  return ground === null ? [] : problem(`names the template "${key}", which ${ground}`);
}

/** A condition that asks for a model nobody has published would be unknown of everybody. */
async function modelProblems(transaction: Transaction, audience: Mailing['audience']): Promise<FieldProblem[]> {
  if (audience === undefined) return [];
  const asked = [...new Set(scoresIn(audience).map(({ score }) => score))];
  const live = await transaction.query<{ key: string }>(sql`
    SELECT key FROM definition WHERE kind = 'scoring_model' AND live_version_id IS NOT NULL AND key = ANY(${asked}::text[])`);
  return asked
    .filter((key) => !live.some((model) => model.key === key))
    .map((key) => ({
      path: 'audience',
      problem: `asks for the scoring model "${key}", which is not published: publish it first`,
    }));
}
