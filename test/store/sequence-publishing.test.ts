import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { publishDefinition } from '../../store/publish-definition.ts';
import { putDraft } from '../../store/put-draft.ts';
import { runSequenceJob } from '../../store/run-sequence-job.ts';
import { listOpenJobs } from '../../store/sequence-job.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, plainTemplate, publish, tester } from '../support/company.ts';
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
const opened: Database[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
  opened.push(database);
  clock.set(NOON);
  await foundCompany(database, { now: NOON - DAY, model, templates: ['hello'], sequences: [] });
});
afterAll(async () => {
  for (const one of opened) await one.close();
});

/** Whoever looked at products twice in the last three days. */
const keen = (more: object = {}) => ({
  key: 'keen',
  name: 'Keen',
  purpose: 'newsletter',
  reentry: 'after-end',
  entry: [{ when: { event: { event: 'Product Viewed' }, times: { atLeast: 2 }, within: { days: 3 } } }],
  steps: [{ id: 'hello', kind: 'send', template: 'hello' }],
  ...more,
});

async function publishKeen(existing: 'leave' | 'enrol' = 'leave', more: object = {}) {
  const content = keen(more);
  const by = { actor: tester, now: clock.now() };
  await putDraft(database, { kind: 'sequence', key: 'keen', content, ...by });
  return publishDefinition(database, { kind: 'sequence', key: 'keen', existing, ...by });
}

async function leadWhoViewed(times: number, when: Instant = NOON - HOUR) {
  const lead = await addLead(database, { now: NOON - DAY });
  await viewed(lead.email, times, when);
  await runJourney(database, clock, lead.id);
  return lead;
}

async function viewed(email: string, times: number, when: Instant) {
  for (let count = 0; count < times; count += 1)
    await interact(database, { email, event: 'Product Viewed', at: when - count });
  await assessAll(database, clock);
}

const passes = async (leadId: string) =>
  (await database.query<{ n: number }>(sql`SELECT count(*) AS n FROM enrolment WHERE lead_id = ${leadId}::uuid`))[0]?.n;
const everybody = async () => {
  await runSequenceJobs(database, clock);
  await planAll(database, clock);
};

