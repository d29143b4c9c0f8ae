import type { Database } from './database.ts';
import { sql } from './sql.ts';

/** What publishing a scoring model leaves on its version until every lead is marked to be scored anew. */
export const REFOLD_PENDING = { refold: 'pending', after: null } as const;

const LEADS_A_BATCH = 1_000;

/**
 * Marks leads to be scored anew under models published since, in batches, so that publishing never locks all leads at
 * once. How far it came is kept beside the model's version: whoever calls this next goes on from there, so a process
 * that ends in between loses nothing. (`NO KEY`: the assessor's standings refer to the version meanwhile.)
 * The sweep calls it too. Returns how many leads were marked.
 */
export async function continueRefolds(database: Database): Promise<number> {
  let total = 0;
  for (;;) {
    const marked = await database.transaction(async (transaction) => {
      const [pending] = await transaction.query<{ id: number; after: string | null }>(sql`
        SELECT id, compiled->>'after' AS after FROM definition_version
        WHERE kind = 'scoring_model' AND compiled->>'refold' = 'pending' ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`);
      if (pending === undefined) return null;
      const leads = await transaction.query<{ id: string }>(sql`
        SELECT id FROM lead
        WHERE (${pending.after}::uuid IS NULL OR id > ${pending.after}::uuid) AND merged_into IS NULL AND erased_at IS NULL
        ORDER BY id LIMIT ${LEADS_A_BATCH}::int FOR NO KEY UPDATE`);
      await transaction.query(sql`UPDATE lead SET refold = true WHERE id = ANY(${leads.map(({ id }) => id)}::uuid[])`);
      const last = leads.at(-1)?.id;
      const state =
        leads.length < LEADS_A_BATCH || last === undefined ? { refold: 'marked' } : { refold: 'pending', after: last };
      await transaction.query(sql`
        UPDATE definition_version SET compiled = ${JSON.stringify(state)}::jsonb WHERE id = ${pending.id}::bigint`);
      await transaction.notify('tend_interaction');
      return leads.length;
    });
    if (marked === null) return total;
    total += marked;
  }
}
