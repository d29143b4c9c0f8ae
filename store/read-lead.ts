import { type ShownAttribute, showAttributes } from '../domain/attributes/shown.ts';
import type { Band, Grade } from '../domain/conditions/facts.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import { adjustmentName, BY_HAND } from '../domain/scoring/adjustment.ts';
import { cellName } from '../domain/scoring/cell.ts';
import type { ScoringModel } from '../domain/scoring/model.ts';
import type { Database } from './database.ts';
import { nameIn } from './read-account.ts';
import { readWeighedStatements } from './read-attributes.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

export interface LeadProfile {
  readonly id: string;
  readonly stage: LeadStage;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly createdAt: Instant;
  readonly identities: readonly { readonly kind: string; readonly value: string; readonly linkedAt: Instant | null }[];
  /** What is known of the person, by whom, and everything that was said; declared attributes also where unknown. */
  readonly attributes: readonly ShownAttribute[];
  /** The company that the person belongs to. */
  readonly account: AccountOfLead | null;
  readonly standings: readonly LeadStanding[];
}

export interface AccountOfLead {
  readonly id: string;
  readonly domain: string | null;
  readonly name: string | null;
  readonly attributes: readonly ShownAttribute[];
}

export interface LeadStanding {
  readonly model: string;
  readonly modelVersion: number;
  readonly points: number;
  /** Without provisional points that nothing a person did has confirmed; the threshold is held against these. */
  readonly firmPoints: number;
  readonly threshold: number | null;
  readonly grade: Grade | null;
  readonly band: Band | null;
  /** Such as A1; null where the model has neither grades nor bands. */
  readonly cell: string | null;
  /** These are as of the last interaction; `GET /api/leads/:id/score` computes them for any instant. */
  readonly at: Instant | null;
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

/**
 * Everything known of a lead but its timeline, as of `now`. A merged lead's id gives the lead that lives on. Throws
 * `not-found`, of an erased one too.
 */
export async function readLead(database: Database, leadId: string, now: Instant): Promise<LeadProfile> {
  const id = await resolveLead(database, leadId);
  const [row] = await database.query<LeadRow>(sql`
    SELECT lead.id, stage, locale, time_zone AS "timeZone", lead.created_at AS "createdAt", account_id AS "accountId", domain,
           erased_at IS NOT NULL AS erased
    FROM lead LEFT JOIN account ON account.id = lead.account_id WHERE lead.id = ${id}::uuid`);
  if (row === undefined) throw new Error(`lead ${id} has gone`);
  const { accountId, domain, erased, ...lead } = row;
  if (erased) throw new TendError('not-found', `The lead ${id} was erased.`);
  const [identities, weighed, standings] = await Promise.all([
    database.query<LeadProfile['identities'][number]>(sql`
      SELECT kind, value, linked_at AS "linkedAt" FROM identity WHERE lead_id = ${id}::uuid ORDER BY kind, linked_at DESC, value`),
    readWeighedStatements(database, { leadId: id, accountId }),
    readStandings(database, id),
  ]);
  const ofAccount = showAttributes(weighed, 'account', now);
  const account = accountId === null ? null : { id: accountId, domain, name: nameIn(ofAccount), attributes: ofAccount };
  return { ...lead, identities, attributes: showAttributes(weighed, 'lead', now), account, standings };
}

interface LeadRow extends Pick<LeadProfile, 'id' | 'stage' | 'locale' | 'timeZone' | 'createdAt'> {
  readonly accountId: string | null;
  readonly domain: string | null;
  readonly erased: boolean;
}

async function readStandings(database: Database, leadId: string): Promise<LeadStanding[]> {
  const standings = await database.query<
    Omit<LeadStanding, 'threshold' | 'cell' | 'explanation'> & { versionId: number; content: ScoringModel }
  >(sql`
    SELECT version.key AS model, version.version AS "modelVersion", version.id AS "versionId", version.content,
           standing.points, standing.firm_points AS "firmPoints", standing.qualified_since AS "qualifiedSince",
           standing.grade, standing.band, standing.standing_at AS at
    FROM standing
    JOIN definition ON definition.kind = 'scoring_model' AND definition.live_version_id = standing.model_version_id
    JOIN definition_version AS version ON version.id = standing.model_version_id
    WHERE standing.lead_id = ${leadId}::uuid ORDER BY version.key`);
  const awards = await database.query<
    Omit<ExplainedAward, 'ruleName'> & { versionId: number; reason: string | null }
  >(sql`
    SELECT model_version_id AS "versionId", score_ledger.points, score_ledger.rule, score_ledger.provisional,
           CASE WHEN score_ledger.rule = ${BY_HAND} THEN properties->>'reason' END AS reason,
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
      .map(({ points, rule, provisional, reason, interaction }) => ({
        points,
        rule,
        ruleName: reason === null ? (names.get(rule) ?? rule) : adjustmentName(reason),
        provisional,
        interaction,
      }));
    const cell = cellName(standing.grade, standing.band);
    return { ...standing, cell, threshold: content.threshold ?? null, explanation };
  });
}
