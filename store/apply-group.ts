import { companyDomainOf } from '../domain/account/company-domain.ts';
import { traitsIn } from '../domain/identity/identities-in.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json, Properties } from '../domain/interaction/interaction.ts';
import { askedAttributes } from './asked-attributes.ts';
import { refoldLeadsOfAccount } from './continue-account-refolds.ts';
import type { Transaction } from './database.ts';
import { findOrCreateAccount } from './find-account.ts';
import { insertWebsiteStatements } from './insert-statements.ts';
import { joinAccount } from './join-account.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { lockLeadIfAny } from './lock-lead.ts';
import { at, sql } from './sql.ts';

interface Group {
  readonly leadId: string;
  readonly context: Properties;
  readonly occurredAt: Instant;
}

/**
 * Applies a `group`: its traits are what the website says about the company that the lead belongs to. A group id that is
 * a domain names the company, and is the lead's where it has none; another one is an attribute of the lead's company.
 * Of a person whose company nobody knows it says nothing. Returns false when somebody else has applied it.
 */
export async function applyGroup(
  transaction: Transaction,
  interactionId: number,
  leadId: string,
  now: Instant,
): Promise<boolean> {
  const lead = await lockLeadIfAny(transaction, leadId);
  // After the lead, as the assessor does it, which marks this very row; a merge may have moved it meanwhile.
  const [group] = await transaction.query<Group>(sql`
    SELECT lead_id AS "leadId", coalesce(context, '{}') AS context, occurred_at AS "occurredAt" FROM interaction
    WHERE id = ${interactionId}::bigint AND linked_at IS NULL FOR UPDATE`);
  if (group === undefined) return false;
  if (lead !== null && lead.erasedAt === null) await say(transaction, lead.id, group, now);
  await transaction.query(sql`UPDATE interaction SET linked_at = ${at(now)} WHERE id = ${interactionId}::bigint`);
  return true;
}

async function say(
  transaction: Transaction,
  leadId: string,
  { context, occurredAt }: Group,
  now: Instant,
): Promise<void> {
  const groupId = typeof context.groupId === 'string' ? context.groupId : '';
  const accountId = await companyOf(transaction, leadId, groupId, now);
  if (accountId === null) return;
  const traits = Object.entries(traitsIn(context)).filter(([, value]) => value !== null);
  const { account: declared } = await loadVocabulary(transaction);
  const names = await insertWebsiteStatements(transaction, {
    subject: { accountId },
    values: new Map<string, Json>([...traits, ['groupId', groupId]]),
    at: occurredAt,
    now,
    expiring: [...declared.values()].filter(({ validForMs }) => validForMs !== null).map(({ name }) => name),
  });
  if (names.length === 0) return;
  const asked = (await askedAttributes(transaction)).account;
  if (names.some((name) => asked.has(name))) await refoldLeadsOfAccount(transaction, accountId);
}

async function companyOf(
  transaction: Transaction,
  leadId: string,
  groupId: string,
  now: Instant,
): Promise<string | null> {
  const domain = companyDomainOf(groupId);
  if (domain !== null) {
    await joinAccount(transaction, leadId, domain, now);
    return findOrCreateAccount(transaction, domain, now);
  }
  const [lead] = await transaction.query<{ accountId: string | null }>(sql`
    SELECT account_id AS "accountId" FROM lead WHERE id = ${leadId}::uuid`);
  return lead?.accountId ?? null;
}
