import { ALL_PURPOSES, type ConsentRecord, consentState } from '../domain/consent/consent.ts';
import { basisOf, type ConsentPolicy } from '../domain/consent/policy.ts';
import { type PreferenceChange, preferencesAfter } from '../domain/consent/preferences.ts';
import { withStaleness } from '../domain/consent/staleness.ts';
import type { Instant } from '../domain/instant.ts';
import type { Reachable } from '../domain/mailing/reach.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';
import { suppressedAmong } from './suppressed-among.ts';

/** Whether and how a lead can be written to under one purpose: what the gate asks, for many leads at once. */
export type Reach = Omit<Reachable, 'calendar'>;

/** The same as `readGateFacts` says of each, without locks: whoever sends asks again. */
export async function readReach(
  queryable: Queryable,
  leadIds: readonly string[],
  purpose: string,
  policy: ConsentPolicy,
): Promise<(leadId: string) => Reach> {
  const addresses = await queryable.query<{ id: string; address: string }>(sql`
    SELECT DISTINCT ON (lead_id) lead_id AS id, value AS address FROM identity
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND kind = 'email' ORDER BY lead_id, linked_at DESC, identity.id DESC`);
  const suppressed = await suppressedAmong(
    queryable,
    addresses.map(({ address }) => address),
  );
  const withSales = await queryable.query<{ id: string }>(sql`
    SELECT DISTINCT lead_id AS id FROM handoff WHERE lead_id = ANY(${leadIds}::uuid[]) AND state <> 'closed'`);
  // Claimed and unknown count as sent: they may have left. So may what is sent again, at the claim of then.
  const mails = await queryable.query<SentTo>(sql`
    SELECT lead_id AS id, claimed_at AS at, purpose, lineage, enrolment_id IS NULL AS loose FROM message
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND recipient_kind = 'lead' AND state IN ('claimed', 'accepted', 'unknown')
    UNION ALL
    SELECT lead_id, lost_claim_at, purpose, CASE WHEN state IN ('dropped', 'superseded', 'refused') THEN lineage END, enrolment_id IS NULL FROM message
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND recipient_kind = 'lead' AND lost_claim_at IS NOT NULL
    ORDER BY at`);
  const said = await readWhatWasSaid(queryable, leadIds, purpose);
  const addressOf = new Map(addresses.map(({ id, address }) => [id, address]));
  const open = new Set(withSales.map(({ id }) => id));
  const mailsOf = grouped(mails);
  return (leadId) => {
    const sent = mailsOf.get(leadId) ?? [];
    const own = said.get(leadId) ?? [];
    const lastSentAt = sent.findLast((mail) => mail.purpose === purpose && !mail.loose)?.at ?? null;
    return {
      address: addressOf.get(leadId) ?? null,
      suppressed: suppressed.has(addressOf.get(leadId) ?? ''),
      handoffOpen: open.has(leadId),
      consent: withStaleness(consentState(own, purpose), policy.staleness, lastSentAt),
      preferences: preferencesAfter(own.flatMap(({ change }) => change ?? [])),
      sent: sent.flatMap(({ at, purpose: of }) =>
        at === null || basisOf(policy, of) === 'exempt' ? [] : [{ at, purpose: of }],
      ),
      received: new Set(sent.flatMap(({ lineage }) => lineage ?? [])),
    };
  };
}

interface SentTo {
  readonly id: string;
  readonly at: Instant | null;
  readonly purpose: string;
  readonly lineage: string | null;
  readonly loose: boolean;
}

type Said = ConsentRecord & { readonly change: PreferenceChange | null };

/** The whole record of each person, whichever of the merged leads it was given under. */
async function readWhatWasSaid(
  queryable: Queryable,
  leadIds: readonly string[],
  purpose: string,
): Promise<Map<string, Said[]>> {
  const rows = await queryable.query<
    Omit<Said, 'promise'> & { id: string; promiseMax: number | null; promiseDays: number | null }
  >(sql`
    SELECT owner.id, purpose, action, address, consent.at, confirmed_at AS "confirmedAt", promise_max AS "promiseMax", promise_days AS "promiseDays", change
    FROM (SELECT id, id AS lead FROM lead WHERE id = ANY(${leadIds}::uuid[])
          UNION ALL SELECT merged_into, id FROM lead WHERE merged_into = ANY(${leadIds}::uuid[])) AS owner
    JOIN consent ON consent.lead_id = owner.lead
    WHERE channel = 'email' AND purpose IN (${purpose}, ${ALL_PURPOSES}) ORDER BY consent.id`);
  const said = new Map<string, Said[]>();
  for (const [id, records] of grouped(rows)) {
    const told = records.map(({ promiseMax, promiseDays, ...record }) => ({
      ...record,
      promise: promiseMax === null || promiseDays === null ? null : { max: promiseMax, days: promiseDays },
    }));
    said.set(id, told);
  }
  return said;
}

function grouped<Row extends { readonly id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.id);
    if (group === undefined) groups.set(row.id, [row]);
    else group.push(row);
  }
  return groups;
}
