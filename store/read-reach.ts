import { ALL_PURPOSES, type ConsentRecord, type ConsentState, consentState } from '../domain/consent/consent.ts';
import type { Instant } from '../domain/instant.ts';
import type { Reachable } from '../domain/mailing/reach.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';
import { suppressedAmong } from './suppressed-among.ts';

/** Whether and how a lead can be written to under one purpose: what the gate asks, for many leads at once. */
export type Reach = Omit<Reachable, 'calendar'>;

const NOWHERE: Reach = {
  address: null,
  suppressed: false,
  handoffOpen: false,
  consent: { kind: 'none' },
  sent: [],
  received: new Set(),
};

/** The same as `readGateFacts` says of each, without locks: whoever sends asks again. */
export async function readReach(
  queryable: Queryable,
  leadIds: readonly string[],
  purpose: string,
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
  // Claimed and unknown count as sent: they may have left.
  const mails = await queryable.query<{ id: string; at: Instant | null; purpose: string; lineage: string }>(sql`
    SELECT lead_id AS id, claimed_at AS at, purpose, lineage FROM message
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND recipient_kind = 'lead' AND state IN ('claimed', 'accepted', 'unknown')
    ORDER BY claimed_at`);
  const consents = await readConsents(queryable, leadIds, purpose);
  const addressOf = new Map(addresses.map(({ id, address }) => [id, address]));
  const open = new Set(withSales.map(({ id }) => id));
  const mailsOf = grouped(mails);
  return (leadId) => {
    const sent = mailsOf.get(leadId) ?? [];
    return {
      ...NOWHERE,
      address: addressOf.get(leadId) ?? null,
      suppressed: suppressed.has(addressOf.get(leadId) ?? ''),
      handoffOpen: open.has(leadId),
      consent: consents.get(leadId) ?? NOWHERE.consent,
      sent: sent.flatMap(({ at, purpose: of }) => (at === null ? [] : [{ at, purpose: of }])),
      received: new Set(sent.map(({ lineage }) => lineage)),
    };
  };
}

/** The whole record of each person, whichever of the merged leads it was given under. */
async function readConsents(
  queryable: Queryable,
  leadIds: readonly string[],
  purpose: string,
): Promise<Map<string, ConsentState>> {
  const rows = await queryable.query<
    Omit<ConsentRecord, 'promise'> & { id: string; promiseMax: number | null; promiseDays: number | null }
  >(sql`
    SELECT owner.id, purpose, action, address, consent.at, confirmed_at AS "confirmedAt", promise_max AS "promiseMax", promise_days AS "promiseDays"
    FROM (SELECT id, id AS lead FROM lead WHERE id = ANY(${leadIds}::uuid[])
          UNION ALL SELECT merged_into, id FROM lead WHERE merged_into = ANY(${leadIds}::uuid[])) AS owner
    JOIN consent ON consent.lead_id = owner.lead
    WHERE channel = 'email' AND purpose IN (${purpose}, ${ALL_PURPOSES}) ORDER BY consent.id`);
  const states = new Map<string, ConsentState>();
  for (const [id, records] of grouped(rows)) {
    const told = records.map(({ promiseMax, promiseDays, ...record }) => ({
      ...record,
      promise: promiseMax === null || promiseDays === null ? null : { max: promiseMax, days: promiseDays },
    }));
    states.set(id, consentState(told, purpose));
  }
  return states;
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
