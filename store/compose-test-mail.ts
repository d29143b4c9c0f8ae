import type { Actor } from '../domain/actor.ts';
import { basisOf, DOUBLE_OPT_IN } from '../domain/consent/policy.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import { normaliseEmail } from '../domain/identity/normalise.ts';
import type { Instant } from '../domain/instant.ts';
import type { Mailing } from '../domain/mailing/mailing.ts';
import { domainOf } from '../domain/sender/sender.ts';
import { type ComposeOptions, composeLeadMail, type OutgoingMail } from '../mail/compose.ts';
import { fromSender } from '../mail/from-sender.ts';
import { NOBODY, sampleMails } from '../mail/sample-mails.ts';
import type { CurrentAttributes } from '../mail/variables.ts';
import type { Database } from './database.ts';
import type { WhichVersions } from './load-includes.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { loadTemplateMail, type TemplateMail } from './load-template-mail.ts';
import { loadDraftMailing } from './mailing-run.ts';
import { newId } from './new-id.ts';
import { readLeadMailFacts } from './read-mail-facts.ts';
import { recordAudit } from './record-audit.ts';
import { resolveLead } from './resolve-lead.ts';
import { type Candidate, selectAudience } from './select-audience.ts';
import { sql } from './sql.ts';
import { suppressedAmong } from './suppressed-among.ts';

export interface TestMailInput {
  /** Of the mailing, or of the template. */
  readonly key: string;
  /** The company's own addresses. */
  readonly to: readonly string[];
  /** Whose data fills the mail. Default: of a mailing some lead's of the audience, where there is one; of a template nobody's. */
  readonly leadId: string | undefined;
  /** Default: that lead's. */
  readonly locale: string | undefined;
  readonly actor: Actor;
  readonly now: Instant;
}

/** A mail to look at, and whose data it shows: to whoever is not of the sender's own domain, nobody's. */
export interface TestMail {
  readonly mail: OutgoingMail;
  readonly filledWith: 'reader' | 'nobody';
}

/**
 * A mailing's mail as its readers would get it, for colleagues, who consent by asking for it. No message of the database
 * belongs to it: its links lead on and its unsubscribe page answers, and nothing is recorded but that the test was made,
 * and with whose data.
 *
 * Throws `not-found`, `invalid-request` (an address that a test must not go to), `conflict` (no template) and `render-failed`.
 */
export async function composeTestMails(
  database: Database,
  options: ComposeOptions,
  input: TestMailInput,
): Promise<TestMail[]> {
  const { leadId, now } = input;
  const mailing = await loadDraftMailing(database, input.key);
  const { template: key, purpose } = mailing;
  const mail = await loadTemplateMail(database, { key, which: 'live', mailFrom: options.from }).catch(
    (error: unknown) => {
      if (!(error instanceof TendError) || error.code !== 'not-found') throw error;
      throw new TendError('conflict', `The mailing's template "${key}" does not exist: store it first.`);
    },
  );
  const lead = leadId === undefined ? await someReader(database, mailing, now) : await resolveLead(database, leadId);
  return compose(database, options, { ...input, mail, purpose, lead, subjectKind: 'mailing' });
}

/**
 * The same of a template alone: what is live, or what was stored last. Templates for colleagues are filled with samples.
 *
 * Throws `not-found`, `invalid-request`, `definition-invalid` (a draft that does not compile) and `render-failed`.
 */
export async function composeTemplateTests(
  database: Database,
  options: ComposeOptions,
  input: TestMailInput & { readonly which: WhichVersions },
): Promise<TestMail[]> {
  const { key, which, leadId } = input;
  const mail = await loadTemplateMail(database, { key, which, mailFrom: options.from });
  const lead = leadId === undefined ? null : await resolveLead(database, leadId);
  const purpose = mail.template.service === true ? DOUBLE_OPT_IN : 'test';
  return compose(database, options, { ...input, mail, purpose, lead, subjectKind: 'template' });
}

interface ComposeInput extends TestMailInput {
  readonly mail: TemplateMail;
  readonly purpose: string;
  readonly lead: string | null;
  readonly subjectKind: 'mailing' | 'template';
}

async function compose(database: Database, options: ComposeOptions, input: ComposeInput): Promise<TestMail[]> {
  const { mail, purpose, lead, key, actor, now, subjectKind } = input;
  const domain = domainOf(mail.sender.from);
  const addresses = await checkAddresses(database, input.to, domain);
  const reader = lead === null ? null : await readerOf(database, lead, now);
  const { consent } = await loadLiveDefinitions(database);
  const exempt = basisOf(consent, purpose) === 'exempt';
  const tests = addresses.map((address): TestMail => {
    const id = newId();
    const shown = address.endsWith(`@${domain}`) ? reader : null;
    const nobody = { ...NOBODY, email: null };
    const composed = composeOne(options, { ...input, exempt }, { id, domain, reader: shown ?? nobody, address });
    const sent = fromSender(composed, mail.sender, { messageId: id, signingSecret: options.signingSecret });
    return {
      mail: { ...sent, envelope: { ...sent.envelope, to: address }, to: address, subject: `[Test] ${sent.subject}` },
      filledWith: shown === null ? 'nobody' : 'reader',
    };
  });
  await database.transaction((transaction) =>
    recordAudit(transaction, {
      actor,
      at: now,
      action: `${subjectKind}.tested`,
      subjectKind,
      subjectId: key,
      detail: { mails: tests.length, lead: tests.some(({ filledWith }) => filledWith === 'reader') ? lead : null },
    }),
  );
  return tests;
}

interface Reader {
  readonly email: string | null;
  readonly locale: string | null;
  readonly attributes: CurrentAttributes;
}

function composeOne(
  options: ComposeOptions,
  { mail, locale: asked, purpose, exempt }: ComposeInput & { readonly exempt: boolean },
  { id, domain, reader, address }: { id: string; domain: string; reader: Reader; address: string },
): OutgoingMail {
  const { template, compiled, sender } = mail;
  const locale = asked ?? reader.locale;
  const message = { id, messageIdHeader: `<${id}@${domain}>` };
  const email = reader.email ?? address;
  const { attributes } = reader;
  // What needs more than a reader (a question, a lead to tell of) is filled with samples.
  if (template.recipient !== 'lead' || template.asks === true) {
    const input = { template, compiled, sender, locale: locale ?? template.defaultLocale, tracking: true, options };
    const sample = sampleMails(input, { locale, attributes, email }).at(-1);
    if (sample === undefined) throw new TendError('render-failed', 'The template gives no mail.');
    return { ...sample, messageId: message.messageIdHeader };
  }
  return composeLeadMail(
    { compiled, message: { ...message, purpose, exempt }, lead: { email, locale, attributes, tracking: true }, sender },
    options,
  );
}

async function readerOf(database: Database, leadId: string, now: Instant): Promise<Reader> {
  const [mail] = await database.query<{ value: string }>(sql`
    SELECT value FROM identity WHERE lead_id = ${leadId}::uuid AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1`);
  const { locale, attributes } = await readLeadMailFacts(database, leadId, now);
  return { email: mail?.value ?? null, locale, attributes };
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
