import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 20,
  rules: [
    { id: 'sign-up', on: { event: 'Signed Up' }, points: 3, limit: { per: 'lead' } },
    { id: 'browse', on: { event: 'Product Viewed' }, points: 5, limit: { per: 'day' } },
    { id: 'branch', on: { event: 'Branch Searched' }, points: 20, limit: { per: 'lead' } },
    { id: 'open', on: { kind: 'tend', event: 'Email Opened' }, points: 5, limit: { per: 'message' } },
  ],
};
const welcome = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    {
      id: 'clicked',
      kind: 'waitFor',
      event: { event: 'Email Link Clicked' },
      timeout: { days: 3 },
      onTimeout: 'reminder',
    },
    { id: 'settle', kind: 'wait', for: { days: 1 } },
    { id: 'reminder', kind: 'send', template: 'reminder' },
  ],
};

describe('a journey on PostgreSQL', () => {
  let database: Database;
  const clock = testClock(NOON);
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [welcome], templates: ['hello', 'reminder'] });
  });
  afterAll(async () => database.close());

  const messagesOf = (leadId: string) =>
    database.query<{ step: string; state: string; reason: string | null }>(sql`
      SELECT step_id AS step, state, reason FROM message WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' ORDER BY created_at, id`);

  it('sends, waits for the click or its timeout, and sends again', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    await interact(database, { email: lead.email, event: 'Signed Up', at: NOON });
    await assessAll(database, clock);
    const first = await runJourney(database, clock, lead.id);
    expect(await messagesOf(lead.id)).toEqual([{ step: 'hello', state: 'accepted', reason: null }]);
    expect(first).toMatchObject({ closed: false, nextLookAt: NOON + 3 * DAY });
    clock.set(NOON + 3 * DAY);
    const last = await runJourney(database, clock, lead.id);
    expect((await messagesOf(lead.id)).map(({ step }) => step)).toEqual(['hello', 'reminder']);
    expect(last.closed).toBe(true);
  });

  it('offers the lead at the threshold and withholds what is due until the outcome', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    await interact(database, { email: lead.email, event: 'Signed Up', at: NOON });
    await assessAll(database, clock);
    await runJourney(database, clock, lead.id);
    await interact(database, { email: lead.email, event: 'Branch Searched', at: NOON + HOUR });
    clock.set(NOON + HOUR);
    await assessAll(database, clock);
    const offered = await runJourney(database, clock, lead.id);
    expect(offered.handoff).not.toBeNull();
    clock.set(NOON + 3 * DAY);
    await runJourney(database, clock, lead.id);
    expect(await messagesOf(lead.id)).toEqual([
      { step: 'hello', state: 'accepted', reason: null },
      { step: 'reminder', state: 'delayed', reason: 'sales-has-the-lead' },
    ]);
  });

  it('counts a browsing day once, and folds a late event from where it belongs', async () => {
    clock.set(NOON + 2 * DAY);
    const lead = await addLead(database, { now: NOON });
    await interact(
      database,
      { email: lead.email, event: 'Product Viewed', at: NOON + DAY, messageId: 'b' },
      { email: lead.email, event: 'Product Viewed', at: NOON + DAY + HOUR, messageId: 'c' },
    );
    await assessAll(database, clock);
    await interact(database, { email: lead.email, event: 'Product Viewed', at: NOON + DAY - HOUR, messageId: 'a' });
    await assessAll(database, clock);
    const ledger = await database.query<{ messageId: string; points: number; superseded: boolean }>(sql`
      SELECT message_id AS "messageId", points, superseded_at IS NOT NULL AS superseded
      FROM score_ledger JOIN interaction ON interaction.id = interaction_id WHERE score_ledger.lead_id = ${lead.id}::uuid ORDER BY score_ledger.id`);
    expect(ledger).toEqual([
      { messageId: 'b', points: 5, superseded: true },
      { messageId: 'a', points: 5, superseded: false },
    ]);
    const [standing] = await database.query<{ points: number }>(
      sql`SELECT points FROM standing WHERE lead_id = ${lead.id}::uuid`,
    );
    expect(standing?.points).toBe(5);
  });

  it('parks the one lead whose history cannot be folded, and no other', async () => {
    clock.set(NOON);
    const [bad, good] = [await addLead(database, { now: NOON }), await addLead(database, { now: NOON })];
    await interact(
      database,
      { email: bad.email, event: 'Email Opened', kind: 'tend', at: NOON, messageId: 'poison' },
      { email: good.email, event: 'Product Viewed', at: NOON },
    );
    await database.query(sql`UPDATE interaction SET occurred_at = 'infinity' WHERE message_id = 'poison'`);
    await assessAll(database, clock);
    const rows = await database.query<{ id: string; parked: boolean; points: number | null }>(sql`
      SELECT id, parked_at IS NOT NULL AS parked, points FROM lead LEFT JOIN standing ON lead_id = id
      WHERE id = ANY(${[bad.id, good.id]}::uuid[]) ORDER BY parked`);
    expect(rows).toEqual([
      { id: good.id, parked: false, points: 5 },
      { id: bad.id, parked: true, points: null },
    ]);
  });
});
