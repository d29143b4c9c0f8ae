import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import type { Properties } from '../../domain/interaction/interaction.ts';
import type { Database } from '../../store/database.ts';
import { enrolLead } from '../../store/enrol-lead.ts';
import { findOrCreateAccount } from '../../store/find-account.ts';
import { type IdentityReference, ingestInteractions } from '../../store/ingest-interactions.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordAccountAttributes } from '../../store/record-attributes.ts';
import { sql } from '../../store/sql.ts';
import { addLead, publish, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const clock = testClock(NOON);
let database: Database;
const opened: Database[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
  opened.push(database);
  clock.set(NOON);
});
afterAll(async () => {
  for (const one of opened) await one.close();
});

const sequence = (steps: readonly object[], more: object = {}) => ({
  key: 'low',
  name: 'Low',
  purpose: 'newsletter',
  steps,
  ...more,
});
const rest = { id: 'rest', kind: 'wait', for: { days: 30 } };
const waitUntilTrue = (when: object) => [
  { id: 'true', kind: 'waitFor', event: { when }, timeout: { days: 30 }, onTimeout: 'end' },
  rest,
];
const plan = (id: string) => planLead(database, clock, id, { notBefore: 0, messageIdDomain: 'tend.test' });
const enrolled = async (lead: TestLead) => {
  await enrolLead(database, { leadId: lead.id, sequence: 'low', actor: tester, now: clock.now() });
  return plan(lead.id);
};
const stepOf = async (leadId: string) =>
  (
    await database.query<{ step: string }>(sql`SELECT step_id AS step FROM enrolment WHERE lead_id = ${leadId}::uuid`)
  )[0]?.step;

async function isRaised(leadId: string): Promise<boolean> {
  const rows = await database.query(sql`SELECT FROM lead WHERE id = ${leadId}::uuid AND attention_rev <> planned_rev`);
  return rows.length > 0;
}

/** As a website says it; then everything is linked and folded. */
async function says(
  identity: IdentityReference,
  kind: 'identify' | 'group',
  context: Properties,
  at: Instant = clock.now(),
) {
  const name = kind === 'identify' ? 'Identified' : 'Group Identified';
  const times = { occurredAt: at, receivedAt: at, claimedAt: null };
  await ingestInteractions(database, [
    { source: 'website', messageId: newId(), identity, kind, name, properties: {}, context, ...times },
  ]);
  await assessAll(database, clock);
}
const emailOf = ({ email }: TestLead) => ({ kind: 'email', value: email }) as const;

describe('a pacing policy', () => {
  const pace = (more: object) => ({ key: 'pace', name: 'Pace', timeZone: 'UTC', caps: [], spacing: 'none', ...more });
  const nine = [{ id: 'nine', kind: 'wait', until: { at: '09:00' } }, rest];

  it('of another zone moves the waits of everybody who is in a sequence', async () => {
    await publish(database, 'pacing', pace({}), NOON);
    await publish(database, 'sequence', sequence(nine), NOON);
    const [lead, nobody] = [await addLead(database, { now: NOON }), await addLead(database, { now: NOON })];
    expect((await enrolled(lead)).nextLookAt).toBe(NOON + 21 * HOUR);
    await plan(nobody.id);
    await publish(database, 'pacing', pace({ timeZone: 'Asia/Tokyo' }), NOON);
    expect([await isRaised(lead.id), await isRaised(nobody.id)]).toEqual([true, false]);
    // 09:00 in Tokyo.
    expect((await plan(lead.id)).nextLookAt).toBe(NOON + 12 * HOUR);
    for (const change of [{ country: 'DE' }, { country: 'DE', region: 'BY' }]) {
      await publish(database, 'pacing', pace({ timeZone: 'Asia/Tokyo', ...change }), NOON);
      expect(await isRaised(lead.id)).toBe(true);
      await plan(lead.id);
    }
  });

  it('of the same place wakes only those with a mail that waits', async () => {
    await publish(database, 'pacing', pace({}), NOON);
    await publish(database, 'sequence', sequence(nine), NOON);
    const lead = await addLead(database, { now: NOON });
    await enrolled(lead);
    await publish(database, 'pacing', pace({ spacing: { hours: 3 } }), NOON);
    expect(await isRaised(lead.id)).toBe(false);
  });
});

