import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { conditionSchema } from '../../domain/conditions/condition.ts';
import { DAY, HOUR, type Instant } from '../../domain/instant.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import type { Database } from '../../store/database.ts';
import { planLead } from '../../store/plan-lead.ts';
import { readLeadEvents } from '../../store/read-lead-events.ts';
import { sql } from '../../store/sql.ts';
import { addLead, interact, publish, type TestLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { enrolmentIn } from '../support/snapshot.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const clock = testClock(NOON);

const sequence = (more: object) =>
  sequenceSchema.parse({
    key: 's',
    name: 'S',
    purpose: 'newsletter',
    steps: [{ id: 'rest', kind: 'wait', for: { days: 30 } }],
    ...more,
  });
const counted = (event: string, within?: object) =>
  conditionSchema.parse({ event: { event }, ...(within && { within }) });

/** A history of ten days: each day a view, a click and a page. */
describe('what a plan reads of a history', () => {
  let database: Database;
  let lead: TestLead;
  beforeAll(async () => {
    database = await createTestDatabase();
    lead = await addLead(database, { now: NOON - 10 * DAY });
    for (let day = 1; day <= 10; day += 1) {
      const at = NOON - day * DAY + HOUR;
      const { email } = lead;
      await interact(
        database,
        { email, event: 'Viewed', at },
        { email, event: 'Clicked', at: at + 1 },
        { email, event: 'Page Viewed', kind: 'page', at: at + 2 },
      );
    }
    await assessAll(database, clock);
  });
  afterAll(async () => database.close());

  /** How many of each. */
  async function read(running: readonly object[], asked: Parameters<typeof readLeadEvents>[3]) {
    const enrolments = running.map((more) => enrolmentIn(sequence(more), NOON - 4 * DAY));
    const events = await readLeadEvents(database, lead.id, enrolments, asked, NOON);
    expect(events.map(({ occurredAt }) => occurredAt)).toEqual(
      events.map(({ occurredAt }) => occurredAt).sort((a, b) => a - b),
    );
    const of = (name: string) => events.filter((event) => event.name === name).length;
    return [of('Viewed'), of('Clicked'), of('Page Viewed')];
  }

  it('is nothing where nothing is asked', async () => {
    expect(await read([], [])).toEqual([0, 0, 0]);
    expect(await read([{}], [])).toEqual([0, 0, 0]);
  });

  it('goes as far back as each condition counts, and from the beginning where it says nothing of it', async () => {
    expect(await read([], [counted('Viewed', { days: 3 })])).toEqual([3, 0, 0]);
    expect(await read([], [counted('Viewed', { days: 3 }), counted('Viewed', { days: 6 })])).toEqual([6, 0, 0]);
    expect(await read([], [counted('Viewed', { days: 3 }), counted('Clicked')])).toEqual([3, 10, 0]);
    expect(await read([], [counted('Viewed'), counted('Viewed', { days: 3 })])).toEqual([10, 0, 0]);
    const page = conditionSchema.parse({ event: { kind: 'page' }, within: { days: 2 } });
    expect(await read([], [page])).toEqual([0, 0, 2]);
  });

  it('is what the goals and steps of an enrolment mean, since it began, and what its conditions count', async () => {
    expect(await read([{ goal: [{ event: 'Viewed' }] }], [])).toEqual([4, 0, 0]);
    expect(await read([{ goal: [{ event: 'Viewed' }] }], [counted('Viewed', { days: 1 })])).toEqual([4, 0, 0]);
    expect(await read([{ exits: [{ when: counted('Viewed', { days: 8 }) }] }], [])).toEqual([8, 0, 0]);
    const steps = [
      { id: 'true', kind: 'waitFor', event: { when: counted('Clicked', { days: 9 }) }, timeout: { days: 1 } },
      {
        id: 'way',
        kind: 'branch',
        arms: [{ when: counted('Viewed', { days: 2 }), to: 'rest' }],
        otherwise: 'end',
      },
      { id: 'rest', kind: 'wait', for: { days: 30 } },
    ];
    expect(await read([{ steps, goal: [{ event: 'Clicked' }] }], [])).toEqual([2, 9, 0]);
  });
});

describe('a sequence that a lead can not come into', () => {
  let database: Database;
  beforeEach(async () => {
    database = await createTestDatabase();
    clock.set(NOON);
  });
  afterAll(async () => database.close());

  const look = (id: string) => planLead(database, clock, id, { notBefore: 0, messageIdDomain: 'tend.test' });
  async function viewed(lead: TestLead, at: Instant) {
    await interact(database, { email: lead.email, event: 'Viewed', at });
    await assessAll(database, clock);
    await look(lead.id);
  }
  const entered = async (leadId: string) =>
    (await database.query(sql`SELECT FROM enrolment WHERE lead_id = ${leadId}::uuid`)).length;
  const become = (leadId: string, stage: string) =>
    database.query(sql`UPDATE lead SET stage = ${stage} WHERE id = ${leadId}::uuid`);

  it('still notes that its condition has ceased, so that it may come true anew', async () => {
    const content = sequence({
      stages: ['lead'],
      reentry: 'after-end',
      entry: [{ when: counted('Viewed', { days: 3 }) }],
      steps: [{ id: 'rest', kind: 'wait', for: { hours: 1 } }],
    });
    await publish(database, 'sequence', content, NOON - DAY);
    const lead = await addLead(database, { now: NOON });
    await viewed(lead, NOON);
    expect(await entered(lead.id)).toBe(1);
    clock.set(NOON + DAY);
    await look(lead.id);
    // As a customer it still holds, then no more; back again, it comes true anew.
    await become(lead.id, 'customer');
    await look(lead.id);
    await become(lead.id, 'lead');
    await look(lead.id);
    expect(await entered(lead.id)).toBe(1);
    await become(lead.id, 'customer');
    clock.set(NOON + 4 * DAY);
    await look(lead.id);
    await become(lead.id, 'lead');
    await viewed(lead, NOON + 4 * DAY);
    expect(await entered(lead.id)).toBe(2);
  });
});
