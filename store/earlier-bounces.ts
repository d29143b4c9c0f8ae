import { DAY, type Instant } from '../domain/instant.ts';
import type { EarlierBounce } from '../domain/sending/bounced-mailbox.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';

/** Servers give up after so long (RFC 5321 §4.5.4.1): a mail that has not come back by then has arrived. */
const SETTLED_MS = 5 * DAY;

/**
 * Of other mails to the same address, for the same cause, first to last. Of a mailbox that was full or out of reach: since a
 * mail last arrived there. `now` is by the lead's own clock.
 */
export async function earlierBounces(
  transaction: Transaction,
  bounce: {
    readonly messageId: string;
    readonly leadId: string;
    readonly address: string;
    readonly cause: 'mailbox' | 'full' | 'transient';
    readonly now: Instant;
  },
): Promise<EarlierBounce[]> {
  const { messageId, leadId, address, cause, now } = bounce;
  return transaction.query<EarlierBounce>(sql`
    SELECT id AS "messageId", bounced_at AS at FROM message
    WHERE lead_id = ${leadId}::uuid AND address = ${address} AND recipient_kind = 'lead' AND bounce_cause = ${cause} AND id <> ${messageId}::uuid
      AND (${cause} = 'mailbox' OR bounced_at > coalesce((
        SELECT max(claimed_at) FROM message AS arrived
        WHERE arrived.lead_id = ${leadId}::uuid AND arrived.address = ${address} AND arrived.recipient_kind = 'lead' AND arrived.state = 'accepted'
          AND arrived.bounced_at IS NULL AND arrived.claimed_at < ${at(now - SETTLED_MS)}), '-infinity'))
    ORDER BY bounced_at, id`);
}
