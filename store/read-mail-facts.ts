import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import { scoringModelSchema } from '../domain/scoring/model.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** What a mail to a lead is filled with. */
export interface LeadMailFacts {
  readonly locale: string | null;
  /** The latest value of each attribute. */
  readonly attributes: Readonly<Record<string, Json>>;
}

export async function readLeadMailFacts(queryable: Queryable, leadId: string): Promise<LeadMailFacts> {
  const [lead] = await queryable.query<{ locale: string | null }>(
    sql`SELECT locale FROM lead WHERE id = ${leadId}::uuid`,
  );
  const attributes = await queryable.query<{ name: string; value: Json }>(sql`
    SELECT DISTINCT ON (name) name, value FROM attribute WHERE lead_id = ${leadId}::uuid ORDER BY name, at DESC, id DESC`);
  return {
    locale: lead?.locale ?? null,
    attributes: Object.fromEntries(attributes.map(({ name, value }) => [name, value])),
  };
}

/** What a mail to a representative is filled with, besides the lead's attributes. */
export interface HandoffMailFacts {
  readonly rep: { readonly key: string; readonly name: string; readonly email: string };
  readonly handoff: {
    readonly id: string;
    readonly offeredAt: Instant;
    readonly acceptBy: Instant | null;
    readonly points: number;
    readonly threshold: number;
  };
  readonly leadEmail: string | null;
  readonly points: readonly {
    readonly points: number;
    readonly rule: string;
    readonly interaction: string;
    readonly at: Instant;
  }[];
}

/** Null when the handoff or the representative has gone meanwhile. */
export async function readHandoffMailFacts(
  queryable: Queryable,
  handoffId: string,
  repKey: string,
): Promise<HandoffMailFacts | null> {
  const [row] = await queryable.query<{
    leadId: string;
    modelVersionId: number | null;
    key: string;
    name: string;
    email: string;
    offeredAt: Instant;
    acceptBy: Instant | null;
    points: number | null;
    threshold: number | null;
    leadEmail: string | null;
    model: unknown;
  }>(sql`
    SELECT handoff.lead_id AS "leadId", model_version_id AS "modelVersionId", rep.key, rep.name, rep.email, offered_at AS "offeredAt",
           accept_by AS "acceptBy", (trigger->>'points')::int AS points, (trigger->>'threshold')::int AS threshold,
           (SELECT value FROM identity WHERE identity.lead_id = handoff.lead_id AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1) AS "leadEmail",
           version.content AS model
    FROM handoff JOIN rep ON rep.key = ${repKey} LEFT JOIN definition_version AS version ON version.id = handoff.model_version_id
    WHERE handoff.id = ${handoffId}::uuid`);
  if (row === undefined) return null;
  const names = new Map(
    row.model === null ? [] : scoringModelSchema.parse(row.model).rules.map((rule) => [rule.id, rule.name ?? rule.id]),
  );
  const points = await queryable.query<HandoffMailFacts['points'][number]>(sql`
    SELECT score_ledger.points, rule, interaction.name AS interaction, score_ledger.occurred_at AS at
    FROM score_ledger JOIN interaction ON interaction.id = interaction_id
    WHERE score_ledger.lead_id = ${row.leadId}::uuid AND model_version_id = ${row.modelVersionId}::bigint AND superseded_at IS NULL
    ORDER BY score_ledger.occurred_at, score_ledger.id`);
  return {
    rep: { key: row.key, name: row.name, email: row.email },
    handoff: {
      id: handoffId,
      offeredAt: row.offeredAt,
      acceptBy: row.acceptBy,
      // Points fade: as people read them, with one decimal at most.
      points: Math.round((row.points ?? 0) * 10) / 10,
      threshold: row.threshold ?? 0,
    },
    leadEmail: row.leadEmail,
    points: points.map((point) => ({ ...point, rule: names.get(point.rule) ?? point.rule })),
  };
}
