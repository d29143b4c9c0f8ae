import { noConsentPolicy } from '../domain/consent/policy.ts';
import { consentPolicySchema } from '../domain/consent/policy-schema.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import { groundProblems } from './check-grounds.ts';
import type { Transaction } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { sql } from './sql.ts';

interface LiveTemplate {
  readonly recipient: string;
  readonly service: boolean;
}

/**
 * Refuses a consent policy whose mails can't be sent: a sign-up that is never asked to confirm, a consent that lapses without
 * a question, a live sequence whose mails fit their ground no longer.
 *
 * Throws `definition-invalid`.
 */
export async function checkConsentPolicy(transaction: Transaction, content: unknown): Promise<void> {
  const policy = consentPolicySchema.parse(content);
  const { key, doubleOptIn, staleness } = policy;
  const problems: FieldProblem[] = [];
  const confirms = await readLive(transaction, doubleOptIn.template);
  const path = 'doubleOptIn.template';
  if (confirms === null)
    problems.push({
      path,
      problem: `names the template "${doubleOptIn.template}", which is not published: publish it first`,
    });
  else if (confirms.recipient !== 'lead' || !confirms.service)
    problems.push({
      path,
      problem: `names the template "${doubleOptIn.template}", which is no service mail: a mail that asks for consent carries no advertising, so take one with service: true`,
    });
  if (staleness !== null) {
    const asks = await readLive(transaction, staleness.template);
    if (asks === null)
      problems.push({
        path: 'staleness.template',
        problem: `names the template "${staleness.template}", which is not published: publish it first`,
      });
    else if (asks.recipient !== 'lead' || asks.service)
      problems.push({
        path: 'staleness.template',
        problem: `names the template "${staleness.template}", which is no mail to leads under their consent: take one for leads without service: true`,
      });
  }
  problems.push(...(await groundProblems(transaction, { policy }, 'purposes')));
  if (problems.length === 0) return;
  throw new TendError(
    'definition-invalid',
    `The consent policy "${key}" can't be published yet: mend the fields named.`,
    problems,
  );
}

/**
 * Refuses a template that is live already, and from now on would be of the other kind: what sends it could not, and a sign-up
 * would be asked to confirm by nothing.
 *
 * Throws `definition-invalid`.
 */
export async function checkTemplateGround(
  transaction: Transaction,
  {
    key,
    recipient,
    service = false,
  }: { readonly key: string; readonly recipient: string; readonly service?: boolean | undefined },
): Promise<void> {
  if (recipient !== 'lead') return;
  const { consent } = await loadLiveDefinitions(transaction);
  const problems = await groundProblems(transaction, { template: { key, service } }, 'service');
  if (consent.doubleOptIn.template === key && !service && consent !== noConsentPolicy)
    problems.push({ path: 'service', problem: 'must be true: the consent policy has sign-ups confirmed by this mail' });
  if (consent.staleness?.template === key && service)
    problems.push({ path: 'service', problem: 'must be left out: the consent policy asks for a renewal by this mail' });
  if (problems.length === 0) return;
  throw new TendError(
    'definition-invalid',
    `The template "${key}" can't be published so: mend the field named.`,
    problems,
  );
}

async function readLive(transaction: Transaction, key: string): Promise<LiveTemplate | null> {
  const [template] = await transaction.query<LiveTemplate>(sql`
    SELECT content->>'recipient' AS recipient, coalesce((content->>'service')::boolean, false) AS service
    FROM definition JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'template' AND definition.key = ${key}`);
  return template ?? null;
}
