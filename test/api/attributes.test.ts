import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { publish } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';
import { assess, makeLead } from './tanja.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-24T12:00:00.000Z');
const NOBODY = '019aa000-0000-7000-8000-000000000000';

const bant = {
  name: 'Qualification',
  attributes: [
    {
      name: 'authority',
      type: 'choice',
      choices: ['yes', 'no'],
      role: 'authority',
      label: 'May decide',
      question: 'Do you decide?',
    },
    { name: 'need', type: 'choice', choices: ['now', 'medium term', 'none'], role: 'need' },
    { name: 'budget', type: 'number', role: 'budget' },
    { name: 'decidesBy', type: 'date', role: 'time' },
    { name: 'employees', of: 'account', type: 'number', role: 'classification' },
    { name: 'potential', type: 'choice', choices: ['low', 'high'] },
    {
      name: 'potential',
      of: 'account',
      type: 'choice',
      choices: ['low', 'high'],
      infer: [{ id: 'large', name: 'A large company', when: { account: 'employees', atLeast: 250 }, value: 'high' }],
    },
  ],
};

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  await api.api('PUT', 'attributes/qualification', bant);
  expect(await api.api('POST', 'attributes/qualification/publish')).toMatchObject({
    status: 200,
    body: { published: true },
  });
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

type Shown = { name: string; value: unknown };
const shown = (list: Shown[], name: string) => list.find((attribute) => attribute.name === name);
const leadOf = async (id: string) => (await api.api('GET', `leads/${id}`)).body;

