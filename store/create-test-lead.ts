import type { Actor } from '../domain/actor.ts';
import { checkReport } from '../domain/attributes/report.ts';
import { TRACKING } from '../domain/consent/policy.ts';
import { TendError } from '../domain/errors.ts';
import { normaliseEmail } from '../domain/identity/normalise.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Database, Transaction } from './database.ts';
import { insertStatements } from './insert-statements.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { newId } from './new-id.ts';
import { recordAudit } from './record-audit.ts';
import { insertConsent } from './record-consent.ts';
import { at, sql } from './sql.ts';

export interface TestLeadInput {
  /** The marketer's own mailbox. */
  readonly email: string;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly attributes: Readonly<Record<string, Json>>;
  /** What it may be written to about. */
  readonly purposes: readonly string[];
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Makes a lead for walking through sequences. It gets real mails, is in no report and reaches no representative. The
 * address must be nobody's yet: a person's history is not to be walked ahead.
 *
 * Throws `invalid-request` (naming each value that does not fit its attribute) and `conflict`.
 */
export async function createTestLead(database: Database, input: TestLeadInput): Promise<{ id: string }> {
  const { locale, timeZone, attributes, purposes, actor, now } = input;
  const email = normaliseEmail(input.email);
  if (email === null)
    throw new TendError('invalid-request', 'The test lead needs an address.', [
      { path: 'email', problem: 'must be a mail address' },
    ]);
  const id = newId();
  await database.transaction(async (transaction) => {
    // It has done nothing yet, but what is known of it is to be scored: steps ask for cells and grades.
    await transaction.query(sql`
      INSERT INTO lead (id, test, locale, time_zone, refold, created_at)
      VALUES (${id}::uuid, true, ${locale}, ${timeZone}, true, ${at(now)})`);
    const taken = await transaction.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at) VALUES ('email', ${email}, ${id}::uuid, ${at(now)}, ${at(now)})
      ON CONFLICT (kind, value) DO NOTHING RETURNING 1`);
    if (taken.length === 0) {
      const mend = 'take one that is not in use, such as you+test1@your-company.example';
      throw new TendError('conflict', `This address is somebody's already: ${mend}.`);
    }
    const subject = { leadId: id };
    const values = await fitted(transaction, attributes, now);
    await insertStatements(transaction, { subject, values, source: 'api', at: now, confidence: 1, now });
    const said = new Date(now).toISOString();
    // Walking through a sequence follows its links.
    for (const purpose of new Set([...purposes, TRACKING])) {
      const wording = 'Test lead: the mailbox belongs to whoever walks through the sequence.';
      const times = { requestedAt: said, confirmedAt: said };
      const evidence = { channel: 'email', purpose, action: 'granted', wording, ...times } as const;
      await insertConsent(transaction, id, email, { evidence, source: 'api', actor, now });
    }
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'lead.made-for-testing',
      subjectKind: 'lead',
      subjectId: id,
    });
  });
  return { id };
}

/** The values as their attributes have them, as if somebody had reported them: a test must not know what no lead can. */
async function fitted(
  transaction: Transaction,
  attributes: TestLeadInput['attributes'],
  now: Instant,
): Promise<ReadonlyMap<string, Json>> {
  if (Object.keys(attributes).length === 0) return new Map();
  const fields = { lead: 'attributes', account: 'account' };
  const { lead, problems } = checkReport(await loadVocabulary(transaction), { lead: attributes }, now, fields);
  if (problems.length > 0)
    throw new TendError('invalid-request', 'No test lead was made: mend the values named.', problems);
  return lead;
}
