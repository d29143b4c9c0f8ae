import type { Instant } from '../domain/instant.ts';
import type { MachineKind } from '../domain/interaction/machine.ts';
import type { Queryable } from './database.ts';
import { at, sql } from './sql.ts';

/** An interaction that gives nothing, for a machine made it. */
export interface DiscountedInteraction {
  readonly id: number;
  readonly name: string;
  readonly at: Instant;
  readonly as: MachineKind;
  /** A reason of domain/tracking/judge-hits.ts, `by-hand`, or null: it was not noted. */
  readonly why: string | null;
}

/** At most so many are shown. */
const LIMIT = 50;

/** A lead's latest of that time, oldest first. */
export async function readDiscounted(
  queryable: Queryable,
  leadId: string,
  { from = 0, until }: { readonly from?: Instant; readonly until: Instant },
): Promise<DiscountedInteraction[]> {
  const rows = await queryable.query<DiscountedInteraction>(sql`
    SELECT id, name, occurred_at AS at, discounted_as AS "as", discounted_why AS why FROM interaction
    WHERE lead_id = ${leadId}::uuid AND discounted_at IS NOT NULL AND occurred_at BETWEEN ${at(from)} AND ${at(until)}
    ORDER BY occurred_at DESC, id DESC LIMIT ${LIMIT}::int`);
  return rows.reverse();
}
