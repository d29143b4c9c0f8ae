import { consentPolicySchema } from '../domain/consent/policy-schema.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import type { Transaction } from './database.ts';
import { sql } from './sql.ts';

interface LiveTemplate {
  readonly recipient: string;
  readonly service: boolean;
}

/**
 * Refuses a consent policy whose mails can't be sent: a sign-up that is never asked to confirm, a consent that lapses without
 * a question.
 *
 * Throws `definition-invalid`.
 */
export async function checkConsentPolicy(transaction: Transaction, content: unknown): Promise<void> {
  const { key, doubleOptIn, staleness } = consentPolicySchema.parse(content);
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
  if (problems.length === 0) return;
  throw new TendError(
    'definition-invalid',
    `The consent policy "${key}" can't be published yet: mend the fields named.`,
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
