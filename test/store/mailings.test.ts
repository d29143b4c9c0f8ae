import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import type { MailingTime } from '../../domain/mailing/mailing-time.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { previewMailing } from '../../store/preview-mailing.ts';
import { publishDefinition } from '../../store/publish-definition.ts';
import { putDraft } from '../../store/put-draft.ts';
import { readMailing } from '../../store/read-mailing.ts';
import { reportMailing } from '../../store/report-mailing.ts';
import { runMailings } from '../../store/run-mailing.ts';
import { scheduleMailing } from '../../store/schedule-mailing.ts';
import { at, sql } from '../../store/sql.ts';
import { cancelMailing, pauseMailing, resumeMailing } from '../../store/steer-mailing.ts';
import { addLead, foundCompany, interact, plainTemplate, publish, tester } from '../support/company.ts';
import { confirmTemplate, shopPolicy } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { addCrowd, planDue, runWorkers } from '../support/mailings.ts';

/** A Tuesday. */
const NOW = Date.UTC(2026, 5, 2, 8);
const AT = NOW + 2 * HOUR;

let database: Database;
const clock = testClock(NOW);

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'UTC',
  threshold: 100,
  rules: [{ id: 'demo', on: { event: 'Demo' }, points: 30 }],
};
const tips = {
  key: 'tips',
  name: 'Tips',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  priority: 90,
  steps: [{ id: 'tip', kind: 'send', template: 'tip' }],
};
const news = { name: 'News', purpose: 'newsletter', template: 'news' };

beforeEach(async () => {
  clock.set(NOW);
  database = await createTestDatabase();
  await foundCompany(database, {
    now: NOW,
    model,
    sequences: [tips],
    templates: ['tip', 'news', 'other-news'],
    once: ['news', 'other-news'],
  });
});
afterEach(async () => database.close());

async function draft(more: object = {}, key = 'june'): Promise<void> {
  await putDraft(database, {
    kind: 'mailing',
    key,
    content: { key, ...news, ...more },
    actor: tester,
    now: clock.now(),
  });
}

async function schedule(time: MailingTime | undefined = new Date(AT).toISOString(), key = 'june'): Promise<void> {
  await scheduleMailing(database, { key, time, actor: tester, now: clock.now() });
}

const steer = (key = 'june') => ({ key, actor: tester, now: clock.now() });
const report = () => reportMailing(database, 'june');
const policy = (more: object) =>
  publish(
    database,
    'pacing',
    { key: 'default', name: 'Calm', timeZone: 'UTC', spacing: 'none', holidays: 'send', weekends: 'send', ...more },
    clock.now(),
  );

/** Runs the workers at `instant`. */
async function runAt(instant: Instant): Promise<number> {
  clock.set(instant);
  return runWorkers(database, clock);
}

/** Runs them at each instant at which a plan changes, up to `end`. Returns the mails that went. */
async function runUntil(end: Instant): Promise<number> {
  let sent = 0;
  for (;;) {
    const [next] = await database.query<{ at: Instant | null }>(sql`
      SELECT min(next_look_at) AS at FROM lead WHERE next_look_at > ${at(clock.now())}`);
    if (next === undefined || next.at === null || next.at > end) return sent;
    sent += await runAt(next.at);
  }
}

/** When the mails of a template were claimed. */
async function claimed(template: string): Promise<Instant[]> {
  const rows = await database.query<{ at: Instant }>(sql`
    SELECT claimed_at AS at FROM message WHERE template_key = ${template} AND state = 'accepted' ORDER BY claimed_at`);
  return rows.map(({ at: instant }) => instant);
}

