import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { discountInteraction } from '../../store/discount-interaction.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 20,
  rules: [
    { id: 'branch', on: { event: 'Branch Searched' }, points: 20, limit: { per: 'lead' } },
    { id: 'quote', on: { event: 'Quote Asked' }, points: 25, validFor: { days: 5 }, limit: { per: 'day' } },
    { id: 'careers', on: { event: 'Careers Read' }, points: -10, validFor: { days: 10 }, limit: { per: 'day' } },
    { id: 'click', on: { kind: 'tend', event: 'Email Link Clicked' }, points: 20 },
  ],
};

describe('standings change by time alone', () => {
  let database: Database;
  const clock = testClock(NOON);
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [], templates: [] });
  });
  afterAll(async () => database.close());

  const handoffsOf = (leadId: string) =>
    database.query<{ offeredAt: Instant; qualifiedSince: number }>(sql`
      SELECT offered_at AS "offeredAt", (trigger->>'qualifiedSince')::bigint AS "qualifiedSince" FROM handoff WHERE lead_id = ${leadId}::uuid ORDER BY offered_at`);

  it('a lead comes to qualify when what was taken off expires: the journey wakes at that millisecond and offers it', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    await interact(
      database,
      { email: lead.email, event: 'Careers Read', at: NOON },
      { email: lead.email, event: 'Branch Searched', at: NOON },
    );
    await assessAll(database, clock);
    const commands = await runJourney(database, clock, lead.id);
    expect(commands).toMatchObject({ closed: false, nextLookAt: NOON + 10 * DAY, handoff: null });
    expect(await handoffsOf(lead.id)).toEqual([]);
    clock.set(NOON + 10 * DAY);
    await runJourney(database, clock, lead.id);
    expect(await handoffsOf(lead.id)).toEqual([{ offeredAt: NOON + 10 * DAY, qualifiedSince: NOON + 10 * DAY }]);
  });

  it('who has fallen back by the time of the plan is not offered, and is offered when it qualifies anew', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    // Told of a quote that has expired meanwhile.
    await interact(database, { email: lead.email, event: 'Quote Asked', at: NOON - 6 * DAY });
    await assessAll(database, clock);
    await runJourney(database, clock, lead.id);
    expect(await handoffsOf(lead.id)).toEqual([]);
    await interact(database, { email: lead.email, event: 'Quote Asked', at: NOON });
    await assessAll(database, clock);
    expect(await runJourney(database, clock, lead.id)).toMatchObject({ nextLookAt: NOON + 5 * DAY });
    expect(await handoffsOf(lead.id)).toHaveLength(1);
  });

  it('news that makes the cell change earlier than the journey means to look raises attention', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    await interact(database, { email: lead.email, event: 'Branch Searched', at: NOON });
    await assessAll(database, clock);
    expect(await runJourney(database, clock, lead.id)).toMatchObject({ nextLookAt: null });
    clock.set(NOON + HOUR);
    await interact(database, { email: lead.email, event: 'Careers Read', at: NOON + HOUR });
    await assessAll(database, clock);
    const raised = await database.query(
      sql`SELECT FROM lead WHERE id = ${lead.id}::uuid AND attention_rev <> planned_rev`,
    );
    expect(raised).toHaveLength(1);
    expect(await runJourney(database, clock, lead.id)).toMatchObject({ nextLookAt: NOON + HOUR + 10 * DAY });
  });

  it("a click that turns out to be a scanner's gives nothing, from the start; its ledger row is superseded", async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    await interact(database, { email: lead.email, event: 'Email Link Clicked', at: NOON, kind: 'tend' });
    await interact(database, { email: lead.email, event: 'Page Seen', at: NOON + HOUR });
    clock.set(NOON + HOUR);
    await assessAll(database, clock);
    const points = async () => {
      const [row] = await database.query<{
        points: number;
        firm: number;
        qualified: boolean;
        interactions: number;
      }>(sql`
        SELECT points, firm_points AS firm, qualified, interactions FROM standing WHERE lead_id = ${lead.id}::uuid`);
      return row;
    };
    expect(await points()).toEqual({ points: 20, firm: 20, qualified: true, interactions: 2 });
    const [click] = await database.query<{ id: number }>(sql`
      SELECT id FROM interaction WHERE lead_id = ${lead.id}::uuid AND kind = 'tend'`);
    const interactionId = click?.id ?? 0;
    await discountInteraction(database, { interactionId, as: 'scanner', actor: tester, now: clock.now() });
    await assessAll(database, clock);
    expect(await points()).toEqual({ points: 0, firm: 0, qualified: false, interactions: 1 });
    const ledger = await database.query(sql`
      SELECT FROM score_ledger WHERE lead_id = ${lead.id}::uuid AND superseded_at IS NULL`);
    expect(ledger).toEqual([]);
    // A person after all.
    await discountInteraction(database, { interactionId, as: null, actor: tester, now: clock.now() });
    await assessAll(database, clock);
    expect(await points()).toEqual({ points: 20, firm: 20, qualified: true, interactions: 2 });
  });
});
