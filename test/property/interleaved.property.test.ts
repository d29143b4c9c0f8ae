import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../domain/instant.ts';
import { compareFoldOrder, type Interaction } from '../../domain/interaction/interaction.ts';
import { foldAll } from '../../domain/scoring/fold.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { assessLeads } from '../../store/assess-leads.ts';
import type { Database } from '../../store/database.ts';
import { planLead } from '../../store/plan-lead.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, type TestEvent, type TestLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { type Actor, createInterleaver, type Interleaver } from '../support/interleave.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const CASES = 2_000 * SCALE;
const model = scoringModelSchema.parse({
  key: 'm',
  name: 'M',
  timeZone: 'Europe/Berlin',
  threshold: 12,
  rules: [
    { id: 'view', on: { event: 'Viewed' }, points: 5, limit: { per: 'day' } },
    { id: 'ask', on: { event: 'Asked' }, points: 4 },
  ],
});
const sequence = {
  key: 's',
  name: 'S',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [
    { id: 'ask', kind: 'waitFor', event: { event: 'Asked' }, timeout: { days: 9 } },
    { id: 'again', kind: 'waitFor', event: { event: 'Asked' }, timeout: { days: 9 } },
    { id: 'rest', kind: 'wait', for: { days: 9 } },
  ],
};

/**
 * Invariants 4, 6 and 7 with a barrier before every statement: two senders (duplicates and late events among theirs), two
 * assessors and a plan take turns in random order. Afterwards everything is scored exactly once, the standing is the
 * fold of the ledger, and where no attention is left a plan finds nothing to do.
 */
describe(`interleaved statement by statement (seed ${SEED})`, () => {
  let database: Database;
  let interleaver: Interleaver;
  const clock = testClock(NOON + 24 * HOUR);
  beforeAll(async () => {
    database = await createTestDatabase();
    interleaver = createInterleaver(database.url, 5);
    await foundCompany(database, { now: NOON, model, sequences: [sequence], templates: [] });
  });
  afterAll(async () => {
    await interleaver.close();
    await database.close();
  });

  it(`ingest, assess and plan agree in ${CASES} interleavings`, { timeout: 400_000 * SCALE }, async () => {
    const random = randomFrom(SEED);
    let withNews = 0;
    for (let i = 0; i < CASES; i += 1) {
      const lead = await addLead(database, { now: NOON });
      const event = (): TestEvent => ({
        email: lead.email,
        event: random.pick(['Signed Up', 'Viewed', 'Viewed', 'Asked', 'Noise']),
        at: NOON + random.below(40) * (HOUR / 2),
        messageId: `${i}-${random.below(6)}`,
      });
      await interact(database, event());
      const send: Actor = { name: 'send', run: async (on) => void (await interact(on, event(), event())) };
      const assess: Actor = { name: 'assess', run: async (on) => void (await assessLeads(on, clock)) };
      const plan: Actor = { name: 'plan', run: (on) => planned(on, lead) };
      await interleaver.run([send, send, assess, assess, plan], (ready) => random.below(ready));
      await assessAll(database, clock);
      await checkScores(lead);
      if (await checkAttention(lead)) withNews += 1;
    }
    // Both answers occurred, or nothing was tested.
    expect(withNews).toBeGreaterThan(CASES / 20);
    expect(withNews).toBeLessThan(CASES);
  });

  async function planned(on: Database, lead: TestLead): Promise<void> {
    await planLead(on, clock, lead.id, { notBefore: 0, messageIdDomain: 'x' });
  }

  async function checkScores(lead: TestLead): Promise<void> {
    const stored = await database.query<Interaction & { assessed: boolean }>(sql`
      SELECT id, source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt", assessed_at IS NOT NULL AS assessed
      FROM interaction WHERE lead_id = ${lead.id}::uuid`);
    expect(stored.every(({ assessed }) => assessed)).toBe(true);
    const { standing, awards } = foldAll(model, [...stored].sort(compareFoldOrder));
    const ledger = await database.query<{ points: number }>(sql`
      SELECT points FROM score_ledger WHERE lead_id = ${lead.id}::uuid AND superseded_at IS NULL`);
    expect(ledger).toHaveLength(awards.length);
    const rows = await database.query<{ points: number; qualifiedSince: number | null; interactions: number }>(sql`
      SELECT points, qualified_since AS "qualifiedSince", interactions FROM standing WHERE lead_id = ${lead.id}::uuid`);
    const { points, qualifiedSince, interactions } = standing;
    expect(rows).toEqual([{ points, qualifiedSince, interactions }]);
  }

  /** True when attention is left. Where none is, a plan changes nothing: no wake-up was missed. */
  async function checkAttention(lead: TestLead): Promise<boolean> {
    const [row] = await database.query<{ raised: boolean }>(sql`
      SELECT attention_rev <> planned_rev AS raised FROM lead WHERE id = ${lead.id}::uuid`);
    if (row?.raised) return true;
    const before = await journeyOf(lead);
    await planned(database, lead);
    expect(await journeyOf(lead)).toEqual(before);
    return false;
  }

  async function journeyOf(lead: TestLead) {
    return {
      enrolments: await database.query<object>(sql`
        SELECT step_id, step_entered_at, step_entered_by, state, awaits FROM enrolment WHERE lead_id = ${lead.id}::uuid`),
      handoffs: await database.query<object>(sql`SELECT id, state FROM handoff WHERE lead_id = ${lead.id}::uuid`),
      nextLook: await database.query<object>(sql`SELECT next_look_at FROM lead WHERE id = ${lead.id}::uuid`),
    };
  }
});
