import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import { askRenewals } from '../../store/ask-renewals.ts';
import type { Database } from '../../store/database.ts';
import { mergeLeads } from '../../store/merge-leads.ts';
import { renewConsent } from '../../store/renew-consent.ts';
import { sql } from '../../store/sql.ts';
import { unsubscribe } from '../../store/unsubscribe.ts';
import { addLead, interact, plainTemplate, publish, type TestLead } from '../support/company.ts';
import { confirmTemplate, renewTemplate, shopPolicy } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

let database: Database;
const start = Date.parse('2026-01-05T10:00:00Z');
const clock = testClock(start);
const compose = { publicUrl: 'https://tend.shop.example', signingSecret: 'x', from: 'Shop <shop@shop.example>' };
const staleness = { after: { days: 730 }, askBefore: { days: 30 }, template: renewTemplate.key };

beforeAll(async () => {
  database = await createTestDatabase();
  for (const template of [confirmTemplate, renewTemplate, plainTemplate('news')])
    await publish(database, 'template', template, start);
  await publish(database, 'consent', { ...shopPolicy, staleness }, start);
  await publish(
    database,
    'sequence',
    {
      key: 'news',
      name: 'News',
      purpose: 'newsletter',
      entry: [{ event: 'News Due' }],
      reentry: 'after-end',
      steps: [{ id: 'send', kind: 'send', template: 'news', deadline: { days: 1 } }],
    },
    start,
  );
});
afterAll(() => database.close());

/** What the keeper and the journey do. Returns the keys of the templates that were sent. */
async function live(lead: TestLead): Promise<string[]> {
  while (await askRenewals(database, clock, { messageIdDomain: 'shop.example' }));
  const sent: string[] = [];
  await runJourney(database, clock, lead.id, (id) => sent.push(id));
  const mails = await database.query<{ template: string }>(
    sql`SELECT template_key AS template FROM message WHERE id = ANY(${sent}::uuid[]) ORDER BY claimed_at`,
  );
  return mails.map(({ template }) => template);
}
async function newsIsDue(lead: TestLead): Promise<void> {
  await interact(database, { email: lead.email, event: 'News Due', at: clock.now() });
  await assessAll(database, clock);
}
const question = async (lead: TestLead) =>
  (
    await database.query<{ id: string }>(
      sql`SELECT id FROM message WHERE lead_id = ${lead.id}::uuid AND template_key = ${renewTemplate.key} ORDER BY created_at DESC`,
    )
  )[0]?.id ?? '';
const renew = (messageId: string) =>
  renewConsent(database, {
    messageId,
    wording: { text: 'Newsletter: Yes, you may go on writing to me.', locale: 'en' },
    pageUrl: 'https://tend.shop.example/r/',
    ip: '198.51.100.7',
    userAgent: 'Safari',
    now: clock.now(),
    compose,
  });

