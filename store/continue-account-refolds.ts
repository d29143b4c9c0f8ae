import type { Database, Transaction } from './database.ts';
import { sql } from './sql.ts';

/** Below every id: all leads of the account are still to be marked. */
const FROM_THE_START = '00000000-0000-0000-0000-000000000000';

const LEADS_A_BATCH = 1_000;

/** So many batches are marked before a request is answered; the sweep marks the rest of a large company's leads. */
export const ACCOUNT_BATCHES_AT_ONCE = 10;

/** Has every lead of this account scored anew, since something was said about the company: `continueAccountRefolds` does it. */
export async function refoldLeadsOfAccount(transaction: Transaction, accountId: string): Promise<void> {
  await transaction.query(sql`UPDATE account SET refold_after = ${FROM_THE_START}::uuid WHERE id = ${accountId}::uuid`);
}

/**
 * Marks the leads of accounts about which something was said to be scored anew, in batches, so that a large company's
 * leads are never all locked at once. How far it came is kept in the account's row: a process that ends in between loses
 * nothing, for the sweep calls this too. Returns how many leads were marked.
 *
 * The leads are locked before the account, as everywhere. That the account's row is where it was when the batch began
 * is found by the last statement; where it is not, somebody else went on, or more was said: the next round sees to it.
 */
export async function continueAccountRefolds(database: Database, batches = Number.POSITIVE_INFINITY): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < batches; batch += 1) {
    const marked = await database.transaction(async (transaction) => {
      const [pending] = await transaction.query<{ id: string; after: string }>(sql`
        SELECT id, refold_after AS after FROM account WHERE refold_after IS NOT NULL ORDER BY id LIMIT 1`);
      if (pending === undefined) return null;
      const leads = await transaction.query<{ id: string }>(sql`
        SELECT id FROM lead
        WHERE account_id = ${pending.id}::uuid AND id > ${pending.after}::uuid AND merged_into IS NULL AND erased_at IS NULL
        ORDER BY id LIMIT ${LEADS_A_BATCH}::int FOR NO KEY UPDATE`);
      await transaction.query(sql`UPDATE lead SET refold = true WHERE id = ANY(${leads.map(({ id }) => id)}::uuid[])`);
      const next = leads.length < LEADS_A_BATCH ? null : (leads.at(-1)?.id ?? null);
      await transaction.query(sql`
        UPDATE account SET refold_after = ${next}::uuid WHERE id = ${pending.id}::uuid AND refold_after = ${pending.after}::uuid`);
      await transaction.notify('tend_interaction');
      return leads.length;
    });
    if (marked === null) break;
    total += marked;
  }
  return total;
}