describe('what a representative says', () => {
  it('Frau Petersen has no authority and needs something in the medium term; her company she shares', async () => {
    const id = await makeLead(api, database, clock, 'petersen@modehaus.example', { authority: 'Yes' });
    const { status, body } = await api.api('POST', `leads/${id}/attributes`, {
      source: 'rep',
      at: '2026-11-24T11:30:00+01:00',
      confidence: 0.9,
      attributes: { authority: 'No', need: 'Medium term', budget: null },
      account: { branches: 7 },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ leadId: id, at: '2026-11-24T10:30:00.000Z' });
    expect(shown(body.attributes, 'authority')).toMatchObject({
      label: 'May decide',
      role: 'authority',
      type: 'choice',
      value: 'no',
      source: 'rep',
      at: '2026-11-24T10:30:00.000Z',
      confidence: 0.9,
      statements: [
        { value: 'no', source: 'rep', outcome: 'wins' },
        { value: 'Yes', source: 'website', outcome: 'outranked', why: expect.stringContaining('known from rep') },
      ],
    });
    expect(shown(body.attributes, 'budget')).toMatchObject({
      value: null,
      source: null,
      statements: [{ value: null, outcome: 'says-unknown' }],
    });
    await assess(database, clock);
    const lead = await leadOf(id);
    expect(lead.account).toMatchObject({ domain: 'modehaus.example', name: null });
    expect(shown(lead.account.attributes, 'branches')).toMatchObject({ value: 7, source: 'rep' });
    // Never asked: shown as unknown.
    expect(shown(lead.attributes, 'decidesBy')).toMatchObject({ value: null, role: 'time', statements: [] });
  });

  it('is an interaction at the instant it was said, on which sequences can enter, and the lead is scored again', async () => {
    const id = await makeLead(api, database, clock, 'recorded@modehaus.example');
    await api.api('POST', `leads/${id}/attributes`, {
      source: 'rep',
      at: '2026-11-23T09:00:00Z',
      attributes: { authority: 'no', need: null },
      account: { employees: '80' },
    });
    const [interaction] = await database.query(sql`
      SELECT kind, name, source, properties, assessed_at FROM interaction WHERE lead_id = ${id}::uuid AND kind = 'tend'`);
    expect(interaction).toEqual({
      kind: 'tend',
      name: 'Attributes Recorded',
      source: 'tend',
      properties: { source: 'rep', 'attribute.authority': 'no', 'attribute.need': null, 'account.employees': 80 },
      assessed_at: null,
    });
    await assess(database, clock);
    expect(
      await database.query(sql`SELECT FROM interaction WHERE lead_id = ${id}::uuid AND assessed_at IS NULL`),
    ).toHaveLength(0);
    const { entries } = (await leadOf(id)).timeline;
    expect(entries).toContainEqual(
      expect.objectContaining({
        at: '2026-11-23T09:00:00.000Z',
        detail: expect.objectContaining({ name: 'Attributes Recorded' }),
      }),
    );
  });

  it('has a sequence begin that waits for it', async () => {
    const entry = [{ event: 'Attributes Recorded', properties: { source: 'rep', 'attribute.authority': 'no' } }];
    const steps = [{ id: 'wait', kind: 'wait', for: { days: 30 } }];
    await publish(
      database,
      'sequence',
      { key: 'no-authority', name: 'S', purpose: 'newsletter', entry, steps },
      clock.now(),
    );
    const id = await makeLead(api, database, clock, 'entry@modehaus.example');
    const enrolments = () => database.query(sql`SELECT FROM enrolment WHERE lead_id = ${id}::uuid`);
    await api.api('POST', `leads/${id}/attributes`, { source: 'api', attributes: { authority: 'no' } });
    await assess(database, clock);
    expect(await enrolments()).toHaveLength(0);
    await api.api('POST', `leads/${id}/attributes`, { source: 'rep', attributes: { authority: 'No' } });
    await assess(database, clock);
    expect(await enrolments()).toHaveLength(1);
  });

  it('is on record with who recorded it, without what was said', async () => {
    const id = await makeLead(api, database, clock, 'audit@modehaus.example');
    await api.api('POST', `leads/${id}/attributes`, {
      source: 'rep',
      attributes: { need: 'none' },
      account: { employees: 9 },
    });
    const rows = await database.query(sql`
      SELECT actor, subject_kind AS kind, detail FROM audit WHERE action = 'attributes.recorded' ORDER BY id DESC LIMIT 2`);
    expect(rows).toEqual([
      { actor: 'crm', kind: 'lead', detail: { source: 'rep', names: ['need'] } },
      { actor: 'crm', kind: 'account', detail: { source: 'rep', names: ['employees'] } },
    ]);
  });

  it('is refused where it does not fit, all of it, naming each field', async () => {
    const id = await makeLead(api, database, clock, 'refused@modehaus.example');
    const { status, body } = await api.api('POST', `leads/${id}/attributes`, {
      source: 'rep',
      at: '2027-01-01T00:00:00Z',
      attributes: { authority: 'maybe', budget: 'much', decidesBy: 'soon', employees: 5, 'a b': 1, need: 'now' },
      account: { employees: 'many', budget: 1 },
    });
    expect([status, body.code]).toEqual([400, 'invalid-request']);
    expect(
      Object.fromEntries(body.errors.map(({ path, problem }: { path: string; problem: string }) => [path, problem])),
    ).toEqual({
      'attributes.authority': 'must be one of yes, no; or null where it is not known',
      'attributes.budget': expect.stringContaining('must be a number'),
      'attributes.decidesBy': expect.stringContaining('must be a date'),
      'attributes.employees': 'is an attribute of the company: give it under account',
      'attributes.a b': expect.stringContaining('must be letters'),
      'account.employees': expect.stringContaining('must be a number'),
      'account.budget': 'is an attribute of a person: give it for a lead, under attributes',
      at: 'lies in the future',
    });
    expect(
      await database.query(sql`SELECT FROM attribute WHERE lead_id = ${id}::uuid AND source = 'rep'`),
    ).toHaveLength(0);

    const bad = async (request: object) =>
      (await api.api('POST', `leads/${id}/attributes`, request)).body.errors[0].path;
    expect(await bad({})).toBe('attributes');
    expect(await bad({ attributes: { x: { y: 1 } } })).toBe('attributes.x');
    expect(await bad({ attributes: { x: 1 }, source: 'inference' })).toBe('source');
    expect(await bad({ attributes: { x: 1 }, source: 'website' })).toBe('source');
    expect(await bad({ attributes: { x: 1 }, confidence: 2 })).toBe('confidence');
    expect(await bad({ attributes: { x: 1 }, at: 'yesterday' })).toBe('at');
    expect(await bad({ attribute: { x: 1 } })).toBe('attribute');
  });

  it('needs a lead, and for the company one that has a company', async () => {
    expect(await api.api('POST', `leads/${NOBODY}/attributes`, { attributes: { x: 1 } })).toMatchObject({
      status: 404,
    });
    const id = await makeLead(api, database, clock, 'anders@gmx.de');
    expect(await api.api('POST', `leads/${id}/attributes`, { account: { employees: 3 } })).toMatchObject({
      status: 409,
      body: { code: 'conflict', errors: [{ path: 'account' }] },
    });
    expect((await leadOf(id)).account).toBeNull();
  });

  it('can be anything under a name that nobody declared', async () => {
    const id = await makeLead(api, database, clock, 'free@modehaus.example');
    const { body } = await api.api('POST', `leads/${id}/attributes`, { attributes: { shoeSize: 42, vip: true } });
    expect(
      body.attributes.map(({ name, value, source, type }: Shown & { source: string; type: null }) => [
        name,
        value,
        source,
        type,
      ]),
    ).toEqual([
      ['shoeSize', 42, 'api', null],
      ['vip', true, 'api', null],
    ]);
  });
});

