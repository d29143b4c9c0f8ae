import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../domain/instant.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { listEnrolments } from '../../store/list-enrolments.ts';
import { newId } from '../../store/new-id.ts';
import { pauseEnrolment, resumeEnrolment } from '../../store/pause-enrolment.ts';
import { pauseSequence, resumeSequence } from '../../store/pause-sequence.ts';
import { planLead } from '../../store/plan-lead.ts';
import { runSequenceJob } from '../../store/run-sequence-job.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { planAll, runSequenceJobs } from '../support/sequence-jobs.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const clock = testClock(NOON);
let database: Database;

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 1000,
  rules: [{ id: 'r', on: { event: 'Signed Up' }, points: 1000, limit: { per: 'lead' } }],
};
const sequence = (key: string, more: object = {}) => ({
  key,
  name: key,
  purpose: 'newsletter',
  entry: [{ event: `Enter ${key}` }],
  goal: [{ event: 'Order Completed' }],
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    {
      id: 'clicked',
      kind: 'waitFor',
      event: { event: 'Product Viewed' },
      timeout: { days: 3 },
      onTimeout: 'reminder',
      onEvent: 'offer',
    },
    { id: 'reminder', kind: 'send', template: 'reminder' },
    { id: 'wait', kind: 'wait', for: { days: 1 } },
    { id: 'offer', kind: 'send', template: 'offer' },
  ],
  ...more,
});

beforeAll(async () => {
  database = await createTestDatabase();
  const keys = ['held', 'event', 'goal', 'door', 'audience', 'flood', 'twice', 'hand', 'claimed', 'killed'];
  await foundCompany(database, {
    now: NOON - DAY,
    model,
    templates: ['hello', 'reminder', 'offer'],
    sequences: [
      ...keys.map((key) => sequence(key, key === 'audience' ? { audience: { event: { event: 'Became VIP' } } } : {})),
      sequence('expires', { expiry: { days: 10 } }),
      sequence('spread', { steps: [{ id: 'hello', kind: 'send', template: 'hello', deadline: { days: 2 } }] }),
    ],
  });
});
afterAll(async () => database.close());

async function enter(key: string, when: Instant = clock.now()) {
  const lead = await addLead(database, { now: when });
  await interact(database, { email: lead.email, event: `Enter ${key}`, at: when });
  await assessAll(database, clock);
  await runJourney(database, clock, lead.id);
  return lead;
}
const pause = (key: string) => pauseSequence(database, { key, actor: tester, now: clock.now() });
const resume = (key: string, over: { seconds: number } | null = { seconds: 1 }) =>
  resumeSequence(database, { key, over, actor: tester, now: clock.now() });
const steps = async (leadId: string) =>
  (
    await database.query<{ step: string }>(
      sql`SELECT step_id AS step FROM message WHERE lead_id = ${leadId}::uuid AND state = 'accepted' ORDER BY claimed_at, id`,
    )
  ).map(({ step }) => step);

