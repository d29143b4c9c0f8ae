import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { keyNameOf } from '../../store/suppressions.ts';
import { addLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { type Answer, answer, fixedClock, type RunningApi, SECRET_KEY, startApi } from './running-api.ts';

describe('the list of addresses that are not written to', () => {
  let database: Database;
  let api: RunningApi;
  const clock = fixedClock('2026-06-01T12:00:00Z');

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startApi(database, clock);
  });
  afterAll(async () => {
    expect(api.failures).toEqual([]);
    await api.stop();
    await database.close();
  });

  const importList = async (body: string, type = 'text/csv', query = ''): Promise<Answer> =>
    answer(
      await fetch(`${api.url}/api/suppressions/import${query}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${SECRET_KEY}`, 'Content-Type': type },
        body,
      }),
    );
  const lookUp = (address: string) => api.api('GET', `suppressions/lookup?address=${encodeURIComponent(address)}`);
  const attentionOf = async (id: string): Promise<number> => {
    const [row] = await database.query<{ rev: number }>(
      sql`SELECT attention_rev AS rev FROM lead WHERE id = ${id}::uuid`,
    );
    return row?.rev ?? -1;
  };

  it('takes one or many, once each, and has those planned anew who have one of them', async () => {
    const lead = await addLead(database, { now: clock.now() });
    expect(await api.api('POST', 'suppressions', { address: lead.email.toUpperCase() })).toMatchObject({
      status: 201,
      body: { added: 1, already: 0 },
    });
    expect(await attentionOf(lead.id)).toBe(1);
    expect((await api.api('POST', 'suppressions', { addresses: [lead.email, 'a@b.example'] })).body).toEqual({
      added: 1,
      already: 1,
    });
    expect((await lookUp(lead.email)).body).toMatchObject({
      suppressed: true,
      entries: [{ reason: 'manual', at: '2026-06-01T12:00:00.000Z', actor: 'crm', liftedAt: null }],
    });
    expect((await lookUp('nobody@b.example')).body).toMatchObject({ suppressed: false, entries: [] });
  });

  it('takes none where one of them is no address, and names which', async () => {
    const refused = await api.api('POST', 'suppressions', { addresses: ['good@b.example', 'no address'] });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'addresses.1' }] } });
    expect(JSON.stringify(refused.body)).not.toContain('no address"');
    expect((await lookUp('good@b.example')).body.suppressed).toBe(false);
    expect((await api.api('POST', 'suppressions', {})).status).toBe(400);
    expect((await lookUp('none')).status).toBe(400);
  });

  it('lifts what stands, and against a person’s own word only with a reason', async () => {
    await importList('address,reason\nown@b.example,complaint\nown@b.example,manual\n');
    const refused = await api.api('DELETE', 'suppressions', { address: 'own@b.example' });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'because' }] } });
    expect((await api.api('DELETE', 'suppressions', { address: 'own@b.example', reason: 'manual' })).body).toEqual({
      lifted: ['manual'],
    });
    const because = 'signed up again on paper';
    expect((await api.api('DELETE', 'suppressions', { address: 'own@b.example', because })).body).toEqual({
      lifted: ['complaint'],
    });
    expect((await lookUp('own@b.example')).body).toMatchObject({
      suppressed: false,
      entries: [{ liftedBy: 'crm' }, { liftedBy: 'crm' }],
    });
    expect((await api.api('DELETE', 'suppressions', { address: 'own@b.example', because })).status).toBe(404);
  });

  it('imports a list with all its mistakes, naming the lines and quoting none of them', async () => {
    const lines = [
      '\uFEFFEmail;Reason;Name',
      'eins@liste.example;mailbox-unknown;Eins',
      '"zwei@liste.example";;"Zwei; der Zweite"',
      '',
      'kein mensch;;Drei',
      'vier@liste.example;angry;Vier',
      `sha256:${'a'.repeat(64)};;`,
      'b'.repeat(64),
      `tend:otherkey:${'c'.repeat(43)};;`,
      'eins@liste.example;mailbox-unknown;',
      ';;',
    ];
    const { status, body } = await importList(lines.join('\r\n'), 'text/csv', '?firstLine=101');
    expect(status).toBe(200);
    expect(body).toMatchObject({ lines: 11, added: 2, already: 1, refused: 6 });
    expect(body.problems).toEqual([
      { line: 105, problem: 'is no mail address' },
      { line: 106, problem: expect.stringContaining('complaint, mailbox-unknown, erased, manual, imported') },
      { line: 107, problem: expect.stringContaining("another system's plain hash") },
      { line: 108, problem: expect.stringContaining("another system's plain hash") },
      { line: 109, problem: expect.stringContaining("another installation's key") },
      { line: 111, problem: 'names no address and no hash' },
    ]);
    expect((await lookUp('zwei@liste.example')).body.entries).toMatchObject([{ reason: 'imported' }]);
  });

  it('imports JSON lines and plain lists, and refuses what is neither', async () => {
    const jsonl =
      '{"address": "json@b.example", "reason": "complaint", "at": "2020-01-02T03:04:05Z"}\n{"address": 5}\n{broken\n';
    expect((await importList(jsonl, 'application/x-ndjson')).body).toMatchObject({ added: 1, refused: 2 });
    expect((await lookUp('json@b.example')).body.entries).toMatchObject([
      { reason: 'complaint', at: '2020-01-02T03:04:05.000Z' },
    ]);
    expect((await importList('plain@b.example\nother@b.example', 'text/plain')).body).toMatchObject({ added: 2 });
    expect((await importList('{}', 'application/json')).status).toBe(415);
    expect((await importList('x'.repeat(5_000), 'text/csv')).status).toBe(400);
    const noKey = await fetch(`${api.url}/api/suppressions/import`, { method: 'POST', body: 'a@b.example' });
    expect(noKey.status).toBe(401);
  });

  it('exports hashes and no address, which another database of the same key takes, and finds again', async () => {
    const lead = await addLead(database, { now: clock.now(), email: 'export@b.example' });
    await api.api('POST', 'suppressions', { address: lead.email });
    const headers = { Authorization: `Bearer ${SECRET_KEY}` };
    const jsonl = await (await fetch(`${api.url}/api/suppressions/export`, { headers })).text();
    const csv: string = (await api.api('GET', 'suppressions/export?format=csv')).body;
    expect(jsonl + csv).not.toContain('@');
    expect(csv.split('\r\n')[0]).toBe('hash,reason,at');
    expect(csv).toContain(`tend:${keyNameOf(database)}:`);
    expect(csv.trim().split('\r\n').length - 1).toBe(jsonl.trim().split('\n').length);

    const second = await createTestDatabase();
    const other = await startApi(second, clock);
    const twin = await addLead(second, { now: clock.now(), email: 'export@b.example' });
    for (const list of [csv, jsonl]) {
      const response = await fetch(`${other.url}/api/suppressions/import`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${SECRET_KEY}`, 'Content-Type': 'text/csv' },
        body: list,
      });
      expect(await response.json()).toMatchObject({ refused: 0 });
    }
    const found = await other.api('GET', 'suppressions/lookup?address=export@b.example');
    expect(found.body).toMatchObject({ suppressed: true, entries: [{ reason: 'manual' }] });
    // Whose hash it is is found by hashing, and their plan is made anew.
    const [row] = await second.query<{ rev: number }>(
      sql`SELECT attention_rev AS rev FROM lead WHERE id = ${twin.id}::uuid`,
    );
    expect(row?.rev).toBe(1);
    await other.stop();
    await second.close();
  });

  it('takes a list of many thousands as it streams in', { timeout: 60_000 }, async () => {
    const list = Array.from({ length: 20_000 }, (_, i) => `many${i}@list.example`).join('\n');
    expect((await importList(list)).body).toMatchObject({ lines: 20_000, added: 20_000, already: 0, refused: 0 });
    expect((await importList(list)).body).toMatchObject({ added: 0, already: 20_000 });
  });
});