describe('a mailing', () => {
  it('goes to a thousand at its instant, once each, and is done', async () => {
    await addCrowd(database, 1_000, NOW);
    await draft();
    await schedule();
    expect(await runAt(AT - 1)).toBe(0);
    expect(await readMailing(database, 'june')).toMatchObject({ state: 'scheduled', run: { enrolled: 0 } });
    expect(await runAt(AT)).toBe(1_000);
    expect(await report()).toMatchObject({
      state: 'done',
      audience: 1_000,
      enrolled: 1_000,
      sent: 1_000,
      delayed: {},
      dropped: {},
      onTheWay: 0,
    });
    const [twice] = await database.query(sql`
      SELECT 1 FROM message WHERE template_key = 'news' GROUP BY lead_id HAVING count(*) > 1`);
    expect(twice).toBeUndefined();
    expect(await runAt(AT + 3 * DAY)).toBe(0);
  });

  it('is for those with an address and consent, each of the others counted with the reason', async () => {
    await addCrowd(database, 3, NOW);
    await addCrowd(database, 2, NOW, { purpose: null });
    await addCrowd(database, 1, NOW, { purpose: 'offers' });
    const withdrawn = await addLead(database, { now: NOW });
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at) VALUES (${withdrawn.id}::uuid, 'email', 'all', 'withdrawn', 'api', 'test', ${at(NOW)})`);
    const suppressed = await addLead(database, { now: NOW });
    await database.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, at, actor) VALUES ('email', ${database.keyedHash(suppressed.email)}, 'complaint', ${at(NOW)}, 'test')`);
    await database.query(sql`INSERT INTO lead (id, created_at) VALUES (${newId()}::uuid, ${at(NOW)})`);
    const [test, lost] = [await addLead(database, { now: NOW }), await addLead(database, { now: NOW })];
    await database.query(sql`UPDATE lead SET test = true WHERE id = ${test.id}::uuid`);
    await database.query(sql`UPDATE lead SET stage = 'disqualified' WHERE id = ${lost.id}::uuid`);
    await draft();
    await schedule();
    const skipped = { 'no-consent': 3, 'consent-withdrawn': 1, suppressed: 1, 'no-address': 1 };
    expect(await previewMailing(database, { key: 'june', now: NOW })).toMatchObject({
      audience: 9,
      onTime: 3,
      never: skipped,
      later: {},
      estimated: false,
      instants: [{ at: AT, leads: 3 }],
    });
    expect(await runAt(AT)).toBe(3);
    expect(await report()).toMatchObject({ audience: 9, enrolled: 3, sent: 3, skipped });
  });

  it('that a contract needs is for those with an address, whatever they consented to; a consent gone stale carries none', async () => {
    await addCrowd(database, 2, NOW, { purpose: null });
    await addCrowd(database, 1, NOW - 800 * DAY);
    await publish(database, 'template', plainTemplate('renew'), NOW);
    await publish(database, 'template', confirmTemplate, NOW);
    const policy = {
      ...shopPolicy,
      purposes: [{ key: 'terms', name: { en: 'Your contract' }, basis: 'contract' }],
      staleness: { after: { days: 700 }, askBefore: { days: 30 }, template: 'renew' },
    };
    await publish(database, 'consent', policy, NOW);
    await draft();
    await publish(database, 'template', { ...plainTemplate('new-terms'), service: true }, NOW);
    await draft({ purpose: 'terms', template: 'new-terms' }, 'terms');
    expect(await previewMailing(database, { key: 'june', now: NOW })).toMatchObject({
      audience: 3,
      never: { 'no-consent': 2, 'consent-stale': 1 },
    });
    expect(await previewMailing(database, { key: 'terms', now: NOW })).toMatchObject({ audience: 3, never: {} });
    await schedule(new Date(AT).toISOString(), 'terms');
    expect(await runAt(AT)).toBe(3);
  });

  it('goes to whom its audience is, by score and by what is known, as of its instant', async () => {
    const leads = [];
    for (const city of ['Berlin', 'Berlin', 'Ulm', null]) {
      const lead = await addLead(database, { now: NOW });
      leads.push(lead);
      if (city !== null)
        await database.query(sql`
          INSERT INTO attribute (lead_id, name, value, source, at, recorded_at)
          VALUES (${lead.id}::uuid, 'city', ${JSON.stringify(city)}::jsonb, 'form', ${at(NOW)}, ${at(NOW)})`);
    }
    const [hot, cold, elsewhere, unknown] = leads.map(({ email }) => email) as [string, string, string, string];
    await interact(database, ...[hot, elsewhere, unknown].map((email) => ({ email, event: 'Demo', at: NOW })));
    await assessAll(database, clock);
    await draft({
      audience: {
        all: [
          { score: 'shop', points: { atLeast: 20 } },
          { lead: 'city', is: 'Berlin' },
        ],
      },
    });
    await schedule();
    // What somebody does before its time counts.
    await interact(database, { email: cold, event: 'Demo', at: NOW + HOUR });
    clock.set(NOW + HOUR);
    await assessAll(database, clock);
    expect(await runAt(AT)).toBe(2);
    const got = await database.query<{ address: string }>(
      sql`SELECT address FROM message WHERE template_key = 'news' ORDER BY address`,
    );
    expect(got.map(({ address }) => address)).toEqual([hot, cold].sort());
    expect(await report()).toMatchObject({ audience: 2, sent: 2 });
  });

  it('by an audience on events counts what was done up to its instant', async () => {
    const [did, didNot] = [await addLead(database, { now: NOW }), await addLead(database, { now: NOW })];
    await interact(
      database,
      { email: did.email, event: 'Order Completed', at: NOW },
      { email: didNot.email, event: 'Other', at: NOW },
    );
    await assessAll(database, clock);
    await draft({ audience: { event: { event: 'Order Completed' }, times: { atLeast: 1 } } });
    await schedule();
    expect(await runAt(AT)).toBe(1);
    expect(await database.query(sql`SELECT lead_id AS id FROM message`)).toEqual([{ id: did.id }]);
  });

  it('waits for a cap and for a sequence of higher priority, and goes when its turn comes', async () => {
    await policy({ caps: [{ max: 1, days: 2 }] });
    const lead = await addLead(database, { now: NOW });
    await draft({ deadline: { days: 5 } });
    await schedule();
    // Both want the place at the same instant.
    await interact(database, { email: lead.email, event: 'Signed Up', at: AT });
    clock.set(AT);
    await runMailings(database, clock);
    await assessAll(database, clock);
    await runAt(AT);
    expect([await claimed('tip'), await claimed('news')]).toEqual([[AT], []]);
    expect(await report()).toMatchObject({ state: 'sending', sent: 0, delayed: { cap: 1 } });
    const free = Date.UTC(2026, 5, 4);
    await runAt(free);
    expect(await claimed('news')).toEqual([free]);
    expect(await report()).toMatchObject({ state: 'done', sent: 1, delayed: {} });
  });

  it('is dropped at its deadline, on record, where its turn does not come', async () => {
    await policy({ caps: [{ max: 1, days: 7 }] });
    const lead = await addLead(database, { now: NOW });
    await interact(database, { email: lead.email, event: 'Signed Up', at: NOW });
    await assessAll(database, clock);
    await runAt(NOW);
    await draft();
    await schedule();
    expect(await previewMailing(database, { key: 'june', now: clock.now() })).toMatchObject({
      audience: 1,
      tooLate: { cap: 1 },
    });
    await runAt(AT);
    expect(await report()).toMatchObject({ delayed: { cap: 1 }, dropped: {} });
    await runAt(AT + 2 * DAY);
    expect(await report()).toMatchObject({ state: 'done', sent: 0, delayed: {}, dropped: { 'deadline-passed': 1 } });
    const states = await database.query<{ state: string; reason: string | null }>(sql`
      SELECT message_event.state, message_event.reason FROM message_event JOIN message ON message.id = message_id
      WHERE template_key = 'news' ORDER BY message_event.id`);
    expect(states).toEqual([
      { state: 'delayed', reason: 'cap' },
      { state: 'dropped', reason: 'deadline-passed' },
    ]);
  });

  it('is not written to who is with sales; the preview says so', async () => {
    const lead = await addLead(database, { now: NOW });
    await database.query(sql`
      INSERT INTO handoff (id, lead_id, state, trigger, offered_at, planned_rev) VALUES (${newId()}::uuid, ${lead.id}::uuid, 'offered', '{}', ${at(NOW)}, 1)`);
    await draft();
    await schedule();
    expect(await previewMailing(database, { key: 'june', now: NOW })).toMatchObject({
      audience: 1,
      waiting: { 'sales-has-the-lead': 1 },
      instants: [],
    });
    expect(await runAt(AT)).toBe(0);
    expect(await report()).toMatchObject({ enrolled: 1, delayed: { 'sales-has-the-lead': 1 }, handoffs: 0 });
  });

  it('by each lead’s own clock is due at its own instant', async () => {
    const zones = ['Pacific/Auckland', 'Europe/Berlin', 'America/New_York'];
    for (const zone of zones) {
      const lead = await addLead(database, { now: NOW });
      await database.query(sql`UPDATE lead SET time_zone = ${zone} WHERE id = ${lead.id}::uuid`);
    }
    await draft();
    await schedule({ date: '2026-06-04', time: '10:00' });
    const own = [Date.UTC(2026, 5, 3, 22), Date.UTC(2026, 5, 4, 8), Date.UTC(2026, 5, 4, 14)];
    expect((await previewMailing(database, { key: 'june', now: NOW })).instants).toEqual(
      own.map((instant) => ({ at: instant, leads: 1 })),
    );
    // Selected when the day's ten o'clock begins on earth.
    expect(await runAt(Date.UTC(2026, 5, 3, 20))).toBe(0);
    expect(await report()).toMatchObject({ enrolled: 3, onTheWay: 3 });
    for (const instant of own) {
      expect(await runAt(instant - 1)).toBe(0);
      expect(await runAt(instant)).toBe(1);
    }
    expect(await claimed('news')).toEqual(own);
    expect(await report()).toMatchObject({ state: 'done', sent: 3 });
  });

  it('goes to the second version’s readers who have not had that content', async () => {
    const [first] = [await addLead(database, { now: NOW })];
    await draft();
    await schedule();
    expect(await runAt(AT)).toBe(1);
    await expect(schedule(new Date(AT + DAY).toISOString())).rejects.toThrow(
      'Version 1 of the mailing "june" was sent already',
    );
    await addLead(database, { now: clock.now() });
    await draft({ name: 'For the others too' });
    await schedule(new Date(AT + DAY).toISOString());
    expect(await runAt(AT + DAY)).toBe(1);
    expect(await report()).toMatchObject({
      version: 2,
      audience: 2,
      enrolled: 1,
      skipped: { 'already-received': 1 },
      sent: 1,
    });
    expect(first.id).toBeDefined();
  });
});

