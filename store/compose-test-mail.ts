import type { Template } from '../domain/definition/template.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import { normaliseEmail } from '../domain/identity/normalise.ts';
import type { Instant } from '../domain/instant.ts';
import type { Mailing } from '../domain/mailing/mailing.ts';
import { type CompiledTemplate, compileTemplate } from '../mail/compile-template.ts';
import { type ComposeOptions, composeLeadMail, type OutgoingMail } from '../mail/compose.ts';
import type { Database } from './database.ts';
import { loadDraftMailing } from './mailing-run.ts';
import { newId } from './new-id.ts';
import { readLeadMailFacts } from './read-mail-facts.ts';
import { resolveLead } from './resolve-lead.ts';
import { type Candidate, selectAudience } from './select-audience.ts';
import { sql } from './sql.ts';
import { suppressedAmong } from './suppressed-among.ts';

export interface TestMailInput {
  readonly key: string;
  /** The company's own addresses. */
  readonly to: readonly string[];
  /** Whose data fills the mail; default: some lead's of the audience, where there is one. */
  readonly leadId: string | undefined;
  /** Default: that lead's. */
  readonly locale: string | undefined;
  readonly now: Instant;
}

/**
 * A mailing's mail as its readers would get it, for colleagues, who consent by asking for it. No message of the database
 * belongs to it: its links lead on and its unsubscribe page answers, and nothing is recorded.
 *
 * Throws `not-found`, `invalid-request` (an address that a test must not go to), `conflict` (no template) and `render-failed`.
 */
export async function composeTestMails(
  database: Database,
  options: ComposeOptions,
  { key, to, leadId, locale, now }: TestMailInput,
): Promise<OutgoingMail[]> {
  const mailing = await loadDraftMailing(database, key);
  const domain = domainOf(options.from);
  const addresses = await checkAddresses(database, to, domain);
  const compiled = await loadTemplate(database, mailing.template);
  const lead = leadId === undefined ? await someReader(database, mailing, now) : await resolveLead(database, leadId);
  const facts = lead === null ? { locale: null, attributes: {} } : await readLeadMailFacts(database, lead, now);
  const email = lead === null ? null : await addressOf(database, lead);
  return addresses.map((address) => {
    const id = newId();
    const message = { id, messageIdHeader: `<${id}@${domain}>` };
    const reader = { email: email ?? address, locale: locale ?? facts.locale, attributes: facts.attributes };
    const mail = composeLeadMail({ compiled, message, lead: reader }, options);
    return { ...mail, envelope: { ...mail.envelope, to: address }, to: address, subject: `[Test] ${mail.subject}` };
  });
}

function domainOf(mailbox: string): string {
  return /@([^@<>\s]+)>?\s*$/.exec(mailbox)?.[1]?.toLowerCase() ?? 'localhost';
}

/** To anybody who is a lead it would be a mailing without consent; nobody is written to whose address is suppressed. */
async function checkAddresses(database: Database, to: readonly string[], ownDomain: string): Promise<string[]> {
  const addresses = to.map(normaliseEmail);
  const valid = addresses.filter((address) => address !== null);
  const suppressed = await suppressedAmong(database, valid);
  const known = await database.query<{ address: string; lead: boolean }>(sql`
    SELECT address, EXISTS (SELECT FROM identity JOIN lead ON lead.id = lead_id WHERE kind = 'email' AND value = address AND NOT test) AS lead
    FROM unnest(${valid}::text[]) AS given(address)`);
  const problems = addresses.flatMap((address, index): FieldProblem[] => {
    const report = (problem: string) => [{ path: `to.${index}`, problem }];
    if (address === null) return report('must be a mail address');
    const found = known.find((row) => row.address === address);
    if (suppressed.has(address)) return report('is on the suppression list: nobody writes to it');
    if (found?.lead && !address.endsWith(`@${ownDomain}`))
      return report("is a lead's: a test goes to the company's own people, a lead gets mail by its consent only");
    return [];
  });
  if (problems.length > 0)
    throw new TendError('invalid-request', 'The test was not sent: mend the addresses named.', problems);
  return [...new Set(valid)];
}

/** What is published under this key; as long as nothing is, what was stored last. */
async function loadTemplate(database: Database, key: string): Promise<CompiledTemplate> {
  const [found] = await database.query<{ content: unknown; compiled: CompiledTemplate | null }>(sql`
    SELECT content, compiled FROM definition JOIN definition_version AS version ON version.id = coalesce(live_version_id, draft_version_id)
    WHERE definition.kind = 'template' AND definition.key = ${key}`);
  if (found === undefined)
    throw new TendError('conflict', `The mailing's template "${key}" does not exist: store it first.`);
  return found.compiled ?? compileTemplate(found.content as Template);
}

/** The newest leads are looked at first, and so many. */
const MOST_LOOKED_AT = 500;

/** The newest lead of the audience that has an address; null: none of the newest has. */
async function someReader(database: Database, mailing: Mailing, now: Instant): Promise<string | null> {
  return database.transaction(async (transaction) => {
    const leads = await transaction.query<Candidate>(sql`
      SELECT id, stage, account_id AS "accountId", time_zone AS "timeZone" FROM lead
      WHERE merged_into IS NULL AND erased_at IS NULL AND NOT test AND stage = ANY(${mailing.stages}::text[])
        AND EXISTS (SELECT FROM identity WHERE lead_id = lead.id AND kind = 'email') ORDER BY id DESC LIMIT ${MOST_LOOKED_AT}::int`);
    const [reader] = await selectAudience(transaction, mailing, leads, now);
    return reader?.id ?? null;
  });
}

async function addressOf(database: Database, leadId: string): Promise<string | null> {
  const [mail] = await database.query<{ value: string }>(sql`
    SELECT value FROM identity WHERE lead_id = ${leadId}::uuid AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1`);
  return mail?.value ?? null;
}
