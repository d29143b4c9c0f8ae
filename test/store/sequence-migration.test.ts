import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../domain/instant.ts';
import { migrationPlanSchema } from '../../domain/sequence/migration.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { listEnrolments } from '../../store/list-enrolments.ts';
import { cancelMigration, previewMigration, startMigration } from '../../store/migrate-sequence.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordSendResult } from '../../store/record-send-result.ts';
import { runSequenceJob } from '../../store/run-sequence-job.ts';
import { readJob } from '../../store/sequence-job.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, publish, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { planAll, runSequenceJobs } from '../support/sequence-jobs.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const clock = testClock(NOON);
let database: Database;
const opened: Database[] = [];

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 1000,
  rules: [{ id: 'r', on: { event: 'Signed Up' }, points: 1000, limit: { per: 'lead' } }],
};
const mail = (id: string, template = id) => ({ id, kind: 'send', template });
const sequence = (steps: readonly object[]) => ({
  key: 'tour',
  name: 'Tour',
  purpose: 'newsletter',
  entry: [{ event: 'Enter' }],
  steps,
});
const first = sequence([mail('hello'), { id: 'rest', kind: 'wait', for: { days: 3 } }, mail('offer'), mail('goodbye')]);
const second = sequence([
  mail('greeting'),
  { id: 'rest', kind: 'wait', for: { days: 5 } },
  mail('offer', 'better-offer'),
]);

beforeEach(async () => {
  database = await createTestDatabase();
  opened.push(database);
  clock.set(NOON);
  const templates = ['hello', 'offer', 'goodbye', 'greeting', 'better-offer'];
  await foundCompany(database, { now: NOON - DAY, model, templates, sequences: [first] });
});
afterAll(async () => {
  for (const one of opened) await one.close();
});

async function enter() {
  const lead = await addLead(database, { now: clock.now() });
  await interact(database, { email: lead.email, event: 'Enter', at: clock.now() });
  await assessAll(database, clock);
  return lead;
}
/** In its wait, with hello behind it. */
async function resting() {
  const lead = await enter();
  await runJourney(database, clock, lead.id);
  return lead;
}
const input = (plan: object, fromVersions?: number[]) => ({
  key: 'tour',
  fromVersions,
  plan: migrationPlanSchema.parse(plan),
  actor: tester,
  now: clock.now(),
});
const where = async (leadId: string) => (await listEnrolments(database, leadId))[0];
const mails = (leadId: string) =>
  database.query(
    sql`SELECT step_id AS step, visit, template_key AS template, state FROM message WHERE lead_id = ${leadId}::uuid ORDER BY created_at, id`,
  );

