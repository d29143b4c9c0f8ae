import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { createTestLead } from '../../store/create-test-lead.ts';
import type { Database } from '../../store/database.ts';
import { enrolLead } from '../../store/enrol-lead.ts';
import { planHandoffRow } from '../../store/plan-handoff.ts';
import { planLead } from '../../store/plan-lead.ts';
import { sql } from '../../store/sql.ts';
import { walkLead } from '../../store/walk-lead.ts';
import { addLead, foundCompany, interact, publish, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const sequence = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  stages: ['lead', 'customer'],
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    { id: 'answer', kind: 'waitFor', event: { event: 'Answered' }, timeout: { days: 5 }, onTimeout: 'end' },
    { id: 'rest', kind: 'wait', for: { days: 30 } },
    { id: 'more', kind: 'send', template: 'more' },
  ],
};
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'UTC',
  threshold: 10,
  rules: [{ id: 'asked', on: { event: 'Asked' }, points: 10 }],
};
const attributes = {
  key: 'household',
  name: 'Household',
  attributes: [
    { name: 'tariff', type: 'choice', choices: ['basic', 'contract'] },
    { name: 'persons', type: 'number' },
  ],
};

describe('walking a test lead', () => {
  let database: Database;
  const clock = testClock(NOON);
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [sequence], templates: ['hello', 'more'] });
  });
  afterAll(async () => database.close());

  let made = 0;
  async function testLead() {
    made += 1;
    const email = `me+${made}@company.example`;
    const input = { email, locale: null, timeZone: null, attributes: {}, purposes: ['newsletter'], actor: tester };
    const { id } = await createTestLead(database, { ...input, now: clock.now() });
    await assessAll(database, clock);
    await enrolLead(database, { leadId: id, sequence: 'welcome', actor: tester, now: clock.now() });
    return { id, email };
  }
  const walk = (leadId: string, outcome: 'won' | null = null) =>
    walkLead(database, clock, { leadId, outcome, actor: tester });
  const mailsOf = (leadId: string) =>
    database.query<{ template: string; at: number }>(sql`
      SELECT template_key AS template, claimed_at AS at FROM message WHERE lead_id = ${leadId}::uuid AND state = 'accepted' ORDER BY claimed_at`);

  it('gets through five weeks in minutes, with an event at its own time on the way', async () => {
    const { id, email } = await testLead();
    await runJourney(database, clock, id);
    clock.set(NOON + MINUTE);
    // It answers a minute later, by the world's clock; then two waits are walked over.
    await interact(database, { email, event: 'Answered', at: clock.now() });
    expect(await walk(id)).toMatchObject({ kind: 'busy' });
    await assessAll(database, clock);
    await runJourney(database, clock, id);
    expect(await walk(id)).toEqual({ kind: 'moved', from: NOON + MINUTE, to: NOON + MINUTE + 30 * DAY });
    await runJourney(database, clock, id);
    expect(await mailsOf(id)).toEqual([
      { template: 'hello', at: NOON },
      { template: 'more', at: NOON + MINUTE + 30 * DAY },
    ]);
    clock.set(NOON + 2 * MINUTE);
    expect(await walk(id)).toMatchObject({ kind: 'nothing-due' });
  });

  it('its workflow sleeps by the clock of the world', async () => {
    const { id } = await testLead();
    await runJourney(database, clock, id);
    const { to } = (await walk(id)) as { to: number };
    const options = { notBefore: 0, messageIdDomain: 'tend.test' };
    expect(await planLead(database, clock, id, options)).toMatchObject({ closed: true, nextLookAt: null });
    expect(to).toBeGreaterThan(clock.now() + 4 * DAY);
    // What happens after it has been walked ahead happens ahead, and is moved once only.
    const [lead] = await database.query<{ email: string }>(sql`
      SELECT value AS email FROM identity WHERE lead_id = ${id}::uuid`);
    await interact(database, { email: lead?.email ?? '', event: 'Looked', at: clock.now() });
    await assessAll(database, clock);
    await assessAll(database, clock);
    const [event] = await database.query<{ at: number }>(sql`
      SELECT occurred_at AS at FROM interaction WHERE lead_id = ${id}::uuid AND name = 'Looked'`);
    expect(event?.at).toBe(to);
  });

  it('reaches no representative, and goes on with the outcome that is told', async () => {
    const { id, email } = await testLead();
    await runJourney(database, clock, id);
    await walk(id);
    await runJourney(database, clock, id);
    await interact(database, { email, event: 'Asked', at: clock.now() });
    await assessAll(database, clock);
    const { handoff } = await runJourney(database, clock, id);
    expect(handoff).not.toBeNull();
    const options = { notBefore: 0, acceptWithinMs: HOUR, messageIdDomain: 'tend.test' };
    expect(await planHandoffRow(database, clock, handoff ?? '', options)).toMatchObject({ send: null });
    const told = await database.query(sql`SELECT FROM message WHERE lead_id = ${id}::uuid AND recipient_kind = 'rep'`);
    expect(told).toEqual([]);
    expect(await walk(id)).toMatchObject({ kind: 'with-sales' });
    expect(await walk(id, 'won')).toMatchObject({ kind: 'moved' });
    await assessAll(database, clock);
    const after = await runJourney(database, clock, id);
    // It was ready for sales before the outcome by its own clock, and is not offered again for that.
    expect(after).toMatchObject({ handoff: null });
    await expect(walk(id, 'won')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is scored at once by what is known of it, which must fit', async () => {
    const input = { email: 'fits@company.example', locale: null, timeZone: null, purposes: [], actor: tester };
    await publish(database, 'attributes', attributes, NOON);
    await expect(
      createTestLead(database, { ...input, attributes: { tariff: 'gas' }, now: clock.now() }),
    ).rejects.toMatchObject({ code: 'invalid-request', fields: [{ path: 'attributes.tariff' }] });
    const { id } = await createTestLead(database, { ...input, attributes: { persons: '4' }, now: clock.now() });
    const [known] = await database.query<{ value: unknown }>(sql`
      SELECT value FROM attribute WHERE lead_id = ${id}::uuid AND name = 'persons'`);
    expect(known?.value).toBe(4);
    expect(await walk(id)).toMatchObject({ kind: 'busy' });
    await assessAll(database, clock);
    const standings = await database.query(sql`SELECT FROM standing WHERE lead_id = ${id}::uuid`);
    expect(standings).toHaveLength(1);
  });

  it('no person is walked ahead, and nobody’s address is taken', async () => {
    const person = await addLead(database, { now: NOON });
    await expect(walk(person.id)).rejects.toMatchObject({ code: 'conflict' });
    const input = { email: person.email, locale: null, timeZone: null, attributes: {}, purposes: [], actor: tester };
    await expect(createTestLead(database, { ...input, now: NOON })).rejects.toMatchObject({ code: 'conflict' });
  });
});
