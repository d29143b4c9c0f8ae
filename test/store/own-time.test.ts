import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, type Instant, MINUTE } from '../../domain/instant.ts';
import { adjustScore } from '../../store/adjust-score.ts';
import { createTestLead } from '../../store/create-test-lead.ts';
import type { Database } from '../../store/database.ts';
import { enrolLead } from '../../store/enrol-lead.ts';
import { recordAnswer } from '../../store/record-answer.ts';
import { recordLeadAttributes } from '../../store/record-attributes.ts';
import { sql } from '../../store/sql.ts';
import { walkLead } from '../../store/walk-lead.ts';
import { foundCompany, interact, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const sequence = {
  key: 'slow',
  name: 'Slow',
  purpose: 'newsletter',
  steps: [
    { id: 'long', kind: 'wait', for: { days: 5 } },
    { id: 'note', kind: 'update', set: { seen: true } },
    { id: 'rest', kind: 'wait', for: { days: 300 } },
  ],
};
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'UTC',
  threshold: 1000,
  rules: [{ id: 'asked', on: { event: 'Asked' }, points: 10 }],
};

/** A test lead is five days ahead: what is recorded of it happened then, and nothing is moved there twice. */
describe('what is recorded of a test lead', () => {
  let database: Database;
  const clock = testClock(NOON);
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [sequence], templates: [] });
  });
  afterAll(async () => database.close());

  let made = 0;
  async function fiveDaysAhead() {
    clock.set(NOON);
    made += 1;
    const email = `me+${made}@company.example`;
    const input = { email, locale: null, timeZone: null, attributes: {}, purposes: ['newsletter'], actor: tester };
    const { id } = await createTestLead(database, { ...input, now: NOON });
    await enrolLead(database, { leadId: id, sequence: 'slow', actor: tester, now: NOON });
    await assessAll(database, clock);
    await runJourney(database, clock, id);
    await walkLead(database, clock, { leadId: id, outcome: null, actor: tester });
    await runJourney(database, clock, id);
    return { id, email };
  }
  /** After two rounds of the assessor, by name. */
  async function occurred(leadId: string, name: string): Promise<Instant[]> {
    await assessAll(database, clock);
    await assessAll(database, clock);
    const rows = await database.query<{ at: Instant }>(sql`
      SELECT occurred_at AS at FROM interaction WHERE lead_id = ${leadId}::uuid AND name = ${name} ORDER BY id`);
    return rows.map(({ at }) => at);
  }
  const saidAt = async (leadId: string, name: string) =>
    (
      await database.query<{ at: Instant }>(
        sql`SELECT at FROM attribute WHERE lead_id = ${leadId}::uuid AND name = ${name}`,
      )
    ).map(({ at }) => at);
  const THEN = NOON + 5 * DAY;

  it('by a step of a sequence', async () => {
    const { id } = await fiveDaysAhead();
    expect(await occurred(id, 'Attributes Recorded')).toEqual([THEN]);
    expect(await saidAt(id, 'seen')).toEqual([THEN]);
  });

  it('by a report, and by an answer to a mail', async () => {
    const { id: leadId } = await fiveDaysAhead();
    clock.set(NOON + MINUTE);
    const said = { source: 'form', confidence: 1, actor: tester, now: clock.now() } as const;
    expect(await recordLeadAttributes(database, { leadId, lead: { persons: 3 }, ...said })).toMatchObject({
      at: NOON + MINUTE,
    });
    const answer = { leadId, attribute: 'tariff', value: 'basic', now: clock.now() };
    await recordAnswer(database, answer);
    // The same again is one answer, also by a clock that is ahead.
    await recordAnswer(database, answer);
    expect(await occurred(leadId, 'Attributes Recorded')).toEqual([THEN, THEN + MINUTE, THEN + MINUTE]);
    expect(await saidAt(leadId, 'persons')).toEqual([THEN + MINUTE]);
    expect(await saidAt(leadId, 'tariff')).toEqual([THEN + MINUTE]);
  });

  it('by hand, with points that end', async () => {
    const { id: leadId } = await fiveDaysAhead();
    const adjustment = { leadId, model: 'm', points: 5, reason: 'fair', validForMs: DAY, actor: tester };
    const once = { ...adjustment, idempotencyKey: `${leadId}`, now: NOON };
    expect(await adjustScore(database, once)).toMatchObject({ created: true, at: THEN, endsAt: THEN + DAY });
    expect(await occurred(leadId, 'Score Adjusted')).toEqual([THEN]);
    // The key brings it again, whatever the clock says by now.
    expect(await adjustScore(database, { ...once, now: NOON + MINUTE })).toMatchObject({ created: false, at: THEN });
  });

  it('by a website, at the time of the world', async () => {
    const { id, email } = await fiveDaysAhead();
    await interact(database, { email, event: 'Asked', at: NOON });
    expect(await occurred(id, 'Asked')).toEqual([THEN]);
  });
});