describe('a new version', () => {
  it('disturbs nobody in flight unless asked', async () => {
    const lead = await resting();
    await publish(database, 'sequence', second, NOON + HOUR);
    clock.set(NOON + 3 * DAY);
    await planAll(database, clock);
    expect(await mails(lead.id)).toMatchObject([
      { step: 'hello' },
      { step: 'offer', template: 'offer' },
      { step: 'goodbye' },
    ]);
  });

  it('takes over those in the same step, whose wait has been running', async () => {
    const lead = await resting();
    await publish(database, 'sequence', second, NOON + HOUR);
    clock.set(NOON + DAY);
    await startMigration(database, input({ steps: { rest: 'same-step' } }));
    await runSequenceJobs(database, clock);
    await planAll(database, clock);
    expect(await where(lead.id)).toMatchObject({ version: 2, step: { id: 'rest', visit: 1, since: NOON } });
    clock.set(NOON + 5 * DAY - 1);
    await planAll(database, clock);
    expect(await mails(lead.id)).toHaveLength(1);
    clock.set(NOON + 5 * DAY);
    await planAll(database, clock);
    expect(await mails(lead.id)).toMatchObject([
      { step: 'hello' },
      { step: 'offer', template: 'better-offer', state: 'accepted' },
    ]);
  });

  it('makes a mail that waits anew where the step mails another', async () => {
    const lead = await resting();
    // All marketing stands still, so the offer waits to be sent.
    await database.query(sql`UPDATE installation SET paused_at = ${new Date(NOON)} WHERE id = 1`);
    clock.set(NOON + 3 * DAY);
    await planAll(database, clock);
    await publish(database, 'sequence', second, clock.now());
    await startMigration(database, input({ steps: { offer: 'same-step' } }));
    await runSequenceJobs(database, clock);
    await planAll(database, clock);
    expect((await mails(lead.id)).slice(1)).toMatchObject([
      { step: 'offer', visit: 1, template: 'offer', state: 'superseded' },
      { step: 'offer', visit: 2, template: 'better-offer', state: 'delayed' },
    ]);
  });

  it('is previewed with counts, and refuses what it cannot do', async () => {
    await resting();
    await resting();
    const test = await resting();
    await database.query(sql`UPDATE lead SET test = true WHERE id = ${test.id}::uuid`);
    await publish(database, 'sequence', second, NOON + HOUR);
    const preview = await previewMigration(database, input({ steps: { rest: 'restart' } }));
    expect(preview).toEqual({
      sequence: 'tour',
      toVersion: 2,
      enrolments: 2,
      steps: [
        {
          version: 1,
          step: 'rest',
          kind: 'wait',
          enrolments: 2,
          fate: 'restart',
          toStep: 'greeting',
          mailsSuperseded: 0,
          mailsBeingSent: 0,
        },
      ],
    });
    await expect(previewMigration(database, input({ default: 'same-step' }))).rejects.toMatchObject({
      code: 'invalid-request',
      fields: [
        { path: 'plan.default', problem: expect.stringContaining('"hello"') },
        { problem: expect.stringContaining('"goodbye"') },
      ],
    });
    await expect(startMigration(database, input({}, [2, 9]))).rejects.toMatchObject({
      fields: [{ path: 'fromVersions.0' }, { path: 'fromVersions.1', problem: '"tour" has no version 9' }],
    });
    expect(await database.query(sql`SELECT 1 FROM sequence_job WHERE kind = 'migration'`)).toEqual([]);
  });

  it('leaves a mail that is being sent to its result, and then goes on', async () => {
    const lead = await enter();
    const other = await resting();
    const { send } = await planLead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'tend.test' });
    const [messageId = ''] = send;
    const token = newId();
    const request = { messageId, token, leaseMs: MINUTE, notBefore: 0, mailFrom: 'Tend <tend@tend.test>' };
    expect(await claimMessage(database, clock, request)).toMatchObject({ kind: 'claimed' });
    await publish(database, 'sequence', second, NOON);
    const { id } = await startMigration(database, input({ default: 'restart' }));
    await runSequenceJobs(database, clock, 1);
    const job = () => readJob(database, { sequence: 'tour', kind: 'migration', id });
    expect(await job()).toMatchObject({ state: 'running', total: 2, done: 1, result: { moved: 1 } });
    expect(await where(lead.id)).toMatchObject({ version: 1, step: { id: 'hello' } });
    expect(await where(other.id)).toMatchObject({ version: 2, step: { id: 'greeting' } });
    await recordSendResult(
      database,
      clock,
      { messageId, token },
      { state: 'accepted', reason: null, providerId: null, reply: null },
    );
    clock.set(NOON + 10 * SECOND);
    await runSequenceJobs(database, clock, 1);
    await planAll(database, clock);
    expect(await job()).toMatchObject({ state: 'done', done: 2 });
    expect(await mails(lead.id)).toMatchObject([
      { step: 'hello', state: 'accepted' },
      { step: 'greeting', visit: 2, state: 'accepted' },
    ]);
  });

  it('moves each once, although the process dies between batches, and can be cancelled on the way', async () => {
    const leads = [];
    for (let count = 0; count < 6; count += 1) leads.push(await resting());
    await publish(database, 'sequence', second, NOON);
    const { id } = await startMigration(database, input({ default: 'stay', steps: { rest: { to: 'offer' } } }));
    await runSequenceJob(database, clock, 2);
    const dies: Database = {
      ...database,
      transaction: (work) =>
        database.transaction(async (transaction) => {
          await work(transaction);
          throw Object.assign(new Error('the process died'), { code: 'ECONNRESET' });
        }),
    };
    await expect(runSequenceJob(dies, clock, 2)).rejects.toThrow('the process died');
    await runSequenceJob(database, clock, 2);
    const cancelled = await cancelMigration(database, { key: 'tour', id, actor: tester, now: clock.now() });
    expect(cancelled).toMatchObject({ state: 'cancelled', done: 4, total: 6, result: { moved: 4 } });
    await runSequenceJobs(database, clock);
    const on = await Promise.all(leads.map(async (lead) => (await where(lead.id))?.version));
    expect(on.filter((version) => version === 2)).toHaveLength(4);
    // Asked for again, it takes the others.
    await startMigration(database, input({ steps: { rest: 'leave' } }));
    await runSequenceJobs(database, clock);
    await planAll(database, clock);
    const states = await Promise.all(leads.map(async (lead) => await where(lead.id)));
    expect(states.filter((enrolment) => enrolment?.state === 'left')).toMatchObject([
      { endReason: 'migrated' },
      { endReason: 'migrated' },
    ]);
    expect(states.filter((enrolment) => enrolment?.state === 'completed')).toHaveLength(4);
    const audit = await database.query(
      sql`SELECT action FROM audit WHERE action LIKE 'sequence.migration%' ORDER BY id`,
    );
    expect(audit.map((row) => (row as { action: string }).action)).toEqual([
      'sequence.migration-started',
      'sequence.migration-cancelled',
      'sequence.migration-started',
    ]);
  });
});
