import { TendError } from '../domain/errors.ts';
import type { HandoffOutcome } from '../domain/handoff/outcome.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Queryable } from './database.ts';
import { assertId } from './resolve-lead.ts';
import { sql } from './sql.ts';

export type HandoffState = 'offered' | 'accepted' | 'closed';

export interface HandoffView {
  readonly id: string;
  readonly leadId: string;
  readonly state: HandoffState;
  readonly outcome: HandoffOutcome | null;
  readonly outcomeReason: string | null;
  /** Whose it is; while it is only offered, who was asked. */
  readonly owner: { readonly key: string; readonly name: string } | null;
  /** How many were asked so far. */
  readonly round: number;
  readonly offeredAt: Instant;
  readonly acceptBy: Instant | null;
  readonly escalatedAt: Instant | null;
  readonly acceptedAt: Instant | null;
  readonly closedAt: Instant | null;
  /**
   * What made it: a model (`modelKey`, with points and threshold), or a step (`sequence`, `step`, `reason`, and where the
   * lead stands best); mails claimed before that may still leave.
   */
  readonly trigger: Json;
}

/** Handoffs, newest first. */
export async function listHandoffs(
  queryable: Queryable,
  filter: { readonly state?: HandoffState | undefined; readonly leadId?: string | undefined; readonly limit: number },
): Promise<HandoffView[]> {
  return read(queryable, { id: null, state: filter.state ?? null, leadId: filter.leadId ?? null, limit: filter.limit });
}

/** One handoff. Throws `not-found`. */
export async function readHandoff(queryable: Queryable, id: string): Promise<HandoffView> {
  assertId('handoff', id);
  const [handoff] = await read(queryable, { id, state: null, leadId: null, limit: 1 });
  if (handoff === undefined) throw new TendError('not-found', `There is no handoff ${id}.`);
  return handoff;
}

interface Filter {
  readonly id: string | null;
  readonly state: string | null;
  readonly leadId: string | null;
  readonly limit: number;
}

async function read(queryable: Queryable, { id, state, leadId, limit }: Filter): Promise<HandoffView[]> {
  return queryable.query<HandoffView>(sql`
    SELECT handoff.id, lead_id AS "leadId", state, outcome, outcome_reason AS "outcomeReason",
           CASE WHEN rep.key IS NULL THEN NULL ELSE jsonb_build_object('key', rep.key, 'name', rep.name) END AS owner,
           round, offered_at AS "offeredAt", accept_by AS "acceptBy", escalated_at AS "escalatedAt", accepted_at AS "acceptedAt",
           closed_at AS "closedAt", trigger
    FROM handoff LEFT JOIN rep ON rep.key = handoff.owner_key
    WHERE (${id}::uuid IS NULL OR handoff.id = ${id}::uuid) AND (${state}::text IS NULL OR state = ${state}::text)
      AND (${leadId}::uuid IS NULL OR lead_id = ${leadId}::uuid)
    ORDER BY offered_at DESC, handoff.id DESC LIMIT ${limit}::int`);
}
