import type { Instant } from '../domain/instant.ts';
import type { Queryable, Transaction } from './database.ts';
import { newId } from './new-id.ts';
import { at, sql } from './sql.ts';

/**
 * The id of the account with this domain, or null. `domain` is a company's, as `domain/account/` gives it. An erasure that
 * is taking the account's domain is waited for, and one that comes later waits.
 */
export async function findAccount(queryable: Queryable, domain: string): Promise<string | null> {
  const [account] = await queryable.query<{ id: string }>(
    sql`SELECT id FROM account WHERE domain = ${domain} FOR KEY SHARE`,
  );
  return account?.id ?? null;
}

/**
 * The same; one that is missing is made. Whoever holds leads and identities calls this after them: of two that make the
 * same account at once, the second waits for the first.
 */
export async function findOrCreateAccount(transaction: Transaction, domain: string, now: Instant): Promise<string> {
  const known = await findAccount(transaction, domain);
  if (known !== null) return known;
  await transaction.query(sql`
    INSERT INTO account (id, domain, created_at) VALUES (${newId()}::uuid, ${domain}, ${at(now)}) ON CONFLICT (domain) DO NOTHING`);
  const made = await findAccount(transaction, domain);
  if (made === null) throw new Error('a stored account was not returned');
  return made;
}
