import { afterAll, beforeAll, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

const MONDAY = Date.UTC(2026, 5, 1, 10);
const clock = testClock(MONDAY);
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'Europe/Berlin',
  threshold: 30,
  rules: [{ id: 'view', on: { event: 'Viewed' }, points: 5 }],
};
const cold = {
  key: 'cold',
  name: 'Cold',
  purpose: 'newsletter',
  entry: [{ when: { score: 'm', points: { below: 10 } } }],
  steps: [{ id: 'letter', kind: 'send', template: 'letter' }],
};

let database: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  await foundCompany(database, { now: MONDAY - DAY, model, sequences: [cold], templates: ['letter'] });
});
afterAll(async () => database.close());

// Found by the simulator's property test: that an empty standing would say the same hid that nothing was known before.
it('a first standing is news where a condition asks for few points, even to whoever was planned before it', async () => {
  clock.set(MONDAY);
  const lead = await addLead(database, { now: MONDAY });
  await runJourney(database, clock, lead.id);
  clock.set(MONDAY + HOUR);
  await interact(database, { email: lead.email, event: 'Viewed', at: MONDAY + HOUR });
  await assessAll(database, clock);
  const [row] = await database.query<{ raised: boolean }>(sql`
    SELECT attention_rev <> planned_rev AS raised FROM lead WHERE id = ${lead.id}::uuid`);
  expect(row).toEqual({ raised: true });
  await runJourney(database, clock, lead.id);
  const mails = await database.query(
    sql`SELECT template_key AS template FROM message WHERE lead_id = ${lead.id}::uuid`,
  );
  expect(mails).toEqual([{ template: 'letter' }]);
});