describe('what is known of a company', () => {
  const large = waitUntilTrue({ account: 'employees', atLeast: 100 });
  const atNord = async (email: string) => {
    const lead = await addLead(database, { now: NOON, email });
    await database.transaction(async (transaction) => {
      const account = await findOrCreateAccount(transaction, 'nord.example', NOON);
      await transaction.query(sql`UPDATE lead SET account_id = ${account}::uuid WHERE id = ${lead.id}::uuid`);
    });
    return lead;
  };

  it('is news for those in a version that is live no more', async () => {
    const [lead, colleague] = [await atNord('a@nord.example'), await atNord('b@nord.example')];
    await publish(database, 'sequence', sequence(large), NOON);
    await enrolled(lead);
    await publish(database, 'sequence', sequence([rest]), NOON);
    await says(emailOf(colleague), 'group', { groupId: 'nord.example', traits: { employees: 500 } });
    expect(await isRaised(lead.id)).toBe(true);
    await plan(lead.id);
    expect(await stepOf(lead.id)).toBe('rest');
  });

  it('is news for a lead that comes to belong to it, whether or not anything is scored', async () => {
    await publish(database, 'sequence', sequence(large), NOON);
    const said = { source: 'agency', confidence: 1, actor: tester, now: NOON } as const;
    await recordAccountAttributes(database, { domain: 'nord.example', values: { employees: 500 }, ...said });
    const lead = await addLead(database, { now: NOON });
    await enrolled(lead);
    await says(emailOf(lead), 'group', { groupId: 'nord.example', traits: {} });
    expect(await isRaised(lead.id)).toBe(true);
    await plan(lead.id);
    expect(await stepOf(lead.id)).toBe('rest');
    // It is its company already.
    await says(emailOf(lead), 'group', { groupId: 'nord.example', traits: {} });
    expect(await isRaised(lead.id)).toBe(false);
  });
});

describe('what a website tells of a lead', () => {
  const tells = (lead: TestLead, traits: Properties) =>
    says(emailOf(lead), 'identify', { traits: { email: lead.email, ...traits } });

  /** Identifies on twenty page views; returns how many of them raised attention. */
  async function browses(lead: TestLead, traits: Properties): Promise<number> {
    let looks = 0;
    for (let view = 1; view <= 20; view += 1) {
      clock.set(clock.now() + MINUTE);
      await tells(lead, traits);
      if (!(await isRaised(lead.id))) continue;
      looks += 1;
      await plan(lead.id);
    }
    return looks;
  }

  it('brings it in, and wakes nobody by being said again', async () => {
    const entry = [{ when: { lead: 'plan', is: 'pro' } }];
    await publish(database, 'sequence', sequence([rest], { entry }), NOON - DAY);
    const lead = await addLead(database, { now: NOON });
    await plan(lead.id);
    expect(await browses(lead, { plan: 'free' })).toBe(1);
    expect(await stepOf(lead.id)).toBeUndefined();
    expect(await browses(lead, { plan: 'pro' })).toBe(1);
    expect(await stepOf(lead.id)).toBe('rest');
  });

  it('ends a wait for it', async () => {
    await publish(database, 'sequence', sequence(waitUntilTrue({ lead: 'plan', is: 'pro' })), NOON);
    const lead = await addLead(database, { now: NOON });
    await enrolled(lead);
    expect(await browses(lead, { plan: 'pro' })).toBe(1);
    expect(await stepOf(lead.id)).toBe('rest');
    // Nobody asks for it any more.
    expect(await browses(lead, { plan: 'free' })).toBe(0);
  });

  it('times anew the wait until a date that it has', async () => {
    await publish(database, 'sequence', sequence([{ id: 'day', kind: 'wait', until: { date: 'start' } }, rest]), NOON);
    const lead = await addLead(database, { now: NOON });
    await tells(lead, { start: '2026-06-10' });
    expect((await enrolled(lead)).nextLookAt).toBe(Date.UTC(2026, 5, 10, 9));
    await tells(lead, { start: '2026-06-05' });
    expect(await isRaised(lead.id)).toBe(true);
    expect((await plan(lead.id)).nextLookAt).toBe(Date.UTC(2026, 5, 5, 9));
  });
});
