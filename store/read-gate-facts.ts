import { type ConsentRecord, type ConsentState, consentState } from '../domain/consent/consent.ts';
import { DAY, type Instant } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';

/** What the gate needs to know of one lead, whatever the mail. */
export interface LeadGateFacts {
  readonly paused: boolean;
  readonly handoffOpen: boolean;
  /** The mail address that the lead was linked to last. */
  readonly address: string | null;
  readonly suppressed: boolean;
  readonly consents: ReadonlyMap<string, ConsentState>;
  readonly sent: ReadonlyMap<string, readonly Instant[]>;
}

/** Reads them in `transaction`, which must hold the lead's lock. `purposes` are those of the mails in question. */
export async function readGateFacts(
  transaction: Transaction,
  leadId: string,
  purposes: readonly string[],
  now: Instant,
): Promise<LeadGateFacts> {
  const [facts] = await transaction.query<Omit<LeadGateFacts, 'consents' | 'sent'>>(sql`
    SELECT (SELECT paused_at IS NOT NULL FROM installation WHERE id = 1) AS paused,
           EXISTS (SELECT FROM handoff WHERE lead_id = ${leadId}::uuid AND state <> 'closed') AS "handoffOpen",
           mail.value AS address,
           EXISTS (SELECT FROM suppression WHERE channel = 'email' AND address = mail.value AND lifted_at IS NULL) AS suppressed
    FROM (SELECT 1) AS one LEFT JOIN LATERAL (
      SELECT value FROM identity WHERE lead_id = ${leadId}::uuid AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1
    ) AS mail ON true`);
  const consents = new Map<string, ConsentState>();
  const sent = new Map<string, Instant[]>();
  if (purposes.length > 0) {
    const records = await readConsentRecords(transaction, leadId);
    for (const purpose of purposes) consents.set(purpose, consentState(records, purpose));
    const days = Math.max(
      0,
      ...[...consents.values()].map((state) => (state.kind === 'granted' ? (state.promise?.days ?? 0) : 0)),
    );
    if (days > 0) {
      const claims = await transaction.query<{ purpose: string; claimedAt: Instant }>(sql`
        SELECT purpose, claimed_at AS "claimedAt" FROM message
        WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' AND purpose = ANY(${purposes}::text[])
          AND state IN ('claimed', 'accepted', 'unknown') AND claimed_at > ${at(now - days * DAY)}
        ORDER BY claimed_at`);
      for (const { purpose, claimedAt } of claims) sent.set(purpose, [...(sent.get(purpose) ?? []), claimedAt]);
    }
  }
  return { paused: false, handoffOpen: false, address: null, suppressed: false, ...facts, consents, sent };
}

/** The whole record of a person, whichever of the merged leads it was given under; it is append-only and stays there. */
async function readConsentRecords(transaction: Transaction, leadId: string): Promise<ConsentRecord[]> {
  const rows = await transaction.query<
    Omit<ConsentRecord, 'promise'> & { promiseMax: number | null; promiseDays: number | null }
  >(sql`
    SELECT purpose, action, address, at, confirmed_at AS "confirmedAt", promise_max AS "promiseMax", promise_days AS "promiseDays" FROM consent
    WHERE channel = 'email' AND lead_id IN (SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid)
    ORDER BY id`);
  return rows.map(({ promiseMax, promiseDays, ...record }) => ({
    ...record,
    promise: promiseMax === null || promiseDays === null ? null : { max: promiseMax, days: promiseDays },
  }));
}
