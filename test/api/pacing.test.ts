import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../config/package-root.ts';
import type { Instant } from '../../domain/instant.ts';
import { noPolicy } from '../../domain/pacing/policy.ts';
import type { Database } from '../../store/database.ts';
import { loadLiveDefinitions } from '../../store/load-live-definitions.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-24T12:00:00.000Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
});
beforeEach(async () => {
  await database.query(sql`UPDATE definition SET live_version_id = NULL WHERE kind = 'pacing'`);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

const calm = { name: 'Calm', timeZone: 'Europe/Berlin', country: 'DE', caps: [{ max: 2, days: 7 }] };
const livePolicy = async () => (await loadLiveDefinitions(database)).pacing;

async function put(key: string, content: object) {
  const { status } = await api.api('PUT', `pacing/${key}`, content);
  expect([200, 201]).toContain(status);
}

describe('a pacing policy', () => {
  it('holds nothing back until one is published', async () => {
    expect(await livePolicy()).toEqual(noPolicy);
    await put('default', calm);
    expect(await livePolicy()).toEqual(noPolicy);
  });

  it('is live once it is published, with what it left out filled in', async () => {
    await put('default', calm);
    expect(await api.api('POST', 'pacing/default/publish')).toMatchObject({ status: 200, body: { published: true } });
    expect(await livePolicy()).toMatchObject({
      key: 'default',
      caps: [{ channel: 'email', max: 2, days: 7 }],
      spacing: { hours: 20 },
      weekends: 'wait',
      holidays: 'wait',
    });
    await put('default', { ...calm, spacing: 'none' });
    await api.api('POST', 'pacing/default/publish');
    expect((await livePolicy()).spacing).toBe('none');
    expect((await api.api('GET', 'pacing')).body.definitions).toMatchObject([{ key: 'default', name: 'Calm' }]);
  });

  it('is one: a second key beside it is a conflict, also when both are published at the same instant', async () => {
    await put('default', calm);
    await put('other', { ...calm, name: 'Other' });
    const answers = await Promise.all(['default', 'other'].map((key) => api.api('POST', `pacing/${key}/publish`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const refused = answers.find(({ status }) => status === 409);
    const { key } = await livePolicy();
    expect(refused?.body).toMatchObject({ code: 'conflict', detail: expect.stringContaining(`"${key}" is live`) });
    expect(await api.api('POST', `pacing/${key}/publish`)).toMatchObject({ status: 200, body: { published: false } });
  });

  it('is refused with every field named', async () => {
    const { status, body } = await api.api('PUT', 'pacing/default', {
      ...calm,
      timeZone: 'Berlin',
      caps: [{ max: 0, days: 7 }],
      spacing: 'short',
      windows: [
        { weekdays: [], from: '8:00', to: '20:00' },
        { weekdays: ['monday'], from: '08:00', to: '20:00' },
      ],
      quiet: '20:00-08:00',
      holidays: 'no',
      throttle: { perMinute: 0.5, perHour: 100 },
      limit: 3,
    });
    expect([status, body.code]).toEqual([422, 'definition-invalid']);
    expect(body.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      'caps.0.max',
      'holidays',
      'limit',
      'quiet',
      'spacing',
      'throttle.perHour',
      'throttle.perMinute',
      'timeZone',
      'windows.0.from',
      'windows.0.weekdays',
      'windows.1.weekdays.0',
    ]);
    for (const { problem } of body.errors as { problem: string }[]) expect(problem.length).toBeGreaterThan(10);
  });

  it('that could never send is refused with the mend', async () => {
    const { body } = await api.api('PUT', 'pacing/default', {
      ...calm,
      quiet: { from: '20:00', to: '08:00' },
      windows: [
        { from: '06:00', to: '07:30' },
        { from: '18:00', to: '09:00' },
        { weekdays: ['sun'], from: '10:00', to: '12:00' },
      ],
    });
    expect(body.errors).toEqual([
      { path: 'windows.0.from', problem: 'no mail could ever go from 06:00 to 07:30: all of it is quiet' },
      { path: 'windows.1.to', problem: expect.stringContaining('two windows') },
      { path: 'windows.2.weekdays', problem: expect.stringContaining('say weekends: send') },
    ]);
  });

  it('has everybody planned anew for whom a mail waits', async () => {
    const now: Instant = clock.now();
    const [waiting, done, nothing] = [
      await addLead(database, { now }),
      await addLead(database, { now }),
      await addLead(database, { now }),
    ];
    for (const [lead, state] of [
      [waiting, 'delayed'],
      [done, 'superseded'],
    ] as const) {
      const enrolment = newId();
      await database.query(sql`
        INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, step_entered_at, awaits, started_at)
        SELECT ${enrolment}::uuid, ${lead.id}::uuid, 'hello', min(id), 'api', 'active', 'hello', ${at(now)}, '{}', ${at(now)} FROM definition_version`);
      await database.query(sql`
        INSERT INTO message (id, recipient_kind, lead_id, enrolment_id, channel, purpose, template_key, lineage, state, due_at, message_id_header, created_at, finished_at)
        VALUES (${newId()}::uuid, 'lead', ${lead.id}::uuid, ${enrolment}::uuid, 'email', 'newsletter', 'hello', 'hello', ${state}, ${at(now)}, ${newId()},
                ${at(now)}, ${state === 'superseded' ? at(now) : null})`);
    }
    // Another zone would move the waits of everybody who is in a sequence.
    await put('default', calm);
    await api.api('POST', 'pacing/default/publish');
    const attention = () =>
      database.query<{ id: string; raised: number }>(sql`SELECT id, attention_rev AS raised FROM lead ORDER BY id`);
    const before = new Map((await attention()).map(({ id, raised }) => [id, raised]));
    await put('default', { ...calm, name: 'Calmer' });
    await api.api('POST', 'pacing/default/publish');
    const raised = (await attention()).filter(({ id, raised }) => raised !== before.get(id)).map(({ id }) => id);
    expect(raised).toEqual([waiting.id]);
    expect(nothing.id).not.toBe(waiting.id);
  });

  it('as it is shipped is valid and goes live', async () => {
    const { kind, ...shipped } = parse(readFileSync(path.join(packageRoot, 'sequences/pacing.yaml'), 'utf8'));
    expect(kind).toBe('pacing');
    await put('default', shipped);
    expect(await api.api('POST', 'pacing/default/publish')).toMatchObject({ status: 200 });
    expect((await livePolicy()).windows).toHaveLength(2);
  });
});
