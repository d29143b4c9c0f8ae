import { type ConsentRecord, consentState } from '../domain/consent/consent.ts';
import { type ConsentPolicy, TRACKING } from '../domain/consent/policy.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/**
 * True where this person agreed to have links and opens of mails recorded, and has not taken that back: consent comes
 * before tracking (§ 25 TDDDG, Art. 5(3) of Directive 2002/58/EC: a pixel and a link made for one person read what is on
 * their device). Nobody's are where the policy says `tracking: never`.
 *
 * Asked when a mail is composed, and again at each hit: a withdrawal holds for mails that have long left.
 */
export async function trackingAllowed(queryable: Queryable, leadId: string, policy: ConsentPolicy): Promise<boolean> {
  if (policy.tracking === 'never') return false;
  const records = await queryable.query<ConsentRecord>(sql`
    SELECT purpose, action, address, NULL AS promise, confirmed_at AS "confirmedAt", at FROM consent
    WHERE channel = 'email' AND purpose IN (${TRACKING}, 'all')
      AND lead_id IN (SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid)
    ORDER BY id`);
  return consentState(records, TRACKING).kind === 'granted';
}
