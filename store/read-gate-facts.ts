import { type ConsentRecord, type ConsentState, consentState } from '../domain/consent/consent.ts';
import type { Instant } from '../domain/instant.ts';
import type { SentMail } from '../domain/pacing/next-allowed.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** What the gate needs to know of one lead, whatever the mail. */
export interface LeadGateFacts {
  readonly paused: boolean;
  readonly handoffOpen: boolean;
  /** The mail address that the lead was linked to last. */
  readonly address: string | null;
  readonly suppressed: boolean;
  readonly consents: ReadonlyMap<string, ConsentState>;
  /** Of all purposes, ascending, from the first on: who waits long ages by all that went ahead. */
  readonly sent: readonly SentMail[];
  /** The lineages of all that this person was ever sent. */
  readonly received: ReadonlySet<string>;
}

/** Reads them in a transaction that holds the lead's lock. `purposes` are those of the mails in question. */
export async function readGateFacts(
  queryable: Queryable,
  leadId: string,
  purposes: readonly string[],
): Promise<LeadGateFacts> {
  const [facts] = await queryable.query<Pick<LeadGateFacts, 'paused' | 'handoffOpen' | 'address' | 'suppressed'>>(sql`
    SELECT (SELECT paused_at IS NOT NULL FROM installation WHERE id = 1) AS paused,
           EXISTS (SELECT FROM handoff WHERE lead_id = ${leadId}::uuid AND state <> 'closed') AS "handoffOpen",
           mail.value AS address,
           EXISTS (SELECT FROM suppression WHERE channel = 'email' AND address = mail.value AND lifted_at IS NULL) AS suppressed
    FROM (SELECT 1) AS one LEFT JOIN LATERAL (
      SELECT value FROM identity WHERE lead_id = ${leadId}::uuid AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1
    ) AS mail ON true`);
  const nobody = { paused: false, handoffOpen: false, address: null, suppressed: false };
  if (purposes.length === 0) return { ...nobody, ...facts, consents: new Map(), sent: [], received: new Set() };
  const records = await readConsentRecords(queryable, leadId);
  const consents = new Map(purposes.map((purpose) => [purpose, consentState(records, purpose)]));
  // Claimed and unknown count as sent: they may have left.
  const mails = await queryable.query<{ at: Instant | null; purpose: string; lineage: string }>(sql`
    SELECT claimed_at AS at, purpose, lineage FROM message
    WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' AND state IN ('claimed', 'accepted', 'unknown')
    ORDER BY claimed_at`);
  const sent = mails.flatMap(({ at, purpose }) => (at === null ? [] : [{ at, purpose }]));
  return { ...nobody, ...facts, consents, sent, received: new Set(mails.map(({ lineage }) => lineage)) };
}

/** The whole record of a person, whichever of the merged leads it was given under; it is append-only and stays there. */
async function readConsentRecords(queryable: Queryable, leadId: string): Promise<ConsentRecord[]> {
  const rows = await queryable.query<
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
