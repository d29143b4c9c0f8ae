import type { Transaction } from './database.ts';
import { raiseAttentionQuietly } from './raise-attention.ts';
import type { BatchDone, OpenJob } from './sequence-job.ts';
import { sql } from './sql.ts';

/**
 * Has everybody looked at after a sequence was published that leads come into by a condition: what their plan then does
 * is the publisher's choice (`firstLook`). Quietly, for nobody waits for them: the sweep brings them in turn. A lead that
 * is planned before its batch has had its look; to be looked at twice changes nothing.
 */
export async function lookBatch(
  transaction: Transaction,
  { total: known, after }: OpenJob<{ readonly versionId: number }>,
  batchSize: number,
): Promise<BatchDone> {
  const leads = await transaction.query<{ id: string }>(sql`
    SELECT id FROM lead
    WHERE (${after}::uuid IS NULL OR id > ${after}::uuid) AND merged_into IS NULL AND erased_at IS NULL
    ORDER BY id LIMIT ${batchSize}::int FOR NO KEY UPDATE`);
  await raiseAttentionQuietly(
    transaction,
    leads.map(({ id }) => id),
  );
  return {
    total: known ?? (await countLeads(transaction)),
    done: leads.length,
    after: leads.at(-1)?.id ?? after,
    finished: leads.length < batchSize,
    result: {},
  };
}

async function countLeads(transaction: Transaction): Promise<number> {
  const [row] = await transaction.query<{ leads: number }>(sql`
    SELECT count(*) AS leads FROM lead WHERE merged_into IS NULL AND erased_at IS NULL`);
  return row?.leads ?? 0;
}