describe('a company', () => {
  it('is rated by an agency before anybody of it is known: Frau Teichmann comes later', async () => {
    const rated = await api.api('POST', 'accounts/www.Mittelstand.example/attributes', {
      source: 'agency',
      confidence: 0.8,
      attributes: { potential: 'high', name: 'Mittelstand GmbH' },
    });
    expect([rated.status, rated.body]).toEqual([
      201,
      expect.objectContaining({
        domain: 'mittelstand.example',
        name: 'Mittelstand GmbH',
        leads: 0,
        createdAt: '2026-11-24T12:00:00.000Z',
      }),
    ]);
    const id = await makeLead(api, database, clock, 'teichmann@mittelstand.example');
    await api.api('POST', `leads/${id}/attributes`, {
      source: 'agency',
      confidence: 0.8,
      attributes: { potential: 'high' },
    });
    const lead = await leadOf(id);
    expect(shown(lead.attributes, 'potential')).toMatchObject({ value: 'high', source: 'agency', confidence: 0.8 });
    expect(lead.account).toMatchObject({ domain: 'mittelstand.example', name: 'Mittelstand GmbH' });
    expect(shown(lead.account.attributes, 'potential')).toMatchObject({ value: 'high', source: 'agency' });
    expect((await api.api('GET', 'accounts/mittelstand.example')).body.leads).toBe(1);
  });

  it('has what can be concluded, with the reason', async () => {
    await api.api('POST', 'accounts/konzern.example/attributes', {
      source: 'import',
      attributes: { employees: '1200' },
    });
    const { body } = await api.api('GET', 'accounts/konzern.example');
    expect(shown(body.attributes, 'potential')).toMatchObject({
      value: 'high',
      source: 'inference',
      confidence: 0.7,
      statements: [{ id: null, outcome: 'wins', inference: { id: 'large', name: 'A large company' } }],
    });
  });

  it('is asked for by a company’s domain', async () => {
    expect(await api.api('GET', 'accounts/unknown.example')).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
    for (const domain of ['gmx.de', 'localhost', 'Modehaus'])
      expect(await api.api('GET', `accounts/${domain}`)).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'domain' }] },
      });
    expect(await api.api('POST', 'accounts/gmx.de/attributes', { attributes: { x: 1 } })).toMatchObject({
      status: 400,
    });
    expect(
      await api.api('POST', 'accounts/modehaus.example/attributes', { attributes: { employees: 'many', need: 'now' } }),
    ).toMatchObject({
      status: 400,
      body: {
        errors: [
          { path: 'attributes.employees' },
          { path: 'attributes.need', problem: expect.stringContaining('of a person') },
        ],
      },
    });
  });
});

