import { resolveAt } from '../domain/attributes/resolve.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import { adjustmentName, BY_HAND } from '../domain/scoring/adjustment.ts';
import { storedModel } from '../domain/scoring/model.ts';
import type { Queryable } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { readWeighedStatements } from './read-attributes.ts';
import { sql } from './sql.ts';
import { trackingAllowed } from './tracking-allowed.ts';

/** What a mail to a lead is filled with. */
export interface LeadMailFacts {
  readonly locale: string | null;
  readonly attributes: Readonly<Record<string, Json>>;
  /** This person agreed to have opens and clicks recorded. */
  readonly tracking: boolean;
}

/** As of `now`: of conflicting statements the one that counts by the order of their sources. */
export async function readLeadMailFacts(queryable: Queryable, leadId: string, now: Instant): Promise<LeadMailFacts> {
  const [lead] = await queryable.query<{ locale: string | null; accountId: string | null }>(
    sql`SELECT locale, account_id AS "accountId" FROM lead WHERE id = ${leadId}::uuid`,
  );
  const weighed = await readWeighedStatements(queryable, { leadId, accountId: lead?.accountId ?? null });
  const known = resolveAt(weighed, now);
  const attributes: Record<string, Json> = {};
  for (const name of weighed.lead.keys()) {
    const value = known.lead(name)?.value;
    if (value !== undefined) attributes[name] = value;
  }
  const { consent } = await loadLiveDefinitions(queryable);
  const tracking = await trackingAllowed(queryable, leadId, consent);
  return { locale: lead?.locale ?? null, attributes, tracking };
}

/** What colleagues call the attributes of a lead, by name: the label of each that has one. */
export async function readAttributeLabels(queryable: Queryable): Promise<Readonly<Record<string, string>>> {
  const { lead } = await loadVocabulary(queryable);
  return Object.fromEntries(
    [...lead.values()].flatMap(({ name, label }) => (label === undefined ? [] : [[name, label]])),
  );
}

/** What a mail to a representative is filled with, besides the lead's attributes. */
export interface HandoffMailFacts {
  readonly rep: { readonly key: string; readonly name: string; readonly email: string };
  readonly handoff: {
    readonly id: string;
    readonly offeredAt: Instant;
    readonly acceptBy: Instant | null;
    readonly points: number;
    /** Null where cells decide. */
    readonly threshold: number | null;
    /** Such as A1; null where points alone decide. */
    readonly cell: string | null;
    /** The name of the sequence whose step offers the lead; null where its score does. */
    readonly sequence: string | null;
    readonly reason: string | null;
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
    cell: string | null;
    sequence: string | null;
    reason: string | null;
    leadEmail: string | null;
    model: unknown;
  }>(sql`
    SELECT handoff.lead_id AS "leadId", model_version_id AS "modelVersionId", rep.key, rep.name, rep.email, offered_at AS "offeredAt",
           accept_by AS "acceptBy", (trigger->>'points')::float8 AS points, (trigger->>'threshold')::float8 AS threshold, trigger->>'cell' AS cell,
           trigger->>'reason' AS reason, coalesce(sequence.content->>'name', trigger->>'sequence') AS sequence,
           (SELECT value FROM identity WHERE identity.lead_id = handoff.lead_id AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1) AS "leadEmail",
           version.content AS model
    FROM handoff JOIN rep ON rep.key = ${repKey} LEFT JOIN definition_version AS version ON version.id = handoff.model_version_id
         LEFT JOIN definition ON definition.kind = 'sequence' AND definition.key = trigger->>'sequence'
         LEFT JOIN definition_version AS sequence ON sequence.id = definition.live_version_id
    WHERE handoff.id = ${handoffId}::uuid`);
  if (row === undefined) return null;
  const names = new Map(
    row.model === null ? [] : storedModel(row.model).rules.map((rule) => [rule.id, rule.name ?? rule.id]),
  );
  const points = await queryable.query<HandoffMailFacts['points'][number] & { reason: string | null }>(sql`
    SELECT score_ledger.points, rule, interaction.name AS interaction, score_ledger.occurred_at AS at,
           CASE WHEN rule = ${BY_HAND} THEN properties->>'reason' END AS reason
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
      threshold: row.threshold,
      cell: row.cell,
      sequence: row.sequence,
      reason: row.reason,
    },
    leadEmail: row.leadEmail,
    points: points.map(({ reason, ...point }) => ({
      ...point,
      rule: reason === null ? (names.get(point.rule) ?? point.rule) : adjustmentName(reason),
    })),
  };
}
