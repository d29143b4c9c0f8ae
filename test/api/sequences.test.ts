import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, plainTemplate, publish } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney } from '../support/driver.ts';
import { planAll, runSequenceJobs } from '../support/sequence-jobs.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';

let database: Database;
let api: RunningApi;
const NOON = Date.UTC(2026, 5, 1, 12);
const clock = fixedClock(new Date(NOON).toISOString());

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 1000,
  rules: [{ id: 'r', on: { event: 'Signed Up' }, points: 1000, limit: { per: 'lead' } }],
};
const mail = (id: string, more: object = {}) => ({ id, kind: 'send', template: id, ...more });
const welcome = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  entry: [{ event: 'Enter' }],
  goal: [{ event: 'Order Completed' }],
  audience: { event: { event: 'Blocked' }, times: { atMost: 0 } },
  steps: [
    {
      id: 'test',
      kind: 'split',
      arms: [
        { id: 'short', to: 'hello' },
        { id: 'long', to: 'story' },
      ],
    },
    mail('story'),
    mail('hello'),
    { id: 'rest', kind: 'wait', for: { days: 3 } },
    mail('offer'),
  ],
};
const stream = {
  key: 'tips',
  name: 'Tips',
  purpose: 'newsletter',
  entry: [{ event: 'Tips Wanted' }],
  streams: [{ id: 'tips', tracks: [{ id: 'all', contents: ['tip'] }] }],
  steps: [
    { id: 'one', kind: 'send', stream: 'tips' },
    { id: 'two', kind: 'send', stream: 'tips' },
  ],
};

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  await foundCompany(database, { now: NOON, model, templates: ['hello', 'story', 'offer'], sequences: [] });
  await publish(database, 'template', plainTemplate('tip', 'lead', false), NOON);
  await publish(database, 'sequence', welcome, NOON);
  await publish(database, 'sequence', stream, NOON);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

async function enter(event = 'Enter', test = false) {
  const lead = await addLead(database, { now: clock.now() });
  if (test) await database.query(sql`UPDATE lead SET test = true WHERE id = ${lead.id}::uuid`);
  await interact(database, { email: lead.email, event, at: clock.now() });
  await assessAll(database, clock);
  await runJourney(database, clock, lead.id);
  return lead;
}
const passesOf = async (lead: string) => (await api.api('GET', `leads/${lead}/enrolments`)).body.enrolments;
const post = (path: string, body?: object) => api.api('POST', path, body);

describe('one lead, by hand', () => {
  it('is paused, resumed, advanced and removed, on record', async () => {
    clock.set(NOON);
    const lead = await enter();
    const [{ id, passed }] = await passesOf(lead.id);
    expect(passed).toMatchObject([{ step: 'test' }, ...passed.slice(1)]);
    expect(await post(`enrolments/${id}/pause`)).toMatchObject({
      status: 200,
      body: { pausedAt: '2026-06-01T12:00:00.000Z' },
    });
    expect(await passesOf(lead.id)).toMatchObject([{ held: true, step: { id: 'rest' } }]);
    clock.set(NOON + DAY);
    expect(await post(`enrolments/${id}/resume`)).toMatchObject({ status: 200, body: { pausedAt: null } });
    expect(await passesOf(lead.id)).toMatchObject([{ held: false, step: { since: '2026-06-02T12:00:00.000Z' } }]);
    expect((await post(`enrolments/${id}/advance`, { to: 'nowhere' })).body.errors).toMatchObject([
      { path: 'to', problem: expect.stringContaining('story, hello, rest, offer, and end') },
    ]);
    expect(await post(`enrolments/${id}/advance`)).toMatchObject({ body: { from: 'rest', to: 'offer' } });
    await runJourney(database, clock, lead.id);
    const [done] = await passesOf(lead.id);
    expect(done).toMatchObject({ state: 'completed', endReason: 'completed', endedAt: '2026-06-02T12:00:00.000Z' });
    expect(done.passed.slice(-2)).toMatchObject([
      { step: 'rest', outcome: 'by-hand' },
      { step: 'offer', outcome: 'accepted', passedAt: '2026-06-02T12:00:00.000Z' },
    ]);
    expect(await post(`enrolments/${id}/remove`)).toMatchObject({ status: 409 });
    expect((await post(`enrolments/${newId()}/pause`)).status).toBe(404);
    expect((await post('enrolments/x/pause')).status).toBe(404);
    const audit = await database.query<{ action: string }>(
      sql`SELECT action FROM audit WHERE subject_id = ${id} ORDER BY id`,
    );
    expect(audit.map(({ action }) => action)).toEqual(['enrolment.paused', 'enrolment.resumed', 'enrolment.advanced']);
  });

  it('goes back to a step that it has had, whose mail is another one then', async () => {
    clock.set(NOON);
    const lead = await enter();
    const [{ id }] = await passesOf(lead.id);
    await post(`enrolments/${id}/advance`, { to: 'hello' });
    await runJourney(database, clock, lead.id);
    const sent = await database.query(sql`
      SELECT visit, state FROM message WHERE lead_id = ${lead.id}::uuid AND step_id = 'hello' ORDER BY visit`);
    expect(sent.at(-1)).toEqual({ visit: 2, state: 'accepted' });
  });

  it('is taken out: what waited to be sent is superseded, and the words of why are kept', async () => {
    clock.set(NOON);
    const lead = await enter();
    await post('pause');
    clock.set(NOON + 3 * DAY);
    await planAll(database, clock);
    const [{ id }] = await passesOf(lead.id);
    expect(await post(`enrolments/${id}/remove`, { reason: 'Asked on the phone' })).toMatchObject({
      status: 200,
      body: { sequence: 'welcome', mailBeingSent: false },
    });
    expect(await passesOf(lead.id)).toMatchObject([
      { state: 'left', endReason: 'removed-by-hand', endNote: 'Asked on the phone' },
    ]);
    const offer = await database.query(
      sql`SELECT state, detail FROM message WHERE lead_id = ${lead.id}::uuid AND step_id = 'offer'`,
    );
    expect(offer).toEqual([{ state: 'superseded', detail: 'removed-by-hand' }]);
    await post('resume');
  });

  it('is enrolled again only where that is said, and in its audience only unless that is said', async () => {
    clock.set(NOON);
    const lead = await enter();
    const [{ id }] = await passesOf(lead.id);
    const enrol = (how: object = {}) => post(`leads/${lead.id}/enrolments`, { sequence: 'welcome', ...how });
    expect((await enrol({ again: true })).body.detail).toContain('is in the sequence "welcome" already');
    await post(`enrolments/${id}/remove`);
    expect(await enrol()).toMatchObject({ status: 409, body: { detail: expect.stringContaining('say again') } });
    await interact(database, { email: lead.email, event: 'Blocked', at: NOON });
    await assessAll(database, clock);
    expect(await enrol({ again: true })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('not in the audience') },
    });
    expect(await enrol({ again: true, ignoreAudience: true })).toMatchObject({ status: 201 });
    expect(await passesOf(lead.id)).toHaveLength(2);
    await database.query(sql`UPDATE lead SET stage = 'disqualified' WHERE id = ${lead.id}::uuid`);
    expect((await enrol({ again: true, ignoreAudience: true })).body.detail).toContain('stage');
  });
});

