import type { Instant } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import { type LockedLead, lockLead } from './lock-lead.ts';
import { newId } from './new-id.ts';
import { at, sql } from './sql.ts';

/**
 * The lead that a mail address belongs to, locked; where it is nobody's yet, one is made for it (`made`). `address` is
 * normalised. Nothing else is told of a lead that is made so: nobody has proven yet that the address is theirs.
 */
export async function leadOfAddress(
  transaction: Transaction,
  address: string,
  now: Instant,
): Promise<{ readonly lead: LockedLead; readonly made: boolean }> {
  await transaction.query(sql`
    INSERT INTO identity (kind, value, created_at) VALUES ('email', ${address}, ${at(now)}) ON CONFLICT (kind, value) DO NOTHING`);
  // The lead before the identity, as everywhere: whoever holds a lead may ingest for its identities.
  await transaction.query(sql`
    SELECT id FROM lead WHERE id IN (SELECT lead_id FROM identity WHERE kind = 'email' AND value = ${address}) FOR NO KEY UPDATE`);
  const [identity] = await transaction.query<{ id: number; leadId: string | null }>(sql`
    SELECT id, lead_id AS "leadId" FROM identity WHERE kind = 'email' AND value = ${address} FOR UPDATE`);
  // Its person was erased while this waited: then it is nobody's, and made anew.
  if (identity === undefined) return leadOfAddress(transaction, address, now);
  if (identity.leadId !== null) return { lead: await lockLead(transaction, identity.leadId), made: false };
  const id = newId();
  await transaction.query(sql`INSERT INTO lead (id, created_at) VALUES (${id}::uuid, ${at(now)})`);
  await transaction.query(sql`
    UPDATE identity SET lead_id = ${id}::uuid, linked_at = ${at(now)} WHERE id = ${identity.id}::bigint`);
  // What was told under this address before is the lead's, as it is when an identify names it.
  await transaction.query(sql`
    UPDATE interaction SET lead_id = ${id}::uuid WHERE lead_id IS NULL AND identity_id = ${identity.id}::bigint`);
  await transaction.notify('tend_interaction');
  return { lead: await lockLead(transaction, id), made: true };
}
