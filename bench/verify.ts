import { DAY, type Instant } from '../domain/instant.ts';
import type { Database } from '../store/database.ts';
import { sql } from '../store/sql.ts';
import { type BenchLead, CROSSING_POINTS, PAGE_POINTS, PAGES_PER_DAY, STEP_POINTS, stepId } from './company.ts';
import type { BenchEvent } from './mixes.ts';

interface State {
  readonly interactions: number;
  readonly points: number;
  readonly step: string;
  readonly handoffs: number;
}

/**
 * Holds every lead against what its events must have made of it: interactions counted, points with their daily limit,
 * the step its enrolment stands on, and whether sales has it. A fast run that lost or doubled something is none.
 */
export async function verifyLeads(
  database: Database,
  leads: readonly BenchLead[],
  events: readonly BenchEvent[],
  occurred: (index: number) => Instant,
): Promise<void> {
  const expected = leads.map(() => ({
    interactions: 0,
    points: 0,
    steps: 0,
    handoffs: 0,
    pagesByDay: new Map<number, number>(),
  }));
  events.forEach((event, index) => {
    const lead = expected[event.lead];
    if (lead === undefined) throw new Error(`the mix has an event of lead ${event.lead}, who is not there`);
    lead.interactions += 1;
    switch (event.kind) {
      case 'page': {
        const day = Math.floor(occurred(index) / DAY);
        const pages = (lead.pagesByDay.get(day) ?? 0) + 1;
        lead.pagesByDay.set(day, pages);
        if (pages <= PAGES_PER_DAY) lead.points += PAGE_POINTS;
        break;
      }
      case 'step':
        lead.steps += 1;
        lead.points += STEP_POINTS;
        break;
      case 'crossing':
        lead.handoffs = 1;
        lead.points += CROSSING_POINTS;
        break;
    }
  });
  const found = await readStates(database, leads);
  const wrong = leads.flatMap(({ id, userId }, index) => {
    const want = expected[index];
    const have = found.get(id);
    if (want === undefined) return [];
    const { interactions, points, handoffs, steps } = want;
    const state: State = { interactions, points, step: stepId(steps + 1), handoffs };
    const same =
      have !== undefined &&
      have.interactions === interactions &&
      have.points === points &&
      have.step === state.step &&
      have.handoffs === handoffs;
    return same ? [] : [`${userId}: expected ${JSON.stringify(state)}, found ${JSON.stringify(have)}`];
  });
  if (wrong.length > 0) throw new Error(`${wrong.length} leads stand wrong, such as ${wrong.slice(0, 3).join('; ')}`);
}

async function readStates(database: Database, leads: readonly BenchLead[]): Promise<ReadonlyMap<string, State>> {
  const rows = await database.query<State & { readonly id: string }>(sql`
    SELECT lead.id, coalesce(interactions, 0) AS interactions, coalesce(points, 0) AS points, enrolment.step_id AS step,
           (SELECT count(*) FROM handoff WHERE handoff.lead_id = lead.id) AS handoffs
    FROM lead LEFT JOIN standing ON standing.lead_id = lead.id LEFT JOIN enrolment ON enrolment.lead_id = lead.id
    WHERE lead.id = ANY(${leads.map(({ id }) => id)}::uuid[])`);
  return new Map(rows.map(({ id, ...state }) => [id, state]));
}