describe('many leads at once', () => {
  it('come in as an import brings them, each by itself; sent again, nobody comes in twice', async () => {
    clock.set(NOON);
    const [one, other] = [await addLead(database, { now: NOON }), await addLead(database, { now: NOON })];
    const nobody = newId();
    const leads = [one.id, nobody, other.id, one.id];
    const first = await post('sequences/tips/enrolments', { leads });
    expect(first.body).toMatchObject({
      enrolled: [{ leadId: one.id }, { leadId: other.id }],
      refused: [{ leadId: nobody, reason: expect.stringContaining('There is no lead') }],
    });
    const again = await post('sequences/tips/enrolments', { leads });
    expect(again.body.enrolled).toEqual([]);
    expect(again.body.refused.map(({ reason }: { reason: string }) => reason)).toContain(
      'The lead is in the sequence "tips" already.',
    );
    expect((await passesOf(one.id))[0]).toMatchObject({ sequence: 'tips', enteredBy: 'import' });
    expect((await post('sequences/unknown/enrolments', { leads })).status).toBe(404);
    expect((await post('sequences/tips/enrolments', { leads: ['x'] })).body.errors).toMatchObject([
      { path: 'leads.0' },
    ]);
  });
});

describe('a live sequence', () => {
  it('is paused and resumed, with what is under way in view', async () => {
    clock.set(NOON);
    await enter();
    expect(await post('sequences/welcome/pause')).toMatchObject({ status: 200, body: { changed: true } });
    const shown = await api.api('GET', 'sequences/welcome');
    expect(shown.body).toMatchObject({
      liveVersion: 1,
      pausedAt: '2026-06-01T12:00:00.000Z',
      pausedBy: 'crm',
      underWay: [{ kind: 'pause', state: 'waiting', done: 0 }],
    });
    expect((await post('sequences/welcome/resume', { over: { days: -1 } })).status).toBe(400);
    expect(await post('sequences/welcome/resume', { over: { hours: 2 } })).toMatchObject({ body: { pausedAt: null } });
    expect((await api.api('GET', 'sequences')).body.definitions).toContainEqual(
      expect.objectContaining({ key: 'welcome', pausedAt: null, resuming: true }),
    );
    await runSequenceJobs(database, clock);
    expect((await api.api('GET', 'sequences/welcome')).body).toMatchObject({ pausedAt: null, underWay: [] });
    expect((await post('sequences/nothing/pause')).status).toBe(404);
  });

  it('tells how it does, without test leads', async () => {
    clock.set(NOON);
    const before = (await api.api('GET', 'sequences/welcome/report')).body;
    await enter();
    await enter('Enter', true);
    const buyer = await enter();
    await interact(database, { email: buyer.email, event: 'Order Completed', at: NOON });
    await assessAll(database, clock);
    await runJourney(database, clock, buyer.id);
    const { body } = await api.api('GET', 'sequences/welcome/report');
    expect(body.entered).toBe(before.entered + 2);
    expect(body.active).toBe(before.active + 1);
    expect(body.goal).toBe(before.goal + 1);
    expect(body.left).toMatchObject({ 'removed-by-hand': 2 });
    const hello = (report: { steps: { step: string; mails: { sent: number } | null }[] }) =>
      report.steps.find(({ step }) => step === 'hello')?.mails?.sent ?? 0;
    expect(hello(body)).toBe(hello(before) + 2);
    expect(body.steps.map(({ step }: { step: string }) => step)).toEqual(['test', 'story', 'hello', 'rest', 'offer']);
  });

  it('shows how the arms of a split do, and takes a winner', async () => {
    clock.set(NOON);
    const { body } = await api.api('GET', 'sequences/welcome/splits/test');
    const drawn = await database.query<{ arm: string; n: number }>(sql`
      SELECT outcome AS arm, count(DISTINCT lead_id) AS n FROM step_pass JOIN enrolment ON enrolment.id = enrolment_id JOIN lead ON lead.id = lead_id
      WHERE step_pass.step_id = 'test' AND NOT lead.test GROUP BY 1`);
    for (const { id, entered } of body.arms) expect(entered).toBe(drawn.find(({ arm }) => arm === id)?.n ?? 0);
    const reached = body.arms.reduce((sum: number, arm: { reached: number }) => sum + arm.reached, 0);
    expect(reached).toBe(1);
    expect(body).toMatchObject({ control: 'short', reached: 'goal', winner: null });
    const byEvent = await api.api('GET', 'sequences/welcome/splits/test?event=Order%20Completed&days=1');
    expect(byEvent.body).toMatchObject({ reached: { event: 'Order Completed', days: 1 } });
    expect(byEvent.body.arms.reduce((sum: number, arm: { reached: number }) => sum + arm.reached, 0)).toBe(1);
    expect((await api.api('GET', 'sequences/welcome/splits/rest')).body.detail).toContain('it has test');
    expect((await post('sequences/welcome/splits/test/winner', { arm: 'none' })).status).toBe(400);
    expect(await post('sequences/welcome/splits/test/winner', { arm: 'long' })).toMatchObject({
      body: { winner: { arm: 'long', pickedBy: 'crm', pickedAt: '2026-06-01T12:00:00.000Z' } },
    });
    for (let count = 0; count < 6; count += 1) {
      const lead = await enter();
      expect((await passesOf(lead.id))[0].passed.slice(0, 2)).toMatchObject([{ outcome: 'winner' }, { step: 'story' }]);
    }
    const after = (await api.api('GET', 'sequences/welcome/splits/test')).body;
    expect(after.arms).toEqual(body.arms);
    expect((await api.api('DELETE', 'sequences/welcome/splits/test/winner')).body).toEqual({ winner: null });
  });

  it('says where content is missing', async () => {
    clock.set(NOON);
    await enter('Tips Wanted');
    await enter('Tips Wanted');
    await enter('Tips Wanted', true);
    const gap = { sequence: 'tips', stream: 'tips', track: 'all', cell: null, leads: 2 };
    expect((await api.api('GET', 'sequences/tips/content-gaps')).body).toEqual({ gaps: [gap] });
    expect((await api.api('GET', 'reports/content-gaps')).body).toEqual({ gaps: [gap] });
    expect((await api.api('GET', 'sequences/welcome/content-gaps')).body).toEqual({ gaps: [] });
    expect((await api.api('GET', 'sequences/nothing/content-gaps')).status).toBe(404);
  });

  it('has its leads taken over to a new version: previewed, started, followed, cancelled', async () => {
    clock.set(NOON);
    const lead = await enter();
    await publish(database, 'sequence', { ...welcome, name: 'Welcome, again' }, NOON + HOUR);
    const body = { plan: { default: 'same-step' } };
    const preview = await post('sequences/welcome/migrations', { ...body, dryRun: true });
    expect(preview).toMatchObject({ status: 200, body: { toVersion: 2 } });
    expect(preview.body.steps).toContainEqual(
      expect.objectContaining({ step: 'rest', fate: 'same-step', toStep: 'rest' }),
    );
    const started = await post('sequences/welcome/migrations', body);
    expect(started).toMatchObject({ status: 202, body: { state: 'waiting' } });
    const address = started.headers.get('location')?.replace('/api/', '') ?? '';
    await runSequenceJobs(database, clock);
    expect((await api.api('GET', address)).body).toMatchObject({ state: 'done', done: preview.body.enrolments + 1 });
    expect(await passesOf(lead.id)).toMatchObject([{ version: 2 }]);
    expect((await post(`${address}/cancel`)).body).toMatchObject({ state: 'done' });
    expect((await api.api('GET', `sequences/tips/migrations/${started.body.id}`)).status).toBe(404);
    expect((await post('sequences/welcome/migrations', { plan: { default: 'go' } })).body.errors).toMatchObject([
      { path: 'plan.default' },
    ]);
    expect((await post('sequences/welcome/publish', { existing: 'all' })).status).toBe(400);
  });
});
