import { type ConsentRecord, type ConsentState, consentState } from '../domain/consent/consent.ts';
import { basisOf, type ConsentPolicy } from '../domain/consent/policy.ts';
import {
  noPreferences,
  type PreferenceChange,
  type Preferences,
  preferencesAfter,
} from '../domain/consent/preferences.ts';
import { withStaleness } from '../domain/consent/staleness.ts';
import type { Instant } from '../domain/instant.ts';
import type { SentMail } from '../domain/pacing/next-allowed.ts';
import { freeWays, type Ways } from '../domain/sending/obstacle.ts';
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
  readonly preferences: Preferences;
  readonly ways: Ways;
  /** Marketing of all purposes, ascending, from the first on: who waits long ages by all that went ahead. */
  readonly sent: readonly SentMail[];
  /** The lineages of all that this person was ever sent. */
  readonly received: ReadonlySet<string>;
}

/**
 * Reads them in a transaction that holds the lead's lock. `purposes` are those of the mails in question; `to` is the address
 * of one that goes nowhere else (default: the lead's own).
 */
export async function readGateFacts(
  queryable: Queryable,
  leadId: string,
  purposes: readonly string[],
  policy: ConsentPolicy,
  to: string | null = null,
): Promise<LeadGateFacts> {
  const [facts] = await queryable.query<
    Pick<LeadGateFacts, 'paused' | 'handoffOpen' | 'address'> & { clockOffset: number | null }
  >(sql`
    SELECT (SELECT clock_offset_ms FROM lead WHERE id = ${leadId}::uuid) AS "clockOffset",
           (SELECT paused_at IS NOT NULL FROM installation WHERE id = 1) AS paused,
           EXISTS (SELECT FROM handoff WHERE lead_id = ${leadId}::uuid AND state <> 'closed') AS "handoffOpen",
           mail.value AS address
    FROM (SELECT 1) AS one LEFT JOIN LATERAL (
      SELECT value FROM identity WHERE lead_id = ${leadId}::uuid AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1
    ) AS mail ON true`);
  const { paused = false, handoffOpen = false } = facts ?? {};
  const address = to ?? facts?.address ?? null;
  const known = { paused, handoffOpen, address };
  if (purposes.length === 0) {
    const nothing = { suppressed: false, preferences: noPreferences, ways: freeWays };
    return { ...known, ...nothing, consents: new Map(), sent: [], received: new Set() };
  }
  const { suppressed, ways } = await readWays(queryable, address, facts?.clockOffset ?? 0);
  const { records, changes } = await readConsentRecords(queryable, leadId);
  // Claimed and unknown count as sent: they may have left. So may have what is sent again, at the claim of then; whether
  // it was received is left open as long as it is still to be sent.
  const mails = await queryable.query<{
    at: Instant | null;
    purpose: string;
    lineage: string | null;
    loose: boolean;
  }>(sql`
    SELECT claimed_at AS at, purpose, lineage, enrolment_id IS NULL AS loose FROM message
    WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' AND state IN ('claimed', 'accepted', 'unknown')
    UNION ALL
    SELECT lost_claim_at, purpose, CASE WHEN state IN ('dropped', 'superseded', 'refused') THEN lineage END, enrolment_id IS NULL FROM message
    WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' AND lost_claim_at IS NOT NULL
    ORDER BY 1`);
  const sent = mails.flatMap(({ at, purpose }) =>
    at === null || basisOf(policy, purpose) === 'exempt' ? [] : [{ at, purpose }],
  );
  const consents = new Map(
    purposes.map((purpose) => {
      // The question whether a consent still holds does not answer itself.
      const lastSentAt = mails.findLast((mail) => mail.purpose === purpose && !mail.loose)?.at ?? null;
      return [purpose, withStaleness(consentState(records, purpose), policy.staleness, lastSentAt)];
    }),
  );
  const preferences = preferencesAfter(changes);
  return {
    ...known,
    suppressed,
    ways,
    consents,
    preferences,
    sent,
    received: new Set(mails.flatMap(({ lineage }) => lineage ?? [])),
  };
}

/**
 * What stands in the way of any mail to `address`. A mail server's pause is one of this world: a test lead, whose clock is
 * `clockOffset` ms ahead, waits for its end by its own clock.
 */
export async function readWays(
  queryable: Queryable,
  address: string | null,
  clockOffset: number,
): Promise<Pick<LeadGateFacts, 'suppressed' | 'ways'>> {
  if (address === null) return { suppressed: false, ways: freeWays };
  const domain = address.slice(address.lastIndexOf('@') + 1);
  const [row] = await queryable.query<{
    suppressed: boolean;
    retryAt: Instant | null;
    why: string | null;
    paused: string[];
  }>(sql`
    SELECT EXISTS (SELECT FROM suppression WHERE channel = 'email' AND address_hash = ${queryable.keyedHash(address)} AND lifted_at IS NULL) AS suppressed,
           receiver.retry_at AS "retryAt", receiver.why,
           ARRAY(SELECT sender_key FROM sender_health WHERE paused_at IS NOT NULL) AS paused
    FROM (SELECT 1) AS one LEFT JOIN receiving_domain AS receiver ON receiver.domain = ${domain} AND receiver.opened_at IS NOT NULL`);
  if (row === undefined) return { suppressed: false, ways: freeWays };
  const { suppressed, retryAt, why, paused } = row;
  const receiver =
    retryAt === null ? null : ({ reason: 'receiver-refuses', until: retryAt + clockOffset, detail: why } as const);
  return { suppressed, ways: { receiver, pausedSenders: new Set(paused) } };
}

interface ConsentRow extends Omit<ConsentRecord, 'promise'> {
  readonly promiseMax: number | null;
  readonly promiseDays: number | null;
  readonly change: PreferenceChange | null;
}

/** The whole record of a person, whichever of the merged leads it was given under; it is append-only and stays there. */
export async function readConsentRecords(
  queryable: Queryable,
  leadId: string,
): Promise<{ records: ConsentRecord[]; changes: PreferenceChange[] }> {
  const rows = await queryable.query<ConsentRow>(sql`
    SELECT purpose, action, address, at, confirmed_at AS "confirmedAt", promise_max AS "promiseMax", promise_days AS "promiseDays", change
    FROM consent
    WHERE channel = 'email' AND lead_id IN (SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid)
    ORDER BY id`);
  return {
    records: rows.map(({ promiseMax, promiseDays, change: _, ...record }) => ({
      ...record,
      promise: promiseMax === null || promiseDays === null ? null : { max: promiseMax, days: promiseDays },
    })),
    changes: rows.flatMap(({ change }) => (change === null ? [] : [change])),
  };
}
