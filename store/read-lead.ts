import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { LeadStage } from '../domain/journey/snapshot.ts';
import type { ScoringModel } from '../domain/scoring/model.ts';
import type { Database } from './database.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

export interface LeadProfile {
  readonly id: string;
  readonly stage: LeadStage;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly createdAt: Instant;
  readonly identities: readonly { readonly kind: string; readonly value: string; readonly linkedAt: Instant | null }[];
  /** The latest statement of each attribute, with who made it, when, and how sure it is. */
  readonly attributes: readonly {
    readonly name: string;
    readonly value: Json;
    readonly source: string;
    readonly at: Instant;
    readonly confidence: number;
  }[];
  readonly standings: readonly LeadStanding[];
}

export interface LeadStanding {
  readonly model: string;
  readonly modelVersion: number;
  readonly points: number;
  /** Without provisional points that nothing a person did has confirmed; the threshold is held against these. */
  readonly firmPoints: number;
  readonly threshold: number;
  readonly qualifiedSince: Instant | null;
  /** Every point in force, oldest first. */
  readonly explanation: readonly ExplainedAward[];
}

export interface ExplainedAward {
  readonly points: number;
  readonly rule: string;
  readonly ruleName: string;
  readonly provisional: boolean;
  readonly interaction: {
    readonly id: number;
    readonly source: string;
    readonly messageId: string;
    readonly kind: string;
    readonly name: string;
    readonly at: Instant;
  };
}

/** Everything known of a lead but its timeline. A merged lead's id gives the lead that lives on. Throws `not-found`. */
export async function readLead(database: Database, leadId: string): Promise<LeadProfile> {
  const id = await resolveLead(database, leadId);
  const [lead] = await database.query<Omit<LeadProfile, 'identities' | 'attributes' | 'standings'>>(sql`
    SELECT id, stage, locale, time_zone AS "timeZone", created_at AS "createdAt" FROM lead WHERE id = ${id}::uuid`);
  if (lead === undefined) throw new Error(`lead ${id} has gone`);
  const [identities, attributes, standings] = await Promise.all([
    database.query<LeadProfile['identities'][number]>(sql`
      SELECT kind, value, linked_at AS "linkedAt" FROM identity WHERE lead_id = ${id}::uuid ORDER BY kind, linked_at DESC, value`),
    database.query<LeadProfile['attributes'][number]>(sql`
      SELECT DISTINCT ON (name) name, value, source, at, confidence FROM attribute
      WHERE lead_id = ${id}::uuid ORDER BY name, at DESC, id DESC`),
    readStandings(database, id),
  ]);
  return { ...lead, identities, attributes, standings };
}

async function readStandings(database: Database, leadId: string): Promise<LeadStanding[]> {
  const standings = await database.query<
    Omit<LeadStanding, 'threshold' | 'explanation'> & { versionId: number; content: ScoringModel }
  >(sql`
    SELECT version.key AS model, version.version AS "modelVersion", version.id AS "versionId", version.content,
           standing.points, standing.firm_points AS "firmPoints", standing.qualified_since AS "qualifiedSince"
    FROM standing
    JOIN definition ON definition.kind = 'scoring_model' AND definition.live_version_id = standing.model_version_id
    JOIN definition_version AS version ON version.id = standing.model_version_id
    WHERE standing.lead_id = ${leadId}::uuid ORDER BY version.key`);
  const awards = await database.query<Omit<ExplainedAward, 'ruleName'> & { versionId: number }>(sql`
    SELECT model_version_id AS "versionId", score_ledger.points, score_ledger.rule, score_ledger.provisional,
           jsonb_build_object('id', interaction.id, 'source', interaction.source, 'messageId', interaction.message_id,
             'kind', interaction.kind, 'name', interaction.name,
             'at', (extract(epoch FROM interaction.occurred_at) * 1000)::bigint) AS interaction
    FROM score_ledger JOIN interaction ON interaction.id = score_ledger.interaction_id
    WHERE score_ledger.lead_id = ${leadId}::uuid AND superseded_at IS NULL
      AND model_version_id = ANY(${standings.map(({ versionId }) => versionId)}::bigint[])
    ORDER BY interaction.occurred_at, interaction.id, score_ledger.id`);
  return standings.map(({ versionId, content, ...standing }) => {
    const names = new Map(content.rules.map((rule) => [rule.id, rule.name ?? rule.id]));
    const explanation = awards
      .filter((award) => award.versionId === versionId)
      .map(({ points, rule, provisional, interaction }) => ({
        points,
        rule,
        ruleName: names.get(rule) ?? rule,
        provisional,
        interaction,
      }));
    return { ...standing, threshold: content.threshold, explanation };
  });
}
