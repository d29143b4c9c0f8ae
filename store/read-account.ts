import { type ShownAttribute, showAttributes } from '../domain/attributes/shown.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { readWeighedStatements } from './read-attributes.ts';
import { sql } from './sql.ts';

export interface AccountProfile {
  readonly id: string;
  readonly domain: string;
  readonly name: string | null;
  readonly createdAt: Instant;
  /** How many leads belong to it. */
  readonly leads: number;
  readonly attributes: readonly ShownAttribute[];
}

/** Everything known of a company as of `now`. Throws `not-found`. */
export async function readAccount(database: Database, domain: string, now: Instant): Promise<AccountProfile> {
  const [account] = await database.query<Omit<AccountProfile, 'name' | 'attributes'>>(sql`
    SELECT id, domain, created_at AS "createdAt",
           (SELECT count(*) FROM lead WHERE account_id = account.id AND merged_into IS NULL AND erased_at IS NULL) AS leads
    FROM account WHERE domain = ${domain}`);
  if (account === undefined) throw new TendError('not-found', `There is no account with the domain ${domain}.`);
  const weighed = await readWeighedStatements(database, { leadId: null, accountId: account.id });
  const attributes = showAttributes(weighed, 'account', now);
  return { ...account, name: nameIn(attributes), attributes };
}

/** A company's name is what is known as its attribute `name`. */
export function nameIn(attributes: readonly ShownAttribute[]): string | null {
  const value = attributes.find(({ name }) => name === 'name')?.value;
  return typeof value === 'string' ? value : null;
}
