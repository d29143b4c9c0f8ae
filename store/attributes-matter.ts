import { attributesIn } from '../domain/conditions/leaves.ts';
import { ATTRIBUTES_RECORDED } from '../domain/interaction/interaction.ts';
import { conditionsAmong } from '../domain/sequence/signal.ts';
import type { Transaction } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { sql } from './sql.ts';

/**
 * Whether a plan of this lead may ask for its attributes, so that news of them needs a look: one of its enrolments waits
 * for them, or they bring leads into a published sequence. The caller holds the lead's lock.
 */
export async function attributesMatter(transaction: Transaction, leadId: string): Promise<boolean> {
  const { sequences } = await loadLiveDefinitions(transaction);
  const asked = sequences
    .flatMap(({ definition }) => conditionsAmong(definition.entry))
    .some((condition) => Object.values(attributesIn(condition)).some((names) => names.length > 0));
  if (asked) return true;
  const awaiting = await transaction.query(sql`
    SELECT FROM enrolment
    WHERE lead_id = ${leadId}::uuid AND state IN ('entering', 'active') AND ${ATTRIBUTES_RECORDED} = ANY(awaits) LIMIT 1`);
  return awaiting.length > 0;
}