describe('publishing a sequence that leads come into by a condition', () => {
  it('leaves those whose condition holds already, until it comes true anew', async () => {
    const lead = await leadWhoViewed(2);
    await publishKeen();
    await everybody();
    expect(await passes(lead.id)).toBe(0);
    expect(
      await database.query(sql`SELECT sequence_key AS key FROM entry_condition WHERE lead_id = ${lead.id}::uuid`),
    ).toEqual([{ key: 'keen' }]);
    // Still true: nothing. Three days later it has ceased, which only the timer says.
    await viewed(lead.email, 1, NOON + MINUTE);
    await planAll(database, clock);
    expect(await passes(lead.id)).toBe(0);
    clock.set(NOON + 4 * DAY);
    await planAll(database, clock);
    await viewed(lead.email, 2, NOON + 4 * DAY);
    await planAll(database, clock);
    expect(await passes(lead.id)).toBe(1);
  });

  it('enrols them where that is asked for', async () => {
    const [keenOne, other] = [await leadWhoViewed(2), await leadWhoViewed(1)];
    await publishKeen('enrol');
    expect(await passes(keenOne.id)).toBe(0);
    await everybody();
    expect(await passes(keenOne.id)).toBe(1);
    expect(await passes(other.id)).toBe(0);
    await expect(publishKeen('enrol')).rejects.toThrow('is live already');
  });

  it('lets in whoever is planned between the publishing and the look at everybody, and becomes so then', async () => {
    const lead = await leadWhoViewed(1);
    await publishKeen();
    // Planned by something else, before its batch: this was its look, at which it did not hold.
    await runJourney(database, clock, lead.id);
    await viewed(lead.email, 1, NOON);
    await planAll(database, clock);
    expect(await passes(lead.id)).toBe(1);
    await everybody();
    expect(await passes(lead.id)).toBe(1);
  });

  it('lets in whoever came after the publishing, as by any other', async () => {
    await publishKeen();
    clock.set(NOON + MINUTE);
    const lead = await addLead(database, { now: NOON + MINUTE });
    await viewed(lead.email, 2, NOON + MINUTE);
    await planAll(database, clock);
    expect(await passes(lead.id)).toBe(1);
  });

  it('is published again meanwhile: the last choice counts, and what held before still does', async () => {
    const leads = [await leadWhoViewed(2), await leadWhoViewed(2), await leadWhoViewed(2)];
    await publishKeen();
    await runSequenceJob(database, clock, 1);
    expect(await listOpenJobs(database, 'keen')).toMatchObject([
      { kind: 'publish', state: 'running', done: 1, total: 3 },
    ]);
    await publishKeen('leave', { name: 'Keen still' });
    // It is the same condition: the look goes on where it was.
    expect(await listOpenJobs(database, 'keen')).toMatchObject([{ state: 'running', done: 1 }]);
    await everybody();
    for (const { id } of leads) expect(await passes(id)).toBe(0);
    await publishKeen('enrol', { name: 'Keen all' });
    await everybody();
    for (const { id } of leads) expect(await passes(id)).toBe(1);
    // Another version with the same condition disturbs nobody.
    await publishKeen('leave', { name: 'Keen once more' });
    await everybody();
    for (const { id } of leads) expect(await passes(id)).toBe(1);
    expect(await listOpenJobs(database, 'keen')).toEqual([]);
  });

  it('with the same condition again loses nobody who comes to it meanwhile', async () => {
    const [comes, stays] = [await leadWhoViewed(1), await leadWhoViewed(2)];
    await publishKeen();
    await everybody();
    await publishKeen('leave', { name: 'Keen still', entry: [...keen().entry, { event: 'Asked' }] });
    expect(await listOpenJobs(database, 'keen')).toEqual([]);
    // Before anybody was looked at.
    await viewed(comes.email, 1, NOON);
    await everybody();
    expect([await passes(comes.id), await passes(stays.id)]).toEqual([1, 0]);
    // Back to the version before: it is all the same.
    await publishKeen();
    await everybody();
    expect([await passes(comes.id), await passes(stays.id)]).toEqual([1, 0]);
  });

  it('with another condition takes for old what holds when a lead is looked at', async () => {
    const comes = await leadWhoViewed(1);
    await publishKeen();
    await everybody();
    const [{ when }] = keen().entry as [{ when: object }];
    await publishKeen('leave', { entry: [{ when: { ...when, within: { days: 4 } } }] });
    await viewed(comes.email, 1, NOON);
    await everybody();
    expect(await passes(comes.id)).toBe(0);
  });

  it('with the same condition gives the last choice to those who were not looked at yet', async () => {
    const lead = await leadWhoViewed(2);
    await publishKeen('enrol');
    await publishKeen('leave', { name: 'Keen still' });
    await everybody();
    expect(await passes(lead.id)).toBe(0);
    clock.set(NOON + MINUTE);
    const later = await addLead(database, { now: NOON - MINUTE });
    // Who came after the condition was published, though before this version, was not in it before.
    await database.query(sql`UPDATE lead SET created_at = ${new Date(NOON + 1)} WHERE id = ${later.id}::uuid`);
    await publishKeen('leave', { name: 'Keen yet' });
    await viewed(later.email, 2, NOON + MINUTE);
    await everybody();
    expect(await passes(later.id)).toBe(1);
  });

  it.each([
    ['stages', { stages: ['lead'] }, { stages: ['lead', 'customer'] }],
    ['re-entry', { reentry: 'never' }, { reentry: 'after-end' }],
  ])('for other leads than before (%s) takes for old what holds for them', async (_, before, after) => {
    const lead = await leadWhoViewed(0);
    await publishKeen('leave', before);
    await everybody();
    const first = 'stages' in before ? 0 : 1;
    if (first === 1) await viewed(lead.email, 2, NOON);
    else await database.query(sql`UPDATE lead SET stage = 'customer' WHERE id = ${lead.id}::uuid`);
    await planAll(database, clock);
    clock.set(NOON + 5 * DAY);
    await planAll(database, clock);
    // It comes to hold for a lead that can't come in, and so is not noted.
    await viewed(lead.email, 2, NOON + 5 * DAY);
    await planAll(database, clock);
    await publishKeen('leave', after);
    await everybody();
    await runJourney(database, clock, lead.id);
    expect(await passes(lead.id)).toBe(first);
  });

  it('goes on where it was when the process is killed', async () => {
    const leads = [];
    for (let count = 0; count < 5; count += 1) leads.push(await leadWhoViewed(2));
    await publishKeen('enrol');
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
    expect(await listOpenJobs(database, 'keen')).toMatchObject([{ done: 2 }]);
    await everybody();
    for (const { id } of leads) expect(await passes(id)).toBe(1);
  });
});

it('a template for an exhausted stream reaches those who wait for it', async () => {
  const streamed = {
    key: 'stream',
    name: 'Stream',
    purpose: 'newsletter',
    entry: [{ event: 'Enter' }],
    streams: [{ id: 'tips', tracks: [{ id: 'all', contents: ['tip-one'] }] }],
    steps: [
      { id: 'first', kind: 'send', stream: 'tips' },
      { id: 'second', kind: 'send', stream: 'tips' },
    ],
  };
  await publish(database, 'template', plainTemplate('tip-one', 'lead', false), NOON);
  await publish(database, 'sequence', streamed, NOON);
  const lead = await addLead(database, { now: NOON });
  await interact(database, { email: lead.email, event: 'Enter', at: NOON });
  await assessAll(database, clock);
  await runJourney(database, clock, lead.id);
  const state = () => database.query(sql`SELECT state, exhausted, gap FROM enrolment WHERE lead_id = ${lead.id}::uuid`);
  expect(await state()).toEqual([
    { state: 'active', exhausted: true, gap: { stream: 'tips', track: 'all', cell: null } },
  ]);
  await publish(database, 'template', plainTemplate('other', 'lead', false), NOON);
  // A new version that says something new.
  await publish(database, 'template', { ...plainTemplate('tip-one', 'lead', false), lineage: 'tip-two' }, NOON);
  await planAll(database, clock);
  expect(await state()).toEqual([{ state: 'completed', exhausted: false, gap: null }]);
});
