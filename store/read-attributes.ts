import type { Statement } from '../domain/attributes/statement.ts';
import { type WeighedStatements, weighStatements } from '../domain/attributes/weigh.ts';
import type { Queryable } from './database.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { sql } from './sql.ts';

/** Everything that was said about a lead and its company, weighed by the live vocabulary. Either may be left out. */
export async function readWeighedStatements(
  queryable: Queryable,
  about: { readonly leadId: string | null; readonly accountId: string | null },
): Promise<WeighedStatements> {
  const vocabulary = await loadVocabulary(queryable);
  const rows = await queryable.query<Statement & { ofLead: boolean }>(sql`
    SELECT id, lead_id IS NOT NULL AS "ofLead", name, value, source, at, confidence FROM attribute
    WHERE lead_id = ${about.leadId}::uuid OR account_id = ${about.accountId}::uuid`);
  const statements = (ofLead: boolean) => rows.filter((row) => row.ofLead === ofLead);
  return weighStatements(vocabulary, statements(true), statements(false));
}
