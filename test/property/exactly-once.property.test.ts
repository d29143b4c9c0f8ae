import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../domain/instant.ts';
import { compareFoldOrder, type Interaction } from '../../domain/interaction/interaction.ts';
import { foldAll } from '../../domain/scoring/fold.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { assessLeads } from '../../store/assess-leads.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, type TestEvent } from '../support/company.ts';
import { createTestDatabase, TEST_HASH_KEY } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';

const MONDAY = Date.UTC(2026, 5, 1, 10);
const LEADS = 12;
const model = scoringModelSchema.parse({
  key: 'm',
  name: 'M',
  timeZone: 'Europe/Berlin',
  threshold: 30,
  rules: [
    { id: 'a', on: { event: 'A' }, points: 3, limit: { per: 'lead' } },
    { id: 'b', on: { event: 'B' }, points: 5, limit: { per: 'day' }, group: 'g' },
    { id: 'c', on: { event: 'C' }, points: -4, validFor: { hours: 30 }, limit: { times: 99, per: 'day' } },
    { id: 'd', on: { event: 'D' }, points: 7, limit: { times: 2, per: 'day' }, group: 'g' },
    { id: 'lasting', on: { event: 'D' }, points: 6, recurring: { times: 2, of: 'days', within: { days: 3 } } },
    { id: 'rolling', on: { event: 'A' }, points: 2, limit: { times: 2, within: { hours: 20 } } },
    { id: 'silence', silence: { after: { hours: 12 }, times: 2 }, points: -1 },
  ],
  groups: [{ id: 'g', atMost: 25, halfLife: { hours: 40 } }],
});

/**
 * Invariants 4 and 6: what is taken in is scored exactly once and the standing is the fold of the ledger, whatever the
 * order of arrival, however often a message comes, and with several assessors and senders at work at once.
 */
describe(`every interaction is scored exactly once (seed ${SEED})`, () => {
  let database: Database;
  let second: Database;
  const clock = testClock(MONDAY + 30 * 24 * HOUR);
  beforeAll(async () => {
    database = await createTestDatabase();
    second = openDatabase({ url: database.url, hashKey: TEST_HASH_KEY, poolSize: 4 });
    await foundCompany(database, { now: MONDAY, model, sequences: [], templates: [] });
  });
  afterAll(async () => {
    await second.close();
    await database.close();
  });

  it(`over ${20 * SCALE} rounds of ${LEADS} leads with random histories, orders, duplicates and assessors`, {
    timeout: 60_000 * SCALE,
  }, async () => {
    const random = randomFrom(SEED);
    for (let round = 0; round < 20 * SCALE; round += 1) await playRound(random, round);
  });

  async function playRound(random: ReturnType<typeof randomFrom>, round: number): Promise<void> {
    const leads = await Promise.all(Array.from({ length: LEADS }, () => addLead(database, { now: MONDAY })));
    const events = leads.flatMap(({ email }) =>
      Array.from(
        { length: random.below(25) },
        (): TestEvent => ({
          email,
          event: random.pick(['A', 'B', 'C', 'D', 'E']),
          at: MONDAY + random.below(72) * HOUR,
          messageId: `${round}-${email}-${random.below(1_000_000)}`,
        }),
      ),
    );
    // Every fourth comes twice; the order of arrival has nothing to do with the order of events.
    const arriving = [...events, ...events.filter(() => random.below(4) === 0)];
    for (let i = arriving.length - 1; i > 0; i -= 1) {
      const j = random.below(i + 1);
      [arriving[i], arriving[j]] = [arriving[j]!, arriving[i]!];
    }
    let sending = true;
    const send = async (list: readonly TestEvent[]) => {
      for (let i = 0; i < list.length; ) {
        const size = 1 + random.below(9);
        await interact(database, ...list.slice(i, i + size));
        i += size;
      }
    };
    const assess = async (on: Database) => {
      while (sending) await assessLeads(on, clock, 1 + random.below(30));
    };
    const half = Math.floor(arriving.length / 2);
    const assessors = [assess(database), assess(second)];
    await Promise.all([send(arriving.slice(0, half)), send(arriving.slice(half))]);
    sending = false;
    await Promise.all(assessors);
    await assessAll(database, clock);
    for (const lead of leads)
      await checkLead(
        lead.id,
        events.filter(({ email }) => email === lead.email),
      );
  }

  async function checkLead(leadId: string, events: readonly TestEvent[]): Promise<void> {
    const stored = await database.query<Interaction & { assessed: boolean }>(sql`
      SELECT id, source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt", assessed_at IS NOT NULL AS assessed
      FROM interaction WHERE lead_id = ${leadId}::uuid`);
    const sent = new Map(events.map((event) => [event.messageId, event]));
    expect(stored.map(({ messageId }) => messageId).sort()).toEqual([...sent.keys()].sort());
    const [lead] = await database.query<{ parkedError: string | null }>(
      sql`SELECT parked_error AS "parkedError" FROM lead WHERE id = ${leadId}::uuid`,
    );
    expect(lead?.parkedError).toBeNull();
    expect(stored.every(({ assessed }) => assessed)).toBe(true);
    const expected = foldAll(model, [...stored].sort(compareFoldOrder));
    const ledger = await database.query<{
      interactionId: number;
      rule: string;
      points: number;
      occurredAt: number;
    }>(sql`
      SELECT interaction_id AS "interactionId", rule, points, occurred_at AS "occurredAt" FROM score_ledger WHERE lead_id = ${leadId}::uuid AND superseded_at IS NULL`);
    const key = (row: { interactionId: number; rule: string; points: number; occurredAt: number }) =>
      `${row.interactionId} ${row.rule} ${row.points} ${row.occurredAt}`;
    expect(ledger.map(key).sort()).toEqual(expected.awards.map(key).sort());
    const [standing] = await database.query<{
      points: number;
      firmPoints: number;
      qualifiedSince: number | null;
      interactions: number;
    }>(sql`
      SELECT points, firm_points AS "firmPoints", qualified_since AS "qualifiedSince", interactions FROM standing WHERE lead_id = ${leadId}::uuid`);
    if (stored.length === 0) return;
    const { points, firmPoints, qualifiedSince, interactions } = expected.standing;
    expect(standing).toEqual({ points, firmPoints, qualifiedSince, interactions });
  }
});
