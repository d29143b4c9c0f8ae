import type { Queryable } from './database.ts';
import { listSenderHealth, type SenderHealth } from './sender-health.ts';
import { sql } from './sql.ts';

/** How much waits, and for whom somebody should look. Each count is over a partial index, so it costs what it counts. */
export interface Figures {
  readonly leads: { readonly parked: number; readonly unplanned: number };
  readonly backlog: { readonly unassessed: number; readonly unlinked: number };
  readonly messages: Readonly<Record<string, number>>;
  /** Of what came back: waiting to be processed, and set aside for a person to look at. */
  readonly inbound: { readonly waiting: number; readonly setAside: number };
  /** Complaints per accepted mail of the last seven days, by sender, as far as they are enough to say. */
  readonly complaintRates: Readonly<Record<string, number>>;
  readonly senders: Readonly<Record<SenderHealth['state'], number>>;
  /** Domains that refuse our mail for now. */
  readonly refusingDomains: number;
  /** Of webhooks: waiting, claimed, held (for a disabled endpoint) and dead. */
  readonly webhooks: Readonly<Record<'waiting' | 'claimed' | 'held' | 'dead', number>>;
}

export async function readFigures(queryable: Queryable): Promise<Figures> {
  const [counts] = await queryable.query<{
    parked: number;
    unplanned: number;
    unassessed: number;
    unlinked: number;
  }>(sql`
    SELECT (SELECT count(*) FROM lead WHERE parked_at IS NOT NULL) AS parked,
           (SELECT count(*) FROM lead WHERE attention_rev <> planned_rev) AS unplanned,
           (SELECT count(*) FROM interaction WHERE assessed_at IS NULL AND lead_id IS NOT NULL) AS unassessed,
           (SELECT count(*) FROM interaction WHERE linked_at IS NULL AND (kind = 'identify' OR (kind = 'group' AND lead_id IS NOT NULL))) AS unlinked`);
  const messages = await queryable.query<{ state: string; count: number }>(sql`
    SELECT state, count(*) AS count FROM message WHERE state IN ('due', 'delayed', 'deferred', 'claimed', 'unknown') GROUP BY state`);
  const [webhooks] = await queryable.query<Figures['webhooks']>(sql`
    SELECT count(*) FILTER (WHERE state = 'waiting' AND disabled_at IS NULL) AS waiting, count(*) FILTER (WHERE state = 'claimed') AS claimed,
           count(*) FILTER (WHERE state = 'waiting' AND disabled_at IS NOT NULL) AS held,
           (SELECT count(*) FROM webhook_delivery WHERE state = 'dead') AS dead
    FROM webhook_delivery LEFT JOIN webhook_endpoint ON key = endpoint_key WHERE state IN ('waiting', 'claimed')`);
  const [returned] = await queryable.query<{ waiting: number; setAside: number; refusing: number }>(sql`
    SELECT (SELECT count(*) FROM inbound_mail WHERE processed_at IS NULL) AS waiting,
           (SELECT count(*) FROM inbound_mail WHERE outcome = 'set-aside') AS "setAside",
           (SELECT count(*) FROM receiving_domain WHERE opened_at IS NOT NULL) AS refusing`);
  const health = await listSenderHealth(queryable);
  const rates = health.flatMap(({ sender, complaintRate }) =>
    complaintRate === null ? [] : [[sender, complaintRate] as const],
  );
  const sendersWho = (state: SenderHealth['state']) => health.filter((sender) => sender.state === state).length;
  const { parked = 0, unplanned = 0, unassessed = 0, unlinked = 0 } = counts ?? {};
  return {
    leads: { parked, unplanned },
    backlog: { unassessed, unlinked },
    messages: Object.fromEntries(messages.map(({ state, count }) => [state, count])),
    inbound: { waiting: returned?.waiting ?? 0, setAside: returned?.setAside ?? 0 },
    complaintRates: Object.fromEntries(rates),
    senders: { well: sendersWho('well'), warned: sendersWho('warned'), paused: sendersWho('paused') },
    refusingDomains: returned?.refusing ?? 0,
    webhooks: webhooks ?? { waiting: 0, claimed: 0, held: 0, dead: 0 },
  };
}
