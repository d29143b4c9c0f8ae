import { nothingKnown } from '../domain/attributes/history.ts';
import { type Calendar, calendarOf } from '../domain/calendar/calendar.ts';
import { residenceOf } from '../domain/calendar/residence.ts';
import type { Condition } from '../domain/conditions/condition.ts';
import { isTrue } from '../domain/conditions/evaluate.ts';
import type { Facts } from '../domain/conditions/facts.ts';
import { eventsIn, scoresIn } from '../domain/conditions/leaves.ts';
import type { Instant } from '../domain/instant.ts';
import { compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import { factsOf, standingsInForce } from '../domain/journey/present-standings.ts';
import type { Mailing } from '../domain/mailing/mailing.ts';
import type { Transaction } from './database.ts';
import { type LiveDefinitions, loadLiveDefinitions } from './load-live-definitions.ts';
import { readStandings } from './read-assessment.ts';
import { type LeadOfHistory, readAttributeHistories } from './read-attribute-histories.ts';
import { at, sql } from './sql.ts';

/** A lead, as far as selecting asks. */
export interface Candidate extends LeadOfHistory {
  readonly timeZone: string | null;
}

export interface LeadInAudience {
  readonly id: string;
  /** By whose clock it lives, as far as is known. */
  readonly calendar: Calendar;
}

/** Of `leads`, those in the stages and the audience of `mailing` at `now`: as recorded, in a few queries for all of them. */
export async function selectAudience(
  transaction: Transaction,
  mailing: Pick<Mailing, 'stages' | 'audience'>,
  leads: readonly Candidate[],
  now: Instant,
): Promise<LeadInAudience[]> {
  const { stages, audience } = mailing;
  const inStage = leads.filter(({ stage }) => stage !== 'disqualified' && stages.includes(stage));
  const live = await loadLiveDefinitions(transaction);
  const attributes = await readAttributeHistories(transaction, inStage);
  const knownOf = ({ id }: Candidate) => attributes.get(id) ?? nothingKnown;
  const factsOfLead = audience === undefined ? null : await readFacts(transaction, audience, inStage, live, now);
  const { timeZone, country, region } = live.pacing;
  const installation = { timeZone, country: country ?? null, region: region ?? null };
  return inStage
    .filter(
      (lead) => audience === undefined || factsOfLead === null || isTrue(audience, factsOfLead(lead, knownOf(lead))),
    )
    .map((lead) => ({
      id: lead.id,
      calendar: calendarOf(residenceOf(lead.timeZone, knownOf(lead).factsAt(now).lead), installation),
    }));
}

type FactsOf = (lead: Candidate, known: typeof nothingKnown) => Facts;

/** Only what `condition` asks for is read. */
async function readFacts(
  transaction: Transaction,
  condition: Condition,
  leads: readonly Candidate[],
  { models }: LiveDefinitions,
  now: Instant,
): Promise<FactsOf> {
  const ids = leads.map(({ id }) => id);
  const asked = new Set(scoresIn(condition).map(({ score }) => score));
  const askedModels = models.filter(({ definition }) => asked.has(definition.key));
  const standings = await readStandings(
    transaction,
    ids,
    askedModels.map(({ versionId }) => versionId),
  );
  const events = await readEvents(transaction, condition, ids, now);
  return ({ id }, known) => {
    const folded = (versionId: number) => standings.get(`${id} ${versionId}`);
    const { underModels } = standingsInForce(askedModels, folded, known, now);
    return factsOf(known, events.get(id) ?? [], underModels, now);
  };
}

async function readEvents(
  transaction: Transaction,
  condition: Condition,
  leadIds: readonly string[],
  now: Instant,
): Promise<Map<string, Interaction[]>> {
  const matches = eventsIn(condition);
  if (matches.length === 0) return new Map();
  const names = matches.flatMap(({ event }) => event ?? []);
  const kinds = matches.flatMap(({ event, kind }) => (event === undefined && kind !== undefined ? [kind] : []));
  const rows = await transaction.query<Interaction & { readonly leadId: string }>(sql`
    SELECT id, lead_id AS "leadId", source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt" FROM interaction
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND assessed_at IS NOT NULL AND discounted_at IS NULL AND occurred_at <= ${at(now)}
      AND (name = ANY(${names}::text[]) OR kind = ANY(${kinds}::text[]))`);
  const byLead = new Map<string, Interaction[]>();
  for (const row of rows.sort(compareFoldOrder)) {
    const list = byLead.get(row.leadId);
    if (list === undefined) byLead.set(row.leadId, [row]);
    else list.push(row);
  }
  return byLead;
}
