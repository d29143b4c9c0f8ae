import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MOST_ENDING } from '../../store/adjust-score.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { answer, fixedClock, type RunningApi, SECRET_KEY, startApi } from './running-api.ts';
import { assess, makeLead } from './tanja.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-21T12:00:00.000Z');
let leads = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  for (const key of ['pens', 'ink']) {
    await api.api('PUT', `scoring-models/${key}`, {
      name: key,
      timeZone: 'Europe/Berlin',
      threshold: 50,
      rules: [{ id: 'view', on: { kind: 'page', event: 'Product' }, points: 50 }],
    });
    await api.api('POST', `scoring-models/${key}/publish`);
  }
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

const newLead = () => makeLead(api, database, clock, `lead${++leads}@example.org`);
const fair = { model: 'pens', points: 30, reason: 'Met at the fair' };

async function adjust(lead: string, body: object, key?: string) {
  const headers = {
    Authorization: `Bearer ${SECRET_KEY}`,
    'Content-Type': 'application/json',
    ...(key === undefined ? {} : { 'Idempotency-Key': key }),
  };
  const url = `${api.url}/api/leads/${lead}/score-adjustments`;
  return answer(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function scoreOf(lead: string, model = 'pens') {
  await assess(database, clock);
  const { body } = await api.api('GET', `leads/${lead}/score?model=${model}`);
  return body.scores[0];
}

describe('adjusting a score', () => {
  it('gives the points under that model, with reason and author wherever points are explained', async () => {
    const lead = await newLead();
    const { status, body } = await adjust(lead, fair);
    expect([status, body]).toMatchObject([
      201,
      { leadId: lead, ...fair, by: 'crm', at: '2026-11-21T12:00:00.000Z', endsAt: null, created: true },
    ]);
    const score = await scoreOf(lead);
    expect(score).toMatchObject({
      firmPoints: 30,
      awards: [{ rule: 'by-hand', byHand: { reason: 'Met at the fair', by: 'crm' }, interaction: body.interactionId }],
    });
    expect(score.words).toContain('+30 by hand, from crm at 2026-11-21 12:00:00 UTC: Met at the fair');
    expect((await scoreOf(lead, 'ink')).firmPoints).toBe(0);
    const { body: shown } = await api.api('GET', `leads/${lead}`);
    const pens = shown.standings.find(({ model }: { model: string }) => model === 'pens');
    expect(pens).toMatchObject({
      firmPoints: 30,
      explanation: [{ points: 30, rule: 'by-hand', ruleName: 'By hand: Met at the fair' }],
    });
  });

  it('is audited without the reason', async () => {
    const lead = await newLead();
    await adjust(lead, { ...fair, points: -5 });
    const rows = await database.query(
      sql`SELECT actor, action, detail FROM audit WHERE subject_id = ${lead} AND action LIKE 'score.%'`,
    );
    expect(rows).toEqual([{ actor: 'crm', action: 'score.adjusted', detail: { model: 'pens', points: -5 } }]);
  });

  it('is taken back by discounting it', async () => {
    const lead = await newLead();
    const { body } = await adjust(lead, { ...fair, points: 60 });
    expect(await scoreOf(lead)).toMatchObject({ firmPoints: 60, qualified: true });
    await api.api('POST', `interactions/${body.interactionId}/discount`, { as: 'scanner' });
    expect(await scoreOf(lead)).toMatchObject({ firmPoints: 0, qualified: false, awards: [] });
    const ledger = await database.query(sql`
      SELECT points, superseded_at IS NULL AS "inForce" FROM score_ledger WHERE lead_id = ${lead}::uuid`);
    expect(ledger).toEqual([{ points: 60, inForce: false }]);
  });

  it('counts under the next version too, and ends when it was said to', async () => {
    const lead = await newLead();
    const { body } = await adjust(lead, { ...fair, validFor: { days: 7 } });
    expect(body.endsAt).toBe('2026-11-28T12:00:00.000Z');
    await api.api('PUT', 'scoring-models/pens', {
      name: 'pens',
      timeZone: 'Europe/Berlin',
      threshold: 40,
      rules: [{ id: 'view', on: { kind: 'page', event: 'Product' }, points: 50 }],
    });
    await api.api('POST', 'scoring-models/pens/publish');
    await assess(database, clock);
    const at = async (instant: string) =>
      (await api.api('GET', `leads/${lead}/score?model=pens&at=${instant}`)).body.scores[0];
    expect(await at('2026-11-28T11:59:59.999Z')).toMatchObject({ modelVersion: 2, firmPoints: 30 });
    expect(await at('2026-11-28T12:00:00Z')).toMatchObject({ firmPoints: 0, awards: [{ worth: 0 }] });
  });
});

describe('an Idempotency-Key', () => {
  it('makes the same adjustment once, also when both come at once', async () => {
    const lead = await newLead();
    const answers = await Promise.all([adjust(lead, fair, 'fair-1'), adjust(lead, fair, 'fair-1')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect(answers[0]?.body.interactionId).toBe(answers[1]?.body.interactionId);
    expect((await scoreOf(lead)).firmPoints).toBe(30);
  });

  it('that stands for something else is refused', async () => {
    const [lead, other] = [await newLead(), await newLead()];
    await adjust(lead, fair, 'fair-2');
    for (const repeat of [adjust(lead, { ...fair, points: 31 }, 'fair-2'), adjust(other, fair, 'fair-2')])
      expect((await repeat).status).toBe(409);
    expect((await scoreOf(other)).firmPoints).toBe(0);
  });
});

describe('an adjustment that is refused', () => {
  it.each([
    [{ ...fair, points: 0 }, 'points'],
    [{ ...fair, points: 1_001 }, 'points'],
    [{ ...fair, points: 1.5 }, 'points'],
    [{ ...fair, reason: ' ' }, 'reason'],
    [{ model: 'pens', points: 5 }, 'reason'],
    [{ ...fair, model: 'brushes' }, 'model'],
    [{ ...fair, validFor: { days: 0 } }, 'validFor'],
  ])('%j names %s', async (body, path) => {
    const { status, body: problem } = await adjust(await newLead(), body);
    expect([status, problem.errors[0].path]).toEqual([400, path]);
  });

  it('is of nobody', async () => {
    expect((await adjust(newId(), fair)).status).toBe(404);
  });

  it('would be one too many that end: each is remembered until it does', async () => {
    const lead = await newLead();
    for (let count = 0; count < MOST_ENDING; count += 1)
      expect((await adjust(lead, { ...fair, points: 1, validFor: { days: 1 } })).status).toBe(201);
    const refused = await adjust(lead, { ...fair, points: 1, validFor: { days: 1 } });
    expect([refused.status, refused.body.detail]).toMatchObject([
      409,
      expect.stringMatching(/^50 adjustments of this lead under "pens"/),
    ]);
    expect((await adjust(lead, { ...fair, points: 1 })).status).toBe(201);
    clock.set('2026-11-22T12:00:00.000Z');
    expect((await adjust(lead, { ...fair, points: 1, validFor: { days: 1 } })).status).toBe(201);
  });
});