describe('a consent under which nothing is sent for two years', () => {
  it('is asked about once, a month before it lapses; without an answer nothing more is sent', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now() });
    clock.set(start + 699 * DAY);
    expect(await live(lead)).toEqual([]);
    clock.set(start + 700 * DAY);
    expect(await live(lead)).toEqual([renewTemplate.key]);
    expect(await live(lead)).toEqual([]);
    clock.set(start + 710 * DAY);
    expect(await live(lead)).toEqual([]);
    // The question itself is no sign of life: the consent lapses when it would have.
    clock.set(start + 730 * DAY);
    await newsIsDue(lead);
    expect(await live(lead)).toEqual([]);
    const [news] = await database.query(
      sql`SELECT state, reason FROM message WHERE lead_id = ${lead.id}::uuid AND template_key = 'news'`,
    );
    expect(news).toEqual({ state: 'delayed', reason: 'consent-stale' });
  });

  it('holds anew once the person says so, with the words shown and the mail that asked', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now(), promise: { max: 1, days: 7 } });
    clock.set(start + 705 * DAY);
    expect(await live(lead)).toEqual([renewTemplate.key]);
    const asked = clock.now();
    clock.set(asked + HOUR);
    const mail = await question(lead);
    expect([await renew(mail), await renew(mail)]).toEqual(['renewed', 'already']);
    const records = await database.query<Record<string, unknown>>(
      sql`SELECT * FROM consent WHERE lead_id = ${lead.id}::uuid ORDER BY id`,
    );
    expect(records).toMatchObject([
      { source: 'api' },
      {
        source: 'renewal',
        action: 'granted',
        purpose: 'newsletter',
        address: lead.email,
        wording: 'Newsletter: Yes, you may go on writing to me.',
        locale: 'en',
        requested_at: asked,
        confirmed_at: asked + HOUR,
        confirm_ip: '198.51.100.7',
        confirmation_message_id: `<${mail}@shop.example>`,
        confirmation_mail: { subject: 'May we go on writing?', to: lead.email },
        // What was promised binds on.
        promise_max: 1,
        promise_days: 7,
      },
    ]);
    clock.set(start + 760 * DAY);
    await newsIsDue(lead);
    expect(await live(lead)).toEqual(['news']);
    // From the renewal on, two years again.
    clock.set(start + 760 * DAY + 699 * DAY);
    expect(await live(lead)).toEqual([]);
    clock.set(start + 760 * DAY + 700 * DAY);
    expect(await live(lead)).toEqual([renewTemplate.key]);
  });

  it('is not asked about where mails go out under it: each puts that off', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now() });
    for (const days of [300, 600, 900]) {
      clock.set(start + days * DAY);
      await newsIsDue(lead);
      expect(await live(lead)).toEqual(['news']);
    }
    clock.set(start + 1_599 * DAY);
    expect(await live(lead)).toEqual([]);
    clock.set(start + 1_600 * DAY);
    expect(await live(lead)).toEqual([renewTemplate.key]);
  });

  it('is not asked about once it is withdrawn, and an old question does not bring it back', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now() });
    clock.set(start + 705 * DAY);
    await live(lead);
    const mail = await question(lead);
    const from = { ip: null, userAgent: null, now: clock.now() };
    await unsubscribe(database, { messageId: mail, how: { by: 'one-click' }, ...from });
    expect(await renew(mail)).toBe('gone');

    clock.set(start);
    const other = await addLead(database, { now: clock.now() });
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
      VALUES (${other.id}::uuid, 'email', 'all', 'withdrawn', 'api', 'test', ${new Date(start + DAY)})`);
    clock.set(start + 705 * DAY);
    expect(await live(other)).toEqual([]);
  });

  it('is not asked about any more when it has lapsed already', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now() });
    clock.set(start + 731 * DAY);
    expect(await live(lead)).toEqual([]);
    expect(await question(lead)).toBe('');
  });

  it('is asked about once where two leads turned out to be one person', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now() });
    const same = await addLead(database, { now: clock.now() });
    await database.transaction((transaction) =>
      mergeLeads(transaction, { survivor: lead.id, loser: same.id, now: clock.now() }),
    );
    clock.set(start + 705 * DAY);
    expect([await live(lead), await live(lead)]).toEqual([[renewTemplate.key], []]);
  });

  it('is found by an index, and nobody who is not due is looked at', async () => {
    const plan = await database.query<{ 'QUERY PLAN': string }>(sql`
      EXPLAIN SELECT lead_id FROM consent_age WHERE asked_at IS NULL AND since <= ${new Date(start)} ORDER BY since LIMIT 100`);
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/consent_age/);
    const [row] = await database.query<{ indexdef: string }>(
      sql`SELECT indexdef FROM pg_indexes WHERE indexname = 'consent_age_unasked'`,
    );
    expect(row?.indexdef).toMatch(/\(since\) WHERE \(asked_at IS NULL\)/);
  });

  it('that was renewed and then withdrawn is ended for the same link: it does not say that all is well', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now() });
    clock.set(start + 700 * DAY);
    await live(lead);
    const asked = await question(lead);
    expect([await renew(asked), await renew(asked)]).toEqual(['renewed', 'already']);
    clock.set(clock.now() + HOUR);
    const by = { messageId: asked, how: { by: 'one-click' }, ip: null, userAgent: null, now: clock.now() } as const;
    expect(await unsubscribe(database, by)).toMatchObject({ kind: 'unsubscribed' });
    expect(await renew(asked)).toBe('gone');
  });

  it('of a test lead grows old by its own clock, and is renewed by it', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now() });
    clock.set(start + 700 * DAY);
    const ahead = 10 * DAY;
    await database.query(sql`UPDATE lead SET test = true, clock_offset_ms = ${ahead} WHERE id = ${lead.id}::uuid`);
    expect(await live(lead)).toEqual([renewTemplate.key]);
    const asked = await question(lead);
    const [mail] = await database.query<{ deadline: number }>(
      sql`SELECT deadline_at AS deadline FROM message WHERE id = ${asked}::uuid`,
    );
    expect(mail?.deadline).toBe(start + 730 * DAY);
    expect(await renew(asked)).toBe('renewed');
    const [last] = await database.query<{ at: number }>(
      sql`SELECT confirmed_at AS at FROM consent WHERE lead_id = ${lead.id}::uuid ORDER BY id DESC LIMIT 1`,
    );
    expect(last?.at).toBe(clock.now() + ahead);
  });

  it('is nobody’s to renew once the erasure of the person was asked for', async () => {
    clock.set(start);
    const lead = await addLead(database, { now: clock.now() });
    clock.set(start + 700 * DAY);
    await live(lead);
    await database.query(sql`UPDATE lead SET erased_at = ${new Date(clock.now())} WHERE id = ${lead.id}::uuid`);
    expect(await renew(await question(lead))).toBe('gone');
  });
});
