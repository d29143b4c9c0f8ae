import { DOUBLE_OPT_IN } from '../domain/consent/policy.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/**
 * The language that a mail is wanted in: of the form, where it asks to confirm a sign-up, for that is what its reader has
 * just read; else `known`, the lead's.
 */
export async function readMailLocale(
  queryable: Queryable,
  { id, purpose }: { readonly id: string; readonly purpose: string },
  known: string | null,
): Promise<string | null> {
  if (purpose !== DOUBLE_OPT_IN) return known;
  const [optIn] = await queryable.query<{ locale: string | null }>(sql`
    SELECT locale FROM opt_in_request WHERE message_id = ${id}::uuid`);
  return optIn?.locale ?? known;
}