describe('a group call', () => {
  it('is stored like any event, and says what the company is like', async () => {
    const id = await makeLead(api, database, clock, 'group@verlag.example');
    expect(
      await api.v1('group', {
        context: { traits: { email: 'group@verlag.example' } },
        groupId: 4711,
        messageId: 'g1',
        traits: { name: 'Verlag', employees: '300', email: 'info@verlag.example' },
      }),
    ).toMatchObject({ status: 200, body: { success: true } });
    const [stored] = await database.query(
      sql`SELECT kind, name, properties, context FROM interaction WHERE message_id = 'g1'`,
    );
    expect(stored).toEqual({
      kind: 'group',
      name: 'Group Identified',
      properties: { 'trait.name': true, 'trait.employees': true, 'trait.email': true },
      context: { groupId: '4711', traits: { name: 'Verlag', employees: '300', email: 'info@verlag.example' } },
    });
    await assess(database, clock);
    const { account } = await leadOf(id);
    expect(account).toMatchObject({ domain: 'verlag.example', name: 'Verlag' });
    expect(shown(account.attributes, 'employees')).toMatchObject({ value: 300, source: 'website' });
    expect(shown(account.attributes, 'groupId')).toMatchObject({ value: '4711' });
    expect(shown(account.attributes, 'potential')).toMatchObject({ value: 'high', source: 'inference' });
  });

  it('comes in batches too, and needs a group id', async () => {
    const batch = (event: object) => api.v1('batch', { batch: [{ type: 'group', userId: 'b1', ...event }] });
    expect(await batch({ groupId: 'verlag.example' })).toMatchObject({ status: 200 });
    for (const groupId of [undefined, '', {}, 'x'.repeat(256)])
      expect(await batch({ groupId })).toMatchObject({ status: 400, body: { errors: [{ path: 'batch.0.groupId' }] } });
    expect(await batch({ groupId: 'x', traits: 'none' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'batch.0.traits' }] },
    });
  });

  it('does not take the company’s address for the person’s', async () => {
    const answer = await api.v1('group', { groupId: 'g', traits: { email: 'info@verlag.example' } });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'userId' }] } });
  });
});

describe('publishing attributes', () => {
  const put = (key: string, attributes: object[]) => api.api('PUT', `attributes/${key}`, { name: key, attributes });

  it('has every lead scored anew', async () => {
    await makeLead(api, database, clock, 'refold@modehaus.example');
    expect(await database.query(sql`SELECT FROM lead WHERE refold`)).toHaveLength(0);
    await put('more', [{ name: 'colour', type: 'text' }]);
    await api.api('POST', 'attributes/more/publish');
    expect(await database.query(sql`SELECT FROM lead WHERE NOT refold AND merged_into IS NULL`)).toHaveLength(0);
    await assess(database, clock);
  });

  it('refuses a name that another live set has, and a circle through both', async () => {
    expect(await put('second', [{ name: 'authority', type: 'text' }])).toMatchObject({ status: 201 });
    expect(await api.api('POST', 'attributes/second/publish')).toMatchObject({
      status: 422,
      body: {
        code: 'definition-invalid',
        errors: [{ path: 'attributes.0.name', problem: expect.stringContaining('"qualification"') }],
      },
    });
    await put('qualification', [
      ...bant.attributes,
      { name: 'a', type: 'text', infer: [{ id: 'x', when: { lead: 'b', is: 'x' }, value: 'x' }] },
    ]);
    expect(await api.api('POST', 'attributes/qualification/publish')).toMatchObject({ status: 200 });
    await put('second', [{ name: 'b', type: 'text', infer: [{ id: 'x', when: { lead: 'a', is: 'x' }, value: 'x' }] }]);
    expect(await api.api('POST', 'attributes/second/publish')).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'attributes.0.infer.0.when', problem: expect.stringContaining('(b from a from b)') }] },
    });
  });

  it('refuses what is not valid when it is stored', async () => {
    expect(await put('bad', [{ name: 'x', type: 'colour' }])).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'attributes.0.type' }] },
    });
    expect(await api.api('GET', 'attributes')).toMatchObject({ status: 200 });
  });
});
