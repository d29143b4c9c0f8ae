import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY } from '../../domain/instant.ts';
import { migrationPlanSchema } from '../../domain/sequence/migration.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { enrolLead } from '../../store/enrol-lead.ts';
import { startMigration } from '../../store/migrate-sequence.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { holdOffPublishing } from '../../store/publishing-lock.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, plainTemplate, publish, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { runSequenceJobs } from '../support/sequence-jobs.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'UTC',
  threshold: 1000,
  rules: [{ id: 'r', on: { event: 'Signed Up' }, points: 1000, limit: { per: 'lead' } }],
};
const mail = (id: string) => ({ id, kind: 'send', template: id });
const sequence = (steps: readonly object[], more: object = {}) => ({
  key: 'low',
  name: 'S',
  purpose: 'newsletter',
  steps,
  ...more,
});
const rest = { id: 'rest', kind: 'wait', for: { days: 300 } };

describe('a plan that is made again', () => {
  const clock = testClock(NOON);
  const opened: Database[] = [];
  let database: Database;
  beforeEach(async () => {
    database = await createTestDatabase();
    opened.push(database);
    clock.set(NOON);
    await foundCompany(database, { now: NOON - DAY, model, templates: ['low', 'high'], sequences: [] });
  });
  afterAll(async () => {
    for (const one of opened) await one.close();
  });
  const enrol = (leadId: string, key: string) =>
    enrolLead(database, { leadId, sequence: key, actor: tester, now: clock.now() });
  const plan = (id: string) => planLead(database, clock, id, { notBefore: 0, messageIdDomain: 'tend.test' });

  it('withholds what an older one commanded: the claim finds it, and the place goes to the higher priority', async () => {
    const pacing = { key: 'pace', name: 'Pace', timeZone: 'UTC', caps: [{ max: 1, days: 7 }], spacing: 'none' };
    await publish(database, 'pacing', pacing, NOON);
    await publish(database, 'sequence', sequence([mail('low')], { priority: 10 }), NOON);
    await publish(database, 'sequence', sequence([mail('high')], { key: 'high', priority: 90 }), NOON);
    const { id } = await addLead(database, { now: NOON });
    await enrol(id, 'low');
    const { send } = await plan(id);
    await enrol(id, 'high');
    await plan(id);
    const request = { token: newId(), leaseMs: 60_000, notBefore: clock.now(), mailFrom: 'Tend <tend@tend.test>' };
    expect(await claimMessage(database, clock, { ...request, messageId: send[0] ?? '' })).toEqual({ kind: 'look' });
    await runJourney(database, clock, id);
    const sent = await database.query(sql`
      SELECT template_key AS template FROM message WHERE lead_id = ${id}::uuid AND state = 'accepted'`);
    expect(sent).toEqual([{ template: 'high' }]);
  });

  it('goes through as many steps that record something as the sequence has, also after days of standing still', async () => {
    const steps = [
      { id: 'hour', kind: 'wait', for: { hours: 1 } },
      { id: 'seen', kind: 'update', set: { seen: true } },
      { id: 'back', kind: 'goTo', step: 'hour', atMost: 100 },
      rest,
    ];
    await publish(database, 'sequence', sequence(steps, { entry: [{ event: 'Enter' }] }), NOON - 10 * DAY);
    const { id, email } = await addLead(database, { now: NOON - 10 * DAY });
    await interact(database, { email, event: 'Enter', at: NOON - 3 * DAY });
    await assessAll(database, clock);
    await plan(id);
    const [passed] = await database.query<{ count: number }>(
      sql`SELECT count(*) AS count FROM step_pass WHERE step_id = 'seen'`,
    );
    expect(passed?.count).toBe(72);
  });

  it('tells a colleague once for a visit, also where a migrated lead comes by the step again', async () => {
    await publish(database, 'template', plainTemplate('tell', 'colleague'), NOON);
    const tell = { id: 'n', kind: 'notify', rep: 'rita', template: 'tell' };
    const day = { id: 'w', kind: 'wait', for: { days: 1 } };
    await publish(database, 'sequence', sequence([tell, day, mail('low')]), NOON);
    const { id } = await addLead(database, { now: NOON });
    await enrol(id, 'low');
    await runJourney(database, clock, id);
    await publish(database, 'sequence', sequence([day, tell, mail('low')]), NOON);
    const chosen = migrationPlanSchema.parse({ default: 'same-step' });
    await startMigration(database, { key: 'low', plan: chosen, fromVersions: undefined, actor: tester, now: NOON });
    await runSequenceJobs(database, clock);
    clock.set(NOON + 2 * DAY);
    await runJourney(database, clock, id);
    const sent = await database.query<{ template: string }>(sql`
      SELECT template_key AS template FROM message WHERE lead_id = ${id}::uuid AND state = 'accepted' ORDER BY claimed_at`);
    expect(sent.map(({ template }) => template)).toEqual(['tell', 'low']);
  });

  it('does not offer a lead whom sales closed yesterday for an older handoff that was closed before', async () => {
    const { id, email } = await addLead(database, { now: NOON - 10 * DAY });
    const closed = (offered: number, ended: number) =>
      database.query(sql`
        INSERT INTO handoff (id, lead_id, state, outcome, trigger, offered_at, closed_at)
        VALUES (${newId()}::uuid, ${id}::uuid, 'closed', 'recycled', '{"modelKey":"shop"}'::jsonb, ${at(offered)}, ${at(ended)})`);
    await closed(NOON - 9 * DAY, NOON - DAY);
    await closed(NOON - 8 * DAY, NOON - 7 * DAY);
    await interact(database, { email, event: 'Signed Up', at: NOON - 5 * DAY });
    await assessAll(database, clock);
    expect(await plan(id)).toMatchObject({ handoff: null });
  });

  it('is not under way while something is published: who waits for that is found', async () => {
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const order: string[] = [];
    let held: () => void = () => {};
    const holding = new Promise<void>((resolve) => {
      held = resolve;
    });
    const planning = database.transaction(async (transaction) => {
      await holdOffPublishing(transaction);
      held();
      await finished;
      order.push('planned');
    });
    await holding;
    const publishing = publish(database, 'template', plainTemplate('new'), NOON).then(() => order.push('published'));
    // Until it stands in the queue behind the plan.
    for (let waiting = 0; waiting === 0; ) {
      const [row] = await database.query<{ waiting: number }>(sql`
        SELECT count(*) AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
      waiting = row?.waiting ?? 0;
    }
    finish();
    await Promise.all([planning, publishing]);
    expect(order).toEqual(['planned', 'published']);
  });
});
