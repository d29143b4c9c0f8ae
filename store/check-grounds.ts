import { groundProblem } from '../domain/consent/ground.ts';
import { basisOf, type ConsentPolicy } from '../domain/consent/policy.ts';
import type { FieldProblem } from '../domain/errors.ts';
import { referencesOf } from '../domain/sequence/step.ts';
import type { Transaction } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { sql } from './sql.ts';

/** What is to be live instead of what is. */
export interface GroundChange {
  readonly policy?: ConsentPolicy;
  readonly template?: { readonly key: string; readonly service: boolean };
}

/**
 * What `change` would do to mails that are to go out: a live sequence, or a mailing that is scheduled or being sent, would send
 * marketing where none may go, or a mail without a way out where one is needed. Problems say whose mail it is; empty: none.
 */
export async function groundProblems(
  transaction: Transaction,
  { policy, template }: GroundChange,
  path: string,
): Promise<FieldProblem[]> {
  const { consent, sequences } = await loadLiveDefinitions(transaction);
  const services = await readServices(transaction);
  if (template !== undefined) services.set(template.key, template.service);
  const sent = [
    ...sequences.flatMap(({ definition: { key, purpose, steps, streams } }) => {
      const templates = [
        ...steps.flatMap((step) => referencesOf(step).filter(({ kind }) => kind === 'template')),
        ...streams.flatMap(({ tracks }) => tracks.flatMap(({ contents }) => contents.map((each) => ({ key: each })))),
      ];
      return templates.map((each) => ({ of: `the sequence "${key}"`, purpose, template: each.key }));
    }),
    ...(await readMailings(transaction)),
  ];
  const problems = sent.flatMap(({ of, purpose, template: key }) => {
    // One for colleagues is under no purpose; one that is not live is not sent.
    const service = services.get(key);
    if (service === undefined || (template !== undefined && template.key !== key)) return [];
    const problem = groundProblem(service, basisOf(policy ?? consent, purpose), `the purpose "${purpose}"`);
    return problem === null ? [] : [`${of} sends the template "${key}", which ${problem}, or another purpose`];
  });
  return [...new Set(problems)].map((problem) => ({ path, problem }));
}

/** Of each live template for leads: whether it is a service mail. */
async function readServices(transaction: Transaction): Promise<Map<string, boolean>> {
  const rows = await transaction.query<{ key: string; service: boolean }>(sql`
    SELECT definition.key, coalesce((content->>'service')::boolean, false) AS service
    FROM definition JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'template' AND coalesce(content->>'recipient', 'lead') = 'lead'`);
  return new Map(rows.map(({ key, service }) => [key, service]));
}

async function readMailings(transaction: Transaction) {
  const rows = await transaction.query<{ key: string; purpose: string; template: string }>(sql`
    SELECT mailing_key AS key, content->>'purpose' AS purpose, content->>'template' AS template
    FROM mailing_run JOIN definition_version AS version ON version.id = version_id
    WHERE state IN ('scheduled', 'sending', 'paused')`);
  return rows.map(({ key, ...mailing }) => ({ of: `the mailing "${key}"`, ...mailing }));
}
