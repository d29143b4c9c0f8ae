import { attributeHistory, type KnownOverTime } from '../domain/attributes/history.ts';
import type { Statement } from '../domain/attributes/statement.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import type { Queryable } from './database.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { sql } from './sql.ts';

export interface LeadOfHistory {
  readonly id: string;
  readonly stage: LeadStage;
  readonly accountId: string | null;
}

/** All that was ever said of these leads and of their companies, by lead. */
export async function readAttributeHistories(
  queryable: Queryable,
  leads: readonly LeadOfHistory[],
): Promise<Map<string, KnownOverTime>> {
  if (leads.length === 0) return new Map();
  const vocabulary = await loadVocabulary(queryable);
  const accountIds = [...new Set(leads.flatMap(({ accountId }) => accountId ?? []))];
  const rows = await queryable.query<Statement & { readonly owner: string }>(sql`
    SELECT id, coalesce(lead_id, account_id) AS owner, name, value, source, at, confidence FROM attribute
    WHERE lead_id = ANY(${leads.map(({ id }) => id)}::uuid[]) OR account_id = ANY(${accountIds}::uuid[])
    ORDER BY at, id`);
  const byOwner = new Map<string, Statement[]>();
  for (const { owner, ...statement } of rows) {
    const list = byOwner.get(owner);
    if (list === undefined) byOwner.set(owner, [statement]);
    else list.push(statement);
  }
  return new Map(
    leads.map(({ id, stage, accountId }) => [
      id,
      attributeHistory(vocabulary, {
        stage,
        lead: byOwner.get(id) ?? [],
        account: accountId === null ? [] : (byOwner.get(accountId) ?? []),
      }),
    ]),
  );
}
