import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, type Instant } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { discountInteraction } from '../../store/discount-interaction.ts';
import { findOrCreateAccount } from '../../store/find-account.ts';
import { ingestInteractions } from '../../store/ingest-interactions.ts';
import { recordAccountAttributes } from '../../store/record-attributes.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, publish, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

/** What changes who qualifies at an instant between a lead's last interaction and now, for which no timer was set. */
describe('what becomes known late raises attention', () => {
  let database: Database;
  const clock = testClock(NOON);
  const model = {
    key: 'm',
    name: 'M',
    timeZone: 'Europe/Berlin',
    rules: [
      { id: 'asked', on: { event: 'Asked' }, points: 20 },
      { id: 'careers', on: { event: 'Careers' }, points: -15, validFor: { days: 10 }, limit: { per: 'day' } },
      { id: 'seen', on: { kind: 'page' }, points: 3 },
    ],
    bands: { 1: 20, 2: 10, 3: 3 },
    profile: {
      criteria: [{ id: 'large', when: { account: 'employees', atLeast: 100 }, points: 10 }],
      grades: { A: 10, B: 5, C: 1 },
    },
    mql: ['A1'],
  };
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [], templates: [] });
  });
  afterAll(async () => database.close());

  const raised = async (leadId: string) => {
    const rows = await database.query(
      sql`SELECT FROM lead WHERE id = ${leadId}::uuid AND attention_rev <> planned_rev`,
    );
    return rows.length > 0;
  };
  const offers = (leadId: string) =>
    database.query<{ at: Instant }>(sql`SELECT offered_at AS at FROM handoff WHERE lead_id = ${leadId}::uuid`);

  async function leadOf(domain: string, local: string): Promise<string> {
    const { id } = await addLead(database, { now: clock.now(), email: `${local}@${domain}` });
    await database.transaction(async (transaction) => {
      const account = await findOrCreateAccount(transaction, domain, clock.now());
      await transaction.query(sql`UPDATE lead SET account_id = ${account}::uuid WHERE id = ${id}::uuid`);
    });
    return id;
  }
  const employees = (domain: string, employees: number) =>
    recordAccountAttributes(database, {
      domain,
      values: { employees },
      source: 'agency',
      confidence: 1,
      actor: tester,
      now: clock.now(),
    });

  it('a company that turns out to be large makes its active lead ready for sales, days after its last visit', async () => {
    clock.set(NOON);
    const id = await leadOf('nord.example', 'a');
    await interact(database, { email: 'a@nord.example', event: 'Asked', at: NOON });
    await assessAll(database, clock);
    await runJourney(database, clock, id);
    clock.set(NOON + 2 * DAY);
    await employees('nord.example', 400);
    await assessAll(database, clock);
    expect(await raised(id)).toBe(true);
    await runJourney(database, clock, id);
    expect(await offers(id)).toEqual([{ at: NOON + 2 * DAY }]);
  });

  it('events told of late may have made it ready since', async () => {
    clock.set(NOON);
    const id = await leadOf('sued.example', 'a');
    await employees('sued.example', 400);
    clock.set(NOON + 20 * DAY);
    const told = (event: string) => ({ email: 'a@sued.example', event, at: NOON + DAY });
    await interact(database, told('Asked'), told('Careers'));
    await assessAll(database, clock);
    expect(await raised(id)).toBe(true);
    await runJourney(database, clock, id);
    expect(await offers(id)).toHaveLength(1);
  });

  it('so may a new version of the model', async () => {
    clock.set(NOON);
    const id = await leadOf('west.example', 'a');
    await employees('west.example', 400);
    const [first, second] = [
      { ...model, key: 'w', rules: [{ id: 'wanted', on: { event: 'Wanted' }, points: 5 }] },
      {
        ...model,
        key: 'w',
        rules: [
          { id: 'wanted', on: { event: 'Wanted' }, points: 40 },
          { id: 'first', on: { event: 'Wanted' }, points: -30, validFor: { days: 5 }, limit: { per: 'lead' } },
        ],
      },
    ];
    await publish(database, 'scoring_model', first, NOON);
    await interact(database, { email: 'a@west.example', event: 'Wanted', at: NOON });
    await assessAll(database, clock);
    await runJourney(database, clock, id);
    clock.set(NOON + 11 * DAY);
    await publish(database, 'scoring_model', second, clock.now());
    await assessAll(database, clock);
    expect(await raised(id)).toBe(true);
    await runJourney(database, clock, id);
    expect(await offers(id)).toHaveLength(1);
  });

  it('an interaction that was discounted before anybody knew whose it is never counts', async () => {
    clock.set(NOON);
    const id = await leadOf('ost.example', 'a');
    await ingestInteractions(database, [
      {
        source: 'website',
        messageId: 'scan',
        identity: { kind: 'anonymous_id', value: 'browser' },
        kind: 'page',
        name: 'Page',
        properties: {},
        context: null,
        occurredAt: NOON,
        receivedAt: NOON,
        claimedAt: null,
      },
    ]);
    const [page] = await database.query<{ id: number }>(sql`SELECT id FROM interaction WHERE message_id = 'scan'`);
    const interactionId = page?.id ?? 0;
    await discountInteraction(database, { interactionId, as: 'scanner', actor: tester, now: NOON });
    await database.query(sql`UPDATE interaction SET lead_id = ${id}::uuid WHERE id = ${interactionId}::bigint`);
    await interact(database, { email: 'a@ost.example', event: 'Other', at: NOON + 1 });
    await assessAll(database, clock);
    const points = () =>
      database.query<{ points: number; interactions: number }>(
        sql`SELECT points, interactions FROM standing WHERE lead_id = ${id}::uuid AND model_key = 'm'`,
      );
    expect(await points()).toEqual([{ points: 0, interactions: 1 }]);
    await discountInteraction(database, { interactionId, as: null, actor: tester, now: NOON });
    await assessAll(database, clock);
    expect(await points()).toEqual([{ points: 3, interactions: 2 }]);
  });

  it('a version that a stricter Tend would refuse goes on scoring', async () => {
    clock.set(NOON);
    await publish(database, 'scoring_model', { ...model, key: 'old' }, NOON);
    await database.query(sql`ALTER TABLE definition_version DISABLE TRIGGER definition_version_immutable`);
    const old = {
      key: 'old',
      name: 'Old',
      timeZone: 'UTC',
      threshold: 5,
      rules: [
        { id: 'none', on: { event: 'Old' }, points: 0 },
        { id: 'some', on: { event: 'Old' }, points: 7 },
      ],
    };
    await database.query(sql`
      UPDATE definition_version SET content = ${JSON.stringify(old)}::jsonb WHERE kind = 'scoring_model' AND key = 'old'`);
    await database.query(sql`ALTER TABLE definition_version ENABLE TRIGGER definition_version_immutable`);
    const { id, email } = await addLead(database, { now: NOON });
    await interact(database, { email, event: 'Old', at: NOON });
    await assessAll(database, clock);
    const rows = await database.query(
      sql`SELECT points, qualified FROM standing WHERE lead_id = ${id}::uuid AND model_key = 'old'`,
    );
    expect(rows).toEqual([{ points: 7, qualified: true }]);
  });
});
