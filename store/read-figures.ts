import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** How much waits, and for whom somebody should look. Each count is over a partial index, so it costs what it counts. */
export interface Figures {
  readonly leads: { readonly parked: number; readonly unplanned: number };
  readonly backlog: { readonly unassessed: number; readonly unlinked: number };
  readonly messages: Readonly<Record<string, number>>;
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
  const { parked = 0, unplanned = 0, unassessed = 0, unlinked = 0 } = counts ?? {};
  return {
    leads: { parked, unplanned },
    backlog: { unassessed, unlinked },
    messages: Object.fromEntries(messages.map(({ state, count }) => [state, count])),
    webhooks: webhooks ?? { waiting: 0, claimed: 0, held: 0, dead: 0 },
  };
}
