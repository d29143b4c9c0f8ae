import type { Actor } from '../domain/actor.ts';
import { type CheckedReport, checkReport, type Report, type ReportingSource } from '../domain/attributes/report.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { ATTRIBUTES_RECORDED, type Json } from '../domain/interaction/interaction.ts';
import { ACCOUNT_BATCHES_AT_ONCE, continueAccountRefolds, refoldLeadsOfAccount } from './continue-account-refolds.ts';
import type { Database, Transaction } from './database.ts';
import { findOrCreateAccount } from './find-account.ts';
import { insertStatements, type StatementSubject } from './insert-statements.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { lockLead } from './lock-lead.ts';
import { newId } from './new-id.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { assertId } from './resolve-lead.ts';
import { sql } from './sql.ts';

interface Saying {
  readonly source: ReportingSource;
  /** When it was said (ISO 8601); default: now. */
  readonly at?: string | undefined;
  readonly confidence: number;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface LeadReport extends Saying, Report {
  readonly leadId: string;
}

export interface AccountReport extends Saying {
  /** The company's, as `companyDomainOf` gives it. */
  readonly domain: string;
  readonly values: NonNullable<Report['account']>;
}

export interface Recorded {
  readonly leadId: string | null;
  readonly accountId: string | null;
  readonly at: Instant;
}

/**
 * Records what somebody says about a lead, and about its company, under the lead's lock. It is an interaction too, at
 * the instant it was said: sequences can enter on it, and the lead is scored again. The company's leads all are. What is
 * said about a test lead is said by its own clock; its company is real, and lives by the world's.
 *
 * Throws `not-found`, `invalid-request` (naming each value that does not fit) and `conflict` (the lead has no company).
 */
export async function recordLeadAttributes(database: Database, report: LeadReport): Promise<Recorded> {
  assertId('lead', report.leadId);
  const recorded = await database.transaction((transaction) => recordLeadAttributesWithin(transaction, report));
  if (recorded.accountId !== null) await refoldNow(database);
  return recorded;
}

/**
 * The same within a transaction of the caller's, who has the company's leads scored again where `account` was given.
 * Takes the lead's lock.
 */
export async function recordLeadAttributesWithin(transaction: Transaction, report: LeadReport): Promise<Recorded> {
  const { id, erasedAt, clockOffset } = await lockLead(transaction, report.leadId);
  if (erasedAt !== null) throw new TendError('not-found', `There is no lead ${id}.`);
  const vocabulary = await loadVocabulary(transaction);
  const checked = checkReport(vocabulary, report, report.now, { lead: 'attributes', account: 'account' });
  refuseProblems(checked);
  const accountId = checked.account.size === 0 ? null : await companyOf(transaction, id);
  const ownTime = { at: checked.at + clockOffset, now: report.now + clockOffset };
  await insert(transaction, { leadId: id }, checked.lead, ownTime.at, { ...report, now: ownTime.now });
  if (accountId !== null) await recordOfAccount(transaction, accountId, checked, report);
  await recordInteraction(transaction, id, { ...checked, at: ownTime.at }, { ...report, now: ownTime.now });
  if (checked.lead.size > 0) await audit(transaction, 'lead', id, checked.lead, report);
  await raiseAttention(transaction, [id]);
  return { leadId: id, accountId, at: checked.at };
}

/**
 * Records what somebody says about a company; one that is not known yet is made. All its leads are scored again.
 *
 * Throws `invalid-request` (naming each value that does not fit).
 */
export async function recordAccountAttributes(database: Database, report: AccountReport): Promise<Recorded> {
  const recorded = await database.transaction(async (transaction) => {
    const vocabulary = await loadVocabulary(transaction);
    const { values, at, now } = report;
    const checked = checkReport(vocabulary, { account: values, at }, now, {
      lead: 'attributes',
      account: 'attributes',
    });
    refuseProblems(checked);
    const accountId = await findOrCreateAccount(transaction, report.domain, now);
    await recordOfAccount(transaction, accountId, checked, report);
    return { leadId: null, accountId, at: checked.at };
  });
  await refoldNow(database);
  return recorded;
}

/** Begins at once. It is recorded already, and the sweep goes on: who fails here must not be told that nothing was. */
async function refoldNow(database: Database): Promise<void> {
  await continueAccountRefolds(database, ACCOUNT_BATCHES_AT_ONCE).catch(() => {});
}

function refuseProblems({ problems }: CheckedReport): void {
  if (problems.length === 0) return;
  throw new TendError(
    'invalid-request',
    'Nothing of this was recorded: mend the fields named and send it again.',
    problems,
  );
}

async function companyOf(transaction: Transaction, leadId: string): Promise<string> {
  const [lead] = await transaction.query<{ accountId: string | null }>(sql`
    SELECT account_id AS "accountId" FROM lead WHERE id = ${leadId}::uuid`);
  if (lead !== undefined && lead.accountId !== null) return lead.accountId;
  const detail = 'This lead belongs to no company: none of its mail addresses tells one.';
  const problem = 'needs a lead with a company: leave it out, or record it under /api/accounts/<domain>/attributes';
  throw new TendError('conflict', detail, [{ path: 'account', problem }]);
}

async function recordOfAccount(
  transaction: Transaction,
  accountId: string,
  checked: CheckedReport,
  saying: Saying,
): Promise<void> {
  await insert(transaction, { accountId }, checked.account, checked.at, saying);
  await audit(transaction, 'account', accountId, checked.account, saying);
  await refoldLeadsOfAccount(transaction, accountId);
}

async function insert(
  transaction: Transaction,
  subject: StatementSubject,
  values: ReadonlyMap<string, Json>,
  at: Instant,
  { source, confidence, now }: Saying,
): Promise<void> {
  await insertStatements(transaction, { subject, values, source, at, confidence, now });
}

async function recordInteraction(
  transaction: Transaction,
  leadId: string,
  { lead, account, at }: CheckedReport,
  { source, now }: Saying,
): Promise<void> {
  const prefixed = (prefix: string, values: ReadonlyMap<string, Json>) =>
    [...values].map(([name, value]): [string, Json] => [`${prefix}.${name}`, value]);
  const recorded = await recordTendInteraction(transaction, {
    leadId,
    messageId: `attributes:${newId()}`,
    name: ATTRIBUTES_RECORDED,
    properties: Object.fromEntries([
      ['source', source],
      ...prefixed('attribute', lead),
      ...prefixed('account', account),
    ]),
    occurredAt: at,
    receivedAt: now,
    ownTime: true,
  });
  // A lead without any identity has no interactions; it is scored again all the same.
  if (!recorded) await transaction.query(sql`UPDATE lead SET refold = true WHERE id = ${leadId}::uuid`);
}

/** Names only: an audit row outlives the person's erasure. */
async function audit(
  transaction: Transaction,
  subjectKind: 'lead' | 'account',
  subjectId: string,
  values: ReadonlyMap<string, Json>,
  { source, actor, now }: Saying,
): Promise<void> {
  const detail = { source, names: [...values.keys()] };
  await recordAudit(transaction, { actor, at: now, action: 'attributes.recorded', subjectKind, subjectId, detail });
}
