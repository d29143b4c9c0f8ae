import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';
import { makeLead } from './tanja.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-21T12:00:00.000Z');
const NOW = new Date(clock.now());
let leads = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  for (const [key, name] of [
    ['petra', 'Petra Lindner'],
    ['jonas', 'Jonas Weber'],
  ]) {
    await api.api('PUT', `reps/${key}`, { name, email: `${key}@federkiel.example` });
  }
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

/** A lead that is offered to sales, and whom it was assigned to. */
async function offered(owner: string | null = 'petra'): Promise<{ lead: string; handoff: string; mail: string }> {
  leads += 1;
  const lead = await makeLead(api, database, clock, `lead${leads}@example.org`);
  const [handoff, mail] = [newId(), newId()];
  await database.query(sql`
    INSERT INTO handoff (id, lead_id, state, trigger, owner_key, round, offered_at)
    VALUES (${handoff}::uuid, ${lead}::uuid, 'offered', '{"points": 53, "threshold": 50, "modelKey": "stationery"}', ${owner}, ${owner === null ? 0 : 1}::int, ${NOW})`);
  if (owner === null) return { lead, handoff, mail };
  await database.query(sql`
    INSERT INTO handoff_assignment (handoff_id, round, rep_key, assigned_at, accept_by) VALUES (${handoff}::uuid, 1, ${owner}, ${NOW}, ${NOW})`);
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, handoff_id, rep_key, channel, purpose, visit, template_key, lineage, state, due_at, message_id_header, created_at)
    VALUES (${mail}::uuid, 'rep', ${lead}::uuid, ${handoff}::uuid, ${owner}, 'email', 'handoff', 1, 'handoff', 'handoff', 'due', ${NOW}, ${`<${mail}@test>`}, ${NOW})`);
  return { lead, handoff, mail };
}

const post = (handoff: string, what: string, body: object) => api.api('POST', `handoffs/${handoff}/${what}`, body);
const revisions = async (lead: string, handoff: string) =>
  (
    await database.query<{ lead: number; handoff: number }>(sql`
    SELECT lead.attention_rev AS lead, handoff.attention_rev AS handoff FROM lead, handoff WHERE lead.id = ${lead}::uuid AND handoff.id = ${handoff}::uuid`)
  )[0];
const assignments = (handoff: string) =>
  database.query<object>(
    sql`SELECT round, rep_key AS rep, end_reason AS ended FROM handoff_assignment WHERE handoff_id = ${handoff}::uuid ORDER BY round`,
  );
const outcomes = (lead: string) =>
  database.query<object>(
    sql`SELECT name, message_id AS "messageId", properties FROM interaction WHERE lead_id = ${lead}::uuid AND source = 'tend'`,
  );

describe('accepting', () => {
  it('gives the lead to the representative and wakes journey and handoff', async () => {
    const { lead, handoff, mail } = await offered();
    const before = await revisions(lead, handoff);
    const { status, body } = await post(handoff, 'accept', { rep: 'petra' });
    expect([status, body]).toMatchObject([
      200,
      {
        id: handoff,
        leadId: lead,
        state: 'accepted',
        owner: { key: 'petra', name: 'Petra Lindner' },
        acceptedAt: '2026-11-21T12:00:00.000Z',
        trigger: { points: 53 },
      },
    ]);
    expect(await revisions(lead, handoff)).toEqual({
      lead: (before?.lead ?? 0) + 1,
      handoff: (before?.handoff ?? 0) + 1,
    });
    expect(await assignments(handoff)).toEqual([{ round: 1, rep: 'petra', ended: 'accepted' }]);
    const [message] = await database.query(sql`SELECT state, reason FROM message WHERE id = ${mail}::uuid`);
    expect(message).toEqual({ state: 'superseded', reason: 'accepted' });
    expect(await post(handoff, 'accept', { rep: 'petra' })).toMatchObject({ status: 200, body: { state: 'accepted' } });
  });

  it('is won by one of two who try at once; the other learns who has it', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { handoff } = await offered(round % 2 === 0 ? null : 'petra');
      const answers = await Promise.all([
        post(handoff, 'accept', { rep: 'petra' }),
        post(handoff, 'accept', { rep: 'jonas' }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      const won = answers.find(({ status }) => status === 200)?.body.owner;
      const lost = answers.find(({ status }) => status === 409)?.body;
      expect(lost).toMatchObject({ code: 'conflict', detail: expect.stringContaining(`${won.name} (${won.key})`) });
      expect(await assignments(handoff)).toContainEqual(expect.objectContaining({ rep: won.key, ended: 'accepted' }));
    }
  });

  it('is open to a colleague who was not asked, and the record shows it', async () => {
    const { handoff } = await offered('petra');
    expect(await post(handoff, 'accept', { rep: 'jonas' })).toMatchObject({
      status: 200,
      body: { owner: { key: 'jonas' }, round: 2 },
    });
    expect(await assignments(handoff)).toEqual([
      { round: 1, rep: 'petra', ended: 'closed' },
      { round: 2, rep: 'jonas', ended: 'accepted' },
    ]);
  });

  it('is for active representatives only', async () => {
    const { handoff } = await offered();
    expect(await post(handoff, 'accept', { rep: 'nobody' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'rep' }] },
    });
    await api.api('PUT', 'reps/gone', { name: 'Gone', email: 'gone@federkiel.example', active: false });
    expect(await post(handoff, 'accept', { rep: 'gone' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'rep' }] },
    });
    expect(await post(handoff, 'accept', {})).toMatchObject({ status: 400, body: { errors: [{ path: 'rep' }] } });
    expect(await post(newId(), 'accept', { rep: 'petra' })).toMatchObject({ status: 404 });
    expect(await post('x', 'accept', { rep: 'petra' })).toMatchObject({ status: 404 });
  });
});

describe('an outcome', () => {
  it('"won" makes the lead a customer and is an interaction that sequences can enter on', async () => {
    const { lead, handoff } = await offered();
    await post(handoff, 'accept', { rep: 'petra' });
    expect(await post(handoff, 'outcome', { outcome: 'won', rep: 'petra' })).toMatchObject({
      status: 200,
      body: { state: 'closed', outcome: 'won', closedAt: '2026-11-21T12:00:00.000Z' },
    });
    expect((await api.api('GET', `leads/${lead}`)).body.stage).toBe('customer');
    expect(await outcomes(lead)).toEqual([
      { name: 'Handoff Won', messageId: `handoff:${handoff}:won`, properties: { handoff, outcome: 'won' } },
    ]);
    expect(await post(handoff, 'outcome', { outcome: 'won' })).toMatchObject({ status: 200 });
    expect(await outcomes(lead)).toHaveLength(1);
    expect(await post(handoff, 'outcome', { outcome: 'lost' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('won') },
    });
    expect(await post(handoff, 'accept', { rep: 'petra' })).toMatchObject({ status: 409 });
  });

  it.each(['lost', 'recycled'])('"%s" leaves the lead a lead', async (outcome) => {
    const { lead, handoff } = await offered();
    await post(handoff, 'accept', { rep: 'petra' });
    expect(await post(handoff, 'outcome', { outcome, reason: 'next year' })).toMatchObject({
      status: 200,
      body: { outcome, outcomeReason: 'next year' },
    });
    expect((await api.api('GET', `leads/${lead}`)).body.stage).toBe('lead');
    expect(await outcomes(lead)).toHaveLength(1);
  });

  it('needs a lead that was taken, by the one who took it', async () => {
    const { handoff } = await offered();
    expect(await post(handoff, 'outcome', { outcome: 'won' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('accept it first') },
    });
    await post(handoff, 'accept', { rep: 'petra' });
    expect(await post(handoff, 'outcome', { outcome: 'won', rep: 'jonas' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('Petra Lindner') },
    });
    expect(await post(handoff, 'outcome', { outcome: 'rejected' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'outcome' }] },
    });
  });
});

describe('rejecting', () => {
  it('ends the handoff with a reason, and marketing goes on', async () => {
    const { lead, handoff, mail } = await offered();
    expect(await post(handoff, 'reject', { rep: 'petra' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'reason' }] },
    });
    expect(await post(handoff, 'reject', { rep: 'jonas', reason: 'no' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('Petra Lindner') },
    });
    expect(await post(handoff, 'reject', { rep: 'petra', reason: 'a student' })).toMatchObject({
      status: 200,
      body: { state: 'closed', outcome: 'rejected', outcomeReason: 'a student' },
    });
    expect(await post(handoff, 'reject', { rep: 'petra', reason: 'a student' })).toMatchObject({ status: 200 });
    expect(await assignments(handoff)).toEqual([{ round: 1, rep: 'petra', ended: 'rejected' }]);
    expect(await outcomes(lead)).toMatchObject([{ name: 'Handoff Rejected' }]);
    expect(JSON.stringify(await outcomes(lead))).not.toContain('student');
    const [message] = await database.query(sql`SELECT state FROM message WHERE id = ${mail}::uuid`);
    expect(message).toEqual({ state: 'superseded' });
  });

  it('is too late once the lead was accepted', async () => {
    const { handoff } = await offered();
    await post(handoff, 'accept', { rep: 'petra' });
    expect(await post(handoff, 'reject', { rep: 'petra', reason: 'no' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('outcome') },
    });
  });
});

describe('the list', () => {
  it('is by state, newest first, and one can be read alone', async () => {
    const { lead, handoff } = await offered();
    const { body } = await api.api('GET', `handoffs?state=offered&lead=${lead}`);
    expect(body.handoffs).toMatchObject([{ id: handoff, leadId: lead, state: 'offered', owner: { key: 'petra' } }]);
    expect(
      (await api.api('GET', 'handoffs?state=closed')).body.handoffs.every(
        ({ state }: { state: string }) => state === 'closed',
      ),
    ).toBe(true);
    expect((await api.api('GET', `handoffs/${handoff}`)).body.id).toBe(handoff);
    expect(await api.api('GET', 'handoffs?state=open')).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'state' }] },
    });
  });
});

describe('representatives', () => {
  it('can be stored again and again, and listed', async () => {
    expect(await api.api('PUT', 'reps/anna', { name: 'Anna', email: ' Anna@Federkiel.example' })).toMatchObject({
      status: 200,
      body: { key: 'anna', name: 'Anna', email: 'anna@federkiel.example', active: true },
    });
    expect(
      await api.api('PUT', 'reps/anna', {
        key: 'anna',
        name: 'Anna B',
        email: 'anna@federkiel.example',
        active: false,
      }),
    ).toMatchObject({ status: 200 });
    expect((await api.api('GET', 'reps')).body.reps).toContainEqual({
      key: 'anna',
      name: 'Anna B',
      email: 'anna@federkiel.example',
      active: false,
    });
    expect(await api.api('PUT', 'reps/anna', { key: 'berta', name: 'B', email: 'b@example.org' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'key' }] },
    });
    expect(await api.api('PUT', 'reps/Anna', { name: 'B', email: 'no' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'key' }, { path: 'email' }] },
    });
    expect(await api.api('PUT', 'reps/anna', [1])).toMatchObject({ status: 400 });
  });

  it('wake the handoffs that nobody has', async () => {
    const { lead, handoff } = await offered(null);
    const before = await revisions(lead, handoff);
    await api.api('PUT', 'reps/new', { name: 'New', email: 'new@federkiel.example' });
    expect(await revisions(lead, handoff)).toEqual({ ...before, handoff: (before?.handoff ?? 0) + 1 });
  });
});
