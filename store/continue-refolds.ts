import { continueAccountRefolds } from './continue-account-refolds.ts';
import type { Database, Transaction } from './database.ts';
import { sql } from './sql.ts';

/** What publishing a scoring model or attributes leaves on the version until every lead is marked to be scored anew. */
export const REFOLD_PENDING: RefoldState = { refold: 'pending', after: null, marked: 0, leads: null };

/** How far the marking has come: kept in the version's `compiled`. */
export interface RefoldState {
  readonly refold: 'pending' | 'marked';
  /** The last lead marked. */
  readonly after: string | null;
  readonly marked: number;
  /** How many there were when it began; null: it has not begun. */
  readonly leads: number | null;
}

const LEADS_A_BATCH = 1_000;

/** So many batches are marked before a publishing answers; the sweep marks the rest of a large company's leads. */
export const BATCHES_AT_ONCE = 10;

/**
 * Marks leads to be scored anew under models and attributes published since, and under shadows set since, in batches, so
 * that publishing never locks all leads at once. How far it came is kept beside the model's version: whoever calls this
 * next goes on from there, so a process that ends in between loses nothing. (`NO KEY`: the assessor's standings refer to
 * the version meanwhile.) A version that was replaced before all were marked needs no more marking.
 * Leads of companies that something was said about are marked too. The sweep calls it as well. Returns how many leads
 * were marked.
 */
export async function continueRefolds(database: Database, batches = Number.POSITIVE_INFINITY): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < batches; batch += 1) {
    const marked = await database.transaction(markBatch);
    if (marked === null) break;
    total += marked;
  }
  return total + (await continueAccountRefolds(database, batches));
}

async function markBatch(transaction: Transaction): Promise<number | null> {
  const [pending] = await transaction.query<{ id: number; state: Partial<RefoldState> }>(sql`
    SELECT id, compiled AS state FROM definition_version AS version
    WHERE kind IN ('scoring_model', 'attributes') AND compiled->>'refold' = 'pending'
      AND EXISTS (SELECT 1 FROM definition WHERE version.id IN (live_version_id, shadow_version_id))
    ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`);
  if (pending === undefined) return null;
  const { after = null, marked = 0, leads: known = null } = pending.state;
  const leads = await transaction.query<{ id: string }>(sql`
    SELECT id FROM lead
    WHERE (${after}::uuid IS NULL OR id > ${after}::uuid) AND merged_into IS NULL AND erased_at IS NULL
    ORDER BY id LIMIT ${LEADS_A_BATCH}::int FOR NO KEY UPDATE`);
  await transaction.query(sql`UPDATE lead SET refold = true WHERE id = ANY(${leads.map(({ id }) => id)}::uuid[])`);
  const state: RefoldState = {
    refold: leads.length < LEADS_A_BATCH ? 'marked' : 'pending',
    after: leads.at(-1)?.id ?? after,
    marked: marked + leads.length,
    leads: known ?? (await countLeads(transaction)),
  };
  await transaction.query(sql`
    UPDATE definition_version SET compiled = ${JSON.stringify(state)}::jsonb WHERE id = ${pending.id}::bigint`);
  await transaction.notify('tend_interaction');
  return leads.length;
}

async function countLeads(transaction: Transaction): Promise<number> {
  const [row] = await transaction.query<{ leads: number }>(sql`
    SELECT count(*) AS leads FROM lead WHERE merged_into IS NULL AND erased_at IS NULL`);
  return row?.leads ?? 0;
}