describe('workers', () => {
  it('that are killed between two batches leave nobody out and take nobody twice', async () => {
    await addCrowd(database, 55, NOW);
    await draft();
    await schedule();
    clock.set(AT);
    await runMailings(database, clock, 20);
    // In the middle of its next batch the process dies: its transaction is as if it had never begun.
    const killed = { ...database, transaction: dyingAfter(9) };
    await expect(runMailings(killed, clock, 20)).rejects.toThrow('killed');
    expect(await report()).toMatchObject({ state: 'sending', leadsDone: 20, enrolled: 20 });
    expect(await runWorkers(database, clock)).toBe(55);
    expect(await report()).toMatchObject({ state: 'done', leads: 55, leadsDone: 55, enrolled: 55, sent: 55 });
  });

  it('several at once enrol everybody once', async () => {
    await addCrowd(database, 120, NOW);
    await draft();
    await schedule();
    clock.set(AT);
    const worker = async () => {
      let turns = 0;
      for (let idle = 0; idle < 3; ) {
        const { more } = await runMailings(database, clock, 10);
        idle = more ? 0 : idle + 1;
        if (more) turns += 1;
      }
      return turns;
    };
    const turns = await Promise.all([worker(), worker(), worker()]);
    expect(turns.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(12);
    const [counts] = await database.query(sql`
      SELECT count(*) AS enrolments, count(DISTINCT lead_id) AS leads FROM enrolment WHERE sequence_key = 'mailing.june'`);
    expect(counts).toEqual({ enrolments: 120, leads: 120 });
    expect(await report()).toMatchObject({ leadsDone: 120, audience: 120, enrolled: 120 });
  });

  /** A process that dies before its `statements`th statement. */
  function dyingAfter(statements: number): Database['transaction'] {
    return (work) =>
      database.transaction((transaction) => {
        let left = statements;
        return work({
          ...transaction,
          query(statement) {
            left -= 1;
            if (left < 0) throw new Error('connection terminated: killed');
            return transaction.query(statement);
          },
        });
      });
  }
});

describe('a mailing that is steered', () => {
  it('pauses in the middle and resumes without a flood', async () => {
    await addCrowd(database, 60, NOW);
    await policy({ throttle: { perMinute: 20 } });
    await draft();
    await schedule();
    clock.set(AT);
    while ((await runMailings(database, clock, 20)).leads.length > 0);
    let sent = 0;
    await planDue(database, clock, () => {
      sent += 1;
    });
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(60);
    await pauseMailing(database, steer());
    expect(await runAt(AT + 6 * HOUR)).toBe(0);
    expect(await report()).toMatchObject({ state: 'paused', sent, delayed: { 'sequence-paused': 60 - sent } });
    // Its deadline is two days after its time; those that the pause took do not count.
    clock.set(AT + 3 * DAY);
    expect(await runAt(AT + 3 * DAY)).toBe(0);
    await resumeMailing(database, steer());
    const first = await runAt(AT + 3 * DAY);
    expect(first).toBeLessThanOrEqual(3);
    expect(first + (await runUntil(AT + 3 * DAY + 5 * MINUTE))).toBe(60 - sent);
    expect(await report()).toMatchObject({ state: 'done', sent: 60, dropped: {} });
  });

  it('pauses while people are selected; who is selected after it is due then', async () => {
    await addCrowd(database, 50, NOW);
    await draft();
    await schedule();
    clock.set(AT);
    await runMailings(database, clock, 20);
    await pauseMailing(database, steer());
    expect(await runAt(AT + HOUR)).toBe(0);
    expect(await report()).toMatchObject({ state: 'paused', leadsDone: 20, enrolled: 20 });
    clock.set(AT + 5 * DAY);
    await resumeMailing(database, steer());
    for (let second = 0; second <= 60; second += 5) await runAt(AT + 5 * DAY + second * 1_000);
    expect(await report()).toMatchObject({ state: 'done', enrolled: 50, sent: 50, dropped: {} });
    const [late] = await database.query<{ late: number }>(sql`
      SELECT count(*) AS late FROM message WHERE due_at >= ${at(AT + 5 * DAY)}`);
    expect(late).toEqual({ late: 50 });
  });

  it('that can no longer be selected for is paused as by a person: whom it had is held, and those behind it have their turn', async () => {
    await addCrowd(database, 60, NOW);
    await draft();
    await schedule();
    await draft({ template: 'other-news' }, 'later');
    await schedule(new Date(AT + MINUTE).toISOString(), 'later');
    clock.set(AT + MINUTE);
    await runMailings(database, clock, 20);
    // No version of a mailing any more: what would stand there if its content could not be read.
    await database.query(sql`
      UPDATE mailing_run SET version_id = (SELECT live_version_id FROM definition WHERE kind = 'template' AND key = 'news')
      WHERE mailing_key = 'june'`);
    const turn = await runMailings(database, clock, 20);
    expect(turn.leads.length).toBeGreaterThan(0);
    const [run] = await database.query<{ state: string; error: string | null }>(sql`
      SELECT state, error FROM mailing_run WHERE mailing_key = 'june'`);
    expect(run).toMatchObject({ state: 'paused', error: expect.any(String) });
    const [held] = await database.query<{ count: number }>(sql`
      SELECT count(*) AS count FROM enrolment_hold JOIN enrolment USING (id) WHERE sequence_key = 'mailing.june' AND held`);
    expect(held?.count).toBe(20);
  });

  it('by each lead’s own clock, paused before some of its instants, keeps those that come after the pause', async () => {
    for (const zone of ['Europe/Berlin', 'America/New_York', 'America/Los_Angeles']) {
      const lead = await addLead(database, { now: NOW });
      await database.query(sql`UPDATE lead SET time_zone = ${zone} WHERE id = ${lead.id}::uuid`);
    }
    await draft();
    await schedule({ date: '2026-06-04', time: '10:00' });
    const [berlin, newYork, losAngeles] = [8, 14, 17].map((hour) => Date.UTC(2026, 5, 4, hour)) as [
      number,
      number,
      number,
    ];
    await runAt(berlin - HOUR);
    await pauseMailing(database, steer());
    expect(await runAt(berlin)).toBe(0);
    clock.set(newYork - HOUR);
    await resumeMailing(database, steer());
    // Berlin's is due at the pause's end, the others at their own ten o'clock.
    expect((await runAt(newYork - HOUR)) + (await runUntil(losAngeles))).toBe(3);
    const sent = await claimed('news');
    expect(sent[0]).toBeGreaterThanOrEqual(newYork - HOUR);
    expect(sent[0]).toBeLessThan(newYork - HOUR + MINUTE);
    expect(sent.slice(1)).toEqual([newYork, losAngeles]);
    expect(await report()).toMatchObject({ state: 'done', sent: 3 });
  });

  it('paused before its time keeps still when that comes', async () => {
    await addCrowd(database, 2, NOW);
    await draft();
    await schedule();
    await pauseMailing(database, steer());
    expect(await runAt(AT + HOUR)).toBe(0);
    // Longer than its deadline: it is due when the pause ends.
    clock.set(AT + 5 * DAY);
    await resumeMailing(database, steer());
    expect(await runAt(AT + 5 * DAY)).toBe(2);
    expect(await claimed('news')).toEqual([AT + 5 * DAY, AT + 5 * DAY]);
  });

  it('cancelled sends nothing more, and says so on record', async () => {
    await addCrowd(database, 30, NOW);
    await policy({ throttle: { perMinute: 20 } });
    await draft();
    await schedule();
    clock.set(AT);
    while ((await runMailings(database, clock, 20)).leads.length > 0);
    let sent = 0;
    await planDue(database, clock, () => {
      sent += 1;
    });
    expect(sent).toBeGreaterThan(0);
    await cancelMailing(database, steer());
    // No batch has ended anything yet, and a claim is refused already.
    expect(await planDueAt(AT + MINUTE)).toBe(0);
    expect(await runAt(AT + 10 * MINUTE)).toBe(0);
    expect(await report()).toMatchObject({
      state: 'cancelled',
      sent,
      delayed: {},
      dropped: { 'mailing-cancelled': 30 - sent },
      onTheWay: 0,
    });
    expect((await readMailing(database, 'june')).run?.finishedAt).not.toBeNull();
    await expect(pauseMailing(database, steer())).rejects.toThrow('is cancelled');
    await cancelMailing(database, steer());
    // Scheduled anew it goes to the others.
    await schedule(new Date(AT + DAY).toISOString());
    expect((await runAt(AT + DAY)) + (await runUntil(AT + DAY + 5 * MINUTE))).toBe(30 - sent);
    expect(await report()).toMatchObject({ state: 'done', sent: 30, dropped: {} });
  });

  async function planDueAt(instant: Instant): Promise<number> {
    clock.set(instant);
    let sent = 0;
    await planDue(database, clock, () => {
      sent += 1;
    });
    return sent;
  }

  it('of a content that may be repeated is scheduled anew after a cancel, and nobody gets it twice', async () => {
    await addCrowd(database, 10, NOW);
    await publish(database, 'template', plainTemplate('again'), NOW);
    await policy({ throttle: { perMinute: 20 } });
    await draft({ template: 'again' });
    await schedule();
    clock.set(AT);
    await runMailings(database, clock);
    await planDue(database, clock);
    const sent = (await claimed('again')).length;
    expect(sent).toBeGreaterThan(0);
    await cancelMailing(database, steer());
    await runAt(AT);
    await schedule(new Date(AT + DAY).toISOString());
    expect((await runAt(AT + DAY)) + (await runUntil(AT + DAY + HOUR))).toBe(10 - sent);
    expect(await report()).toMatchObject({
      audience: 10,
      enrolled: 10 - sent,
      skipped: { 'already-in-it': sent },
      sent: 10,
    });
    const [twice] = await database.query(sql`
      SELECT 1 FROM message WHERE state = 'accepted' GROUP BY lead_id HAVING count(*) > 1`);
    expect(twice).toBeUndefined();
  });

  it('leaves a claimed mail to its result when it is cancelled', async () => {
    await addCrowd(database, 1, NOW);
    await draft();
    await schedule();
    clock.set(AT);
    await runMailings(database, clock);
    await planDue(database, { now: () => AT });
    const [mail] = await database.query<{ id: string }>(sql`SELECT id FROM message`);
    await database.query(sql`
      UPDATE message SET state = 'claimed', claim_token = ${newId()}::uuid, lease_until = ${at(AT + MINUTE)}, finished_at = NULL WHERE id = ${mail?.id}::uuid`);
    await database.query(sql`UPDATE enrolment SET state = 'active', ended_at = NULL, end_reason = NULL`);
    await cancelMailing(database, steer());
    expect((await runMailings(database, clock)).more).toBe(false);
    expect((await readMailing(database, 'june')).run?.finishedAt).toBeNull();
    await database.query(sql`
      UPDATE message SET state = 'deferred', lease_until = NULL, next_attempt_at = ${at(AT)} WHERE id = ${mail?.id}::uuid`);
    expect(await runAt(AT + HOUR)).toBe(0);
    expect(await report()).toMatchObject({ dropped: { 'mailing-cancelled': 1 } });
    expect((await readMailing(database, 'june')).run?.finishedAt).not.toBeNull();
  });
});

describe('publishing a mailing', () => {
  const push = async (more: object = {}) => {
    await draft(more);
    return publishDefinition(database, { kind: 'mailing', key: 'june', actor: tester, now: clock.now() });
  };

  it('schedules it where it says when, and nothing where it does not', async () => {
    await push();
    expect(await readMailing(database, 'june')).toEqual({ state: 'draft', run: null });
    await push({ at: '2026-06-02T12:00+02:00' });
    expect(await readMailing(database, 'june')).toMatchObject({
      state: 'scheduled',
      run: { version: 2, beginsAt: AT },
    });
    await expect(schedule(undefined)).resolves.toBeUndefined();
  });

  it('changes one that is scheduled and keeps its time; one that is being sent is a conflict', async () => {
    await addCrowd(database, 2, NOW);
    await push();
    await schedule();
    await push({ template: 'other-news' });
    expect(await readMailing(database, 'june')).toMatchObject({
      state: 'scheduled',
      run: { version: 2, beginsAt: AT },
    });
    clock.set(AT);
    await runMailings(database, clock);
    await expect(push({ name: 'Another' })).rejects.toThrow('is being sent');
    await runAt(AT);
    expect(await claimed('other-news')).toHaveLength(2);
    expect(await claimed('news')).toEqual([]);
  });

  it('is refused for what is not there, and for a time that has passed', async () => {
    await publish(database, 'template', plainTemplate('for-reps', 'rep'), NOW);
    const fields = async (more: object) => {
      const error = await push(more).then(
        () => null,
        (failure: { fields: { path: string }[] }) => failure,
      );
      return error?.fields.map(({ path }) => path);
    };
    expect(await fields({ template: 'none' })).toEqual(['template']);
    expect(await fields({ template: 'for-reps' })).toEqual(['template']);
    expect(await fields({ audience: { score: 'nobodys', points: { atLeast: 1 } } })).toEqual(['audience']);
    expect(await fields({ at: '2026-06-02T07:00Z' })).toEqual(['at']);
    expect(await fields({ at: '2026-06-02 10:00' })).toEqual(['at']);
    expect(await fields({ at: { date: '2026-02-30', time: '10:00' } })).toEqual(['at.date']);
  });
});

describe('a preview of more leads than it looks at', () => {
  it('says that it is estimated, and comes near', async () => {
    await addCrowd(database, 700, NOW);
    await addCrowd(database, 300, NOW, { purpose: null });
    await draft();
    const found = await previewMailing(database, { key: 'june', now: NOW }, 500);
    expect(found).toMatchObject({ leads: 1_000, estimated: true, audience: 1_000 });
    expect(found.looked).toBeGreaterThan(400);
    expect(found.looked).toBeLessThan(600);
    expect(found.onTime).toBeGreaterThan(600);
    expect(found.onTime).toBeLessThan(800);
    expect(found.onTime + (found.never['no-consent'] ?? 0)).toBeGreaterThanOrEqual(999);
  });
});
