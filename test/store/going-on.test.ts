import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../store/database.ts';
import { pauseInstallation, resumeInstallation } from '../../store/installation.ts';
import { planLead } from '../../store/plan-lead.ts';
import { resumeSender } from '../../store/sender-health.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, tester } from '../support/company.ts';
import { createTestDatabase, TEST_HASH_KEY } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { MONDAY, model, nurture } from '../support/returning.ts';

let database: Database;
const clock = testClock(MONDAY);
const options = { notBefore: 0, messageIdDomain: 'shop.example' };
beforeAll(async () => {
  database = await createTestDatabase();
  await foundCompany(database, { now: MONDAY, model, sequences: [nurture], templates: ['a', 'b', 'c', 'd'] });
});
afterAll(() => database.close());

async function joined(): Promise<string> {
  const { id, email } = await addLead(database, { now: clock.now() });
  await interact(database, { email, event: 'Joined', at: clock.now() });
  await assessAll(database, clock);
  return id;
}

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

/** Plans the lead; before its commit somebody does `meanwhile`, as far as that gets while the plan is under way. */
async function planAround(leadId: string, meanwhile: () => Promise<unknown>): Promise<void> {
  const reached = signal();
  const held = signal();
  const slow = openDatabase({
    url: database.url,
    hashKey: TEST_HASH_KEY,
    poolSize: 1,
    beforeStatement: async (statement) => {
      if (statement !== 'commit') return;
      reached.give();
      await held.given;
    },
  });
  const planning = planLead(slow, clock, leadId, options);
  await reached.given;
  let over = false;
  const changing = meanwhile().finally(() => {
    over = true;
  });
  while (!over) {
    const waits = await database.query(sql`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
    if (waits.length > 0) break;
  }
  held.give();
  await Promise.all([planning, changing]);
  await slow.close();
}

async function isWoken(leadId: string): Promise<boolean> {
  const [lead] = await database.query<{ woken: boolean }>(sql`
    SELECT attention_rev <> planned_rev AS woken FROM lead WHERE id = ${leadId}::uuid`);
  return lead?.woken ?? false;
}

describe('a mail whose plan finds a pause that ends before the plan commits does not wait for ever', () => {
  it('of the installation', async () => {
    const lead = await joined();
    await pauseInstallation(database, tester, clock.now());
    await planAround(lead, () => resumeInstallation(database, tester, clock.now()));
    expect(await isWoken(lead)).toBe(true);
    expect((await planLead(database, clock, lead, options)).send).toHaveLength(1);
  });

  it('of its sender', async () => {
    const lead = await joined();
    await database.query(sql`INSERT INTO sender_health (sender_key, paused_at) VALUES ('default', ${at(MONDAY)})`);
    await planAround(lead, () => resumeSender(database, { sender: 'default', actor: tester, now: clock.now() }));
    expect(await isWoken(lead)).toBe(true);
    expect((await planLead(database, clock, lead, options)).send).toHaveLength(1);
  });
});