describe('a paused sequence', () => {
  it('stops the clock of the people in it', async () => {
    clock.set(NOON);
    const lead = await enter('held');
    clock.set(NOON + DAY);
    await pause('held');
    await runSequenceJobs(database, clock);
    // The reminder would have been due after three days; ten go by.
    clock.set(NOON + 11 * DAY);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello']);
    await resume('held');
    // As long as it has not been let out, it is held.
    await runJourney(database, clock, lead.id);
    expect(await steps(lead.id)).toEqual(['hello']);
    await runSequenceJobs(database, clock);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello']);
    clock.set(NOON + 13 * DAY - SECOND);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello']);
    clock.set(NOON + 13 * DAY);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello', 'reminder']);
    clock.set(NOON + 14 * DAY);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello', 'reminder', 'offer']);
  });

  it('still sees what people do meanwhile: a view counts, and a purchase is the goal', async () => {
    clock.set(NOON);
    const [viewer, buyer] = [await enter('event'), await enter('event')];
    clock.set(NOON + DAY);
    await pause('event');
    await interact(
      database,
      { email: viewer.email, event: 'Product Viewed', at: NOON + 2 * DAY },
      { email: buyer.email, event: 'Order Completed', at: NOON + 2 * DAY },
    );
    clock.set(NOON + 20 * DAY);
    await assessAll(database, clock);
    await planAll(database, clock);
    expect(await listEnrolments(database, buyer.id)).toMatchObject([{ state: 'active', held: true }]);
    await resume('event');
    await runSequenceJobs(database, clock);
    clock.set(NOON + 20 * DAY + MINUTE);
    await planAll(database, clock);
    expect(await steps(viewer.id)).toEqual(['hello', 'offer']);
    expect(await steps(buyer.id)).toEqual(['hello']);
    expect(await listEnrolments(database, buyer.id)).toMatchObject([{ state: 'completed', endReason: 'goal' }]);
  });

  it('holds those who come in meanwhile at its door, and asks its audience when it goes on', async () => {
    clock.set(NOON);
    await pause('door');
    await pause('audience');
    clock.set(NOON + DAY);
    const lead = await enter('door');
    const [vip, other] = [await enter('audience'), await enter('audience')];
    expect(await steps(lead.id)).toEqual([]);
    expect(await listEnrolments(database, vip.id)).toMatchObject([{ state: 'entering', held: true }]);
    await interact(database, { email: vip.email, event: 'Became VIP', at: NOON + 2 * DAY });
    clock.set(NOON + 5 * DAY);
    await assessAll(database, clock);
    await resume('door');
    await resume('audience');
    await runSequenceJobs(database, clock);
    clock.set(NOON + 5 * DAY + 2 * SECOND);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello']);
    expect(await steps(vip.id)).toEqual(['hello']);
    expect(await listEnrolments(database, other.id)).toMatchObject([{ state: 'turned-away', endReason: 'audience' }]);
    // Its first wait counts from now, not from when it came.
    clock.set(NOON + 7 * DAY);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello']);
    clock.set(NOON + 8 * DAY + MINUTE);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello', 'reminder']);
  });

  it('does not use up the time after which an enrolment ends', async () => {
    clock.set(NOON);
    const lead = await enter('expires');
    await pause('expires');
    clock.set(NOON + 30 * DAY);
    await planAll(database, clock);
    await resume('expires');
    await runSequenceJobs(database, clock);
    await planAll(database, clock);
    expect(await listEnrolments(database, lead.id)).toMatchObject([{ state: 'active' }]);
    clock.set(NOON + 33 * DAY);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello', 'reminder']);
  });

  it('claims no mail from its first moment on, and takes back what was about to go', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    await interact(database, { email: lead.email, event: 'Enter claimed', at: NOON });
    await assessAll(database, clock);
    const { send } = await planLead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'tend.test' });
    await pause('claimed');
    const request = { token: newId(), leaseMs: MINUTE, notBefore: 0, mailFrom: 'Tend <tend@tend.test>' };
    const [messageId = ''] = send;
    expect(await claimMessage(database, clock, { messageId, ...request })).toEqual({ kind: 'look' });
    await runSequenceJobs(database, clock);
    await planAll(database, clock);
    expect(await database.query(sql`SELECT state, reason FROM message WHERE lead_id = ${lead.id}::uuid`)).toEqual([
      { state: 'delayed', reason: 'sequence-paused' },
    ]);
    // Its deadline of two weeks is not over.
    clock.set(NOON + 40 * DAY);
    await planAll(database, clock);
    await resume('claimed');
    await runSequenceJobs(database, clock);
    clock.set(NOON + 40 * DAY + SECOND);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello']);
  });

  it('lets go of nobody twice, although the process dies between batches, and although it is paused again meanwhile', async () => {
    clock.set(NOON);
    const leads = [];
    for (let count = 0; count < 7; count += 1) leads.push(await enter('killed'));
    await pause('killed');
    clock.set(NOON + 10 * DAY);
    await resume('killed');
    await runSequenceJob(database, clock, 3);
    await runSequenceJob(database, clock, 3);
    // The third batch ends with the process, before it commits.
    const dies: Database = {
      ...database,
      transaction: (work) =>
        database.transaction(async (transaction) => {
          await work(transaction);
          throw Object.assign(new Error('the process died'), { code: 'ECONNRESET' });
        }),
    };
    await expect(runSequenceJob(dies, clock, 3)).rejects.toThrow('the process died');
    clock.set(NOON + 11 * DAY);
    await pause('killed');
    const held = await database.query<{ held: boolean }>(sql`
      SELECT held FROM enrolment JOIN enrolment_hold USING (id) WHERE sequence_key = 'killed'`);
    expect(held.every((row) => row.held)).toBe(true);
    clock.set(NOON + 15 * DAY);
    await resume('killed');
    clock.set(NOON + 15 * DAY + HOUR);
    await runSequenceJobs(database, clock, 3);
    const clocks = await database.query<{ heldMs: number; since: Instant }>(sql`
      SELECT held_ms AS "heldMs", step_entered_at AS since FROM enrolment WHERE sequence_key = 'killed'`);
    // Ten days and four: how long Tend took to let them out counts as running.
    expect(clocks).toEqual(leads.map(() => ({ heldMs: 14 * DAY, since: NOON + 14 * DAY })));
    expect(
      await database.query(
        sql`SELECT 1 FROM enrolment JOIN enrolment_hold USING (id) WHERE held AND sequence_key = 'killed'`,
      ),
    ).toEqual([]);
  });

  it('goes on without a flood: the mails of a thousand come evenly', async () => {
    clock.set(NOON);
    const HELD = 1_000;
    await database.query(sql`
      WITH lead AS (INSERT INTO lead (id, created_at) SELECT gen_random_uuid(), ${at(NOON)} FROM generate_series(1, ${HELD}::int) RETURNING id)
      INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, step_entered_at, awaits, started_at)
      SELECT gen_random_uuid(), lead.id, 'flood', live_version_id, 'api', 'active', 'hello', ${at(NOON)}, '{}', ${at(NOON)}
      FROM lead JOIN definition ON kind = 'sequence' AND key = 'flood'`);
    await pause('flood');
    clock.set(NOON + DAY);
    await resume('flood', null);
    await runSequenceJobs(database, clock, 90);
    const rows = await database.query<{ from: Instant }>(sql`
      SELECT mails_from AS "from" FROM enrolment WHERE sequence_key = 'flood' ORDER BY 1`);
    expect(rows.map(({ from }) => from)).toEqual(rows.map((_, index) => NOON + DAY + index * SECOND));
    await database.query(sql`UPDATE enrolment SET state = 'left', ended_at = ${at(NOON)} WHERE sequence_key = 'flood'`);
    await database.query(
      sql`UPDATE lead SET planned_rev = attention_rev, next_look_at = NULL WHERE id IN (SELECT lead_id FROM enrolment WHERE sequence_key = 'flood')`,
    );
  });

  it('sends the mails that it held one after the other, and drops none for having to wait its turn', async () => {
    clock.set(NOON);
    const leads = [];
    // Without their consent the mails wait; the first day of the deadline goes by.
    for (let count = 0; count < 4; count += 1) {
      const lead = await addLead(database, { now: NOON, purpose: null });
      await interact(database, { email: lead.email, event: 'Enter spread', at: NOON });
      leads.push(lead);
    }
    await assessAll(database, clock);
    await planAll(database, clock);
    clock.set(NOON + DAY);
    await pause('spread');
    for (const { id } of leads)
      await database.query(sql`
        INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
        VALUES (${id}::uuid, 'email', 'newsletter', 'granted', 'api', 'test', ${at(NOON)})`);
    clock.set(NOON + 10 * DAY);
    await resume('spread', { seconds: 4 * 86_400 });
    await runSequenceJobs(database, clock);
    const sentAt: Instant[] = [];
    for (let day = 10; day < 14; day += 1) {
      clock.set(NOON + day * DAY);
      await planAll(database, clock, (_id, instant) => sentAt.push(instant));
    }
    // Their deadline of two days had one left.
    expect(sentAt).toEqual([10, 11, 12, 13].map((day) => NOON + day * DAY));
  });

  it('is paused and resumed once, however often it is said, and on record', async () => {
    clock.set(NOON);
    expect(await pause('twice')).toMatchObject({ changed: true, pausedAt: NOON });
    clock.set(NOON + HOUR);
    expect(await pause('twice')).toMatchObject({ changed: false, pausedAt: NOON });
    expect(await resume('twice')).toMatchObject({ changed: true, pausedAt: null });
    expect(await resume('twice')).toMatchObject({ changed: false });
    const audit = await database.query(
      sql`SELECT action FROM audit WHERE subject_id = 'twice' AND action LIKE 'sequence.%' ORDER BY id`,
    );
    expect(audit).toEqual([{ action: 'sequence.paused' }, { action: 'sequence.resumed' }]);
    await expect(pause('nowhere')).rejects.toThrow('no published sequence');
  });
});

describe('one lead, paused by hand', () => {
  it('is held for as long as either pause lasted, and for no instant twice', async () => {
    clock.set(NOON);
    const lead = await enter('hand');
    const [{ id } = { id: '' }] = await listEnrolments(database, lead.id);
    const by = () => ({ id, actor: tester, now: clock.now() });
    await pauseEnrolment(database, by());
    clock.set(NOON + 4 * DAY);
    await pause('hand');
    clock.set(NOON + 6 * DAY);
    await resume('hand');
    await runSequenceJobs(database, clock);
    await planAll(database, clock);
    expect(await listEnrolments(database, lead.id)).toMatchObject([{ held: true }]);
    clock.set(NOON + 10 * DAY);
    await resumeEnrolment(database, by());
    await resumeEnrolment(database, by());
    await planAll(database, clock);
    expect(await listEnrolments(database, lead.id)).toMatchObject([{ held: false, step: { since: NOON + 10 * DAY } }]);
    clock.set(NOON + 13 * DAY);
    await planAll(database, clock);
    expect(await steps(lead.id)).toEqual(['hello', 'reminder']);
  });
});
