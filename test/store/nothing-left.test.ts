import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { eraseLead } from '../../store/erase-lead.ts';
import { sql } from '../../store/sql.ts';
import { tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { testClock } from '../support/driver.ts';
import { dumpOf } from '../support/dump.ts';
import { emptied, impersonal, rowsGo } from '../support/erasure-columns.ts';
import { COLLEAGUE, livePersonWithEverything, type PersonWithEverything } from '../support/person-with-everything.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const clock = testClock(NOON);

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
}

const nameOf = ({ table, column }: Column) => `${table}.${column}`;

/** Every column that could hold words or bytes. Prisma's own table of migrations is no part of the data. */
function columnsOf(database: Database): Promise<Column[]> {
  return database.query<Column>(sql`
    SELECT table_name AS table, column_name AS column, data_type AS type FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE' AND table_name <> '_prisma_migrations'
      AND data_type NOT IN ('uuid', 'bigint', 'integer', 'smallint', 'boolean', 'real', 'double precision', 'timestamp with time zone')
    ORDER BY table_name, ordinal_position`);
}

describe('what an erasure does with every column', () => {
  it('is said for each that could hold something of a person', async () => {
    const database = await createTestDatabase();
    const columns = await columnsOf(database);
    await database.close();
    const unsaid = columns.filter(
      (column) =>
        !Object.hasOwn(rowsGo, column.table) &&
        !Object.hasOwn(emptied, nameOf(column)) &&
        !Object.hasOwn(impersonal, nameOf(column)) &&
        !Object.hasOwn(impersonal, `${column.table}.*`),
    );
    expect(unsaid.map(nameOf), 'say in test/support/erasure-columns.ts what becomes of these').toEqual([]);
    const there = new Set(columns.flatMap((column) => [nameOf(column), `${column.table}.*`]));
    const gone = [...Object.keys(emptied), ...Object.keys(impersonal)].filter((name) => !there.has(name));
    expect(gone, 'these are no columns any more').toEqual([]);
  });
});

describe('a person with something in every table', () => {
  let database: Database;
  let person: PersonWithEverything;
  let before: ReadonlyMap<string, readonly string[]>;
  let after: ReadonlyMap<string, readonly string[]>;
  let planted: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    person = await livePersonWithEverything(database, clock);
    before = await dumpOf(database);
    planted = await plant(database, person);
    clock.set(NOON + HOUR);
    const erasure = await eraseLead(database, clock, { leadId: person.id, actor: tester, keepHash: true });
    expect(erasure).toMatchObject({ state: 'done', leadIds: expect.arrayContaining([person.id, person.merged]) });
    after = await dumpOf(database);
  }, 120_000);
  afterAll(() => database.close());

  const found = (dump: ReadonlyMap<string, readonly string[]>, trace: string) =>
    [...dump].flatMap(([table, rows]) =>
      rows.filter((row) => row.toLowerCase().includes(trace.toLowerCase())).map((row) => `${table}: ${row}`),
    );

  it('was in them all, or the rest of this proves nothing', () => {
    const tables = [...Object.keys(rowsGo), ...Object.keys(emptied).map((name) => name.split('.')[0] ?? '')];
    const withoutTrace = [...new Set(tables)].filter((table) => (before.get(table) ?? []).length === 0);
    expect(withoutTrace).toEqual([]);
    for (const trace of person.traces) expect(found(before, trace).length, trace).toBeGreaterThan(0);
    expect(planted).toBeGreaterThan(60);
  });

  it('is in none of them once erased: neither address nor name, nor what stood in any column that is to be emptied', () => {
    // Of the colleague's address, which ends like hers, nothing is taken.
    const others = /joerna.erasmus@erasmus-atelier.example/gi;
    const rest = new Map([...after].map(([table, rows]) => [table, rows.map((row) => row.replaceAll(others, ''))]));
    for (const trace of [...person.traces, 'MARK-']) expect(found(rest, trace), trace).toEqual([]);
  });

  it('leaves the hashes of the addresses, which are not written to again', async () => {
    const rows = await database.query<{ hash: string; reason: string }>(sql`
      SELECT address_hash AS hash, reason FROM suppression WHERE lifted_at IS NULL ORDER BY id`);
    expect(rows.map(({ hash }) => hash).sort()).toEqual(
      person.addresses.map((address) => database.keyedHash(address)).sort(),
    );
    expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set(['erased']));
  });

  it('leaves of mails, sequences and handoffs that there were some', async () => {
    const [left] = await database.query(sql`
      SELECT (SELECT count(*)::int FROM message WHERE lead_id = ${person.id}::uuid) AS mails,
             (SELECT count(*)::int FROM enrolment WHERE lead_id = ${person.id}::uuid AND ended_at IS NOT NULL) AS enrolments,
             (SELECT count(*)::int FROM handoff WHERE lead_id = ${person.id}::uuid AND state = 'closed') AS handoffs`);
    expect(left).toMatchObject({ mails: expect.any(Number), enrolments: 2, handoffs: 1 });
    expect((left as { mails: number }).mails).toBeGreaterThan(0);
  });

  it('leaves who did what and when, without what was told besides', async () => {
    const audit = await database.query<{ action: string; detail: unknown }>(sql`
      SELECT action, detail FROM audit WHERE subject_id = ${person.id} ORDER BY id`);
    expect(audit.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['lead.merged', 'lead.noted', 'lead.erasure-requested', 'lead.erased']),
    );
    expect(audit.filter(({ detail }) => detail !== null).map(({ action }) => action)).toEqual(['lead.erased']);
  });

  it('tells the systems that were told of the person, by ids alone', async () => {
    const told = await database.query(sql`
      SELECT endpoint_key AS endpoint, payload, state FROM webhook_delivery WHERE event_type = 'lead.erased'`);
    expect(told).toEqual([
      {
        endpoint: 'crm',
        state: 'waiting',
        payload: { data: { leadIds: [person.id, person.merged].sort() }, include: [] },
      },
    ]);
    const open = await database.query(sql`
      SELECT event_type FROM webhook_delivery WHERE state <> 'dead' AND lead_id = ${person.id}::uuid`);
    expect(open).toEqual([{ event_type: 'lead.erased' }]);
  });

  it('takes nothing from anybody else but the address itself', async () => {
    const [karl] = await database.query(sql`
      SELECT (SELECT count(*)::int FROM interaction WHERE lead_id = ${person.colleague}::uuid) AS interactions,
             (SELECT count(*)::int FROM attribute WHERE lead_id = ${person.colleague}::uuid) AS attributes,
             (SELECT domain FROM account JOIN lead ON account.id = account_id WHERE lead.id = ${person.colleague}::uuid) AS company`);
    expect(karl).toEqual({ interactions: 3, attributes: 3, company: 'buero.example' });
    const [invited] = await database.query<{ properties: unknown }>(sql`
      SELECT properties FROM interaction WHERE lead_id = ${person.colleague}::uuid AND name = 'Friend Invited'`);
    expect(invited?.properties).toEqual({
      friend: '<erased>',
      joan: 'joerna.erasmus@erasmus-atelier.example',
    });
    expect(found(after, COLLEAGUE).length).toBeGreaterThan(0);
  });
});

/**
 * Puts a mark into every column that an erasure is to empty or whose rows it is to remove, in the person's rows. Without
 * the database's own checks: a mark is no code of a list. Returns how many columns got one.
 */
async function plant(database: Database, person: PersonWithEverything): Promise<number> {
  const columns = await columnsOf(database);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    // Append-only records and the like are kept by triggers, lists by checks.
    await client.query("SET session_replication_role = 'replica'");
    const checks = await client.query<{ table: string; name: string }>(`
      SELECT conrelid::regclass::text AS table, conname AS name FROM pg_constraint
      WHERE contype = 'c' AND connamespace = 'public'::regnamespace`);
    for (const { table, name } of checks.rows) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT "${name}"`);
    let count = 0;
    for (const column of columns) {
      const keys = rowsGo[column.table]?.keys;
      const wanted = keys === undefined ? emptied[nameOf(column)] === 'marked' : !keys.includes(column.column);
      if (!wanted) continue;
      const { rowCount } = await client.query(
        `UPDATE ${column.table} SET "${column.column}" = ${markOf(column)} WHERE ${personsRows(column.table)}`,
        [[person.id, person.merged]],
      );
      expect(rowCount, `no row of the person in ${column.table}`).toBeGreaterThan(0);
      count += 1;
    }
    return count;
  } finally {
    await client.end();
  }
}

function markOf(column: Column): string {
  const mark = `'MARK-${nameOf(column)}-' || gen_random_uuid()`;
  switch (column.type) {
    case 'jsonb':
      return `jsonb_build_object('data', '{}'::jsonb, 'include', '[]'::jsonb, 'mark', ${mark})`;
    case 'ARRAY':
      return `ARRAY[${mark}]`;
    case 'bytea':
      return `convert_to(${mark}, 'UTF8')`;
    default:
      return mark;
  }
}

function personsRows(table: string): string {
  switch (table) {
    case 'lead':
      return 'id = ANY($1::uuid[])';
    case 'mail_hit':
    case 'message_event':
      return 'message_id IN (SELECT id FROM message WHERE lead_id = ANY($1::uuid[]))';
    case 'audit':
      return "subject_kind IN ('lead', 'handoff', 'enrolment', 'message') AND (subject_id = ANY($1::text[]) OR subject_id IN (SELECT id::text FROM handoff UNION SELECT id::text FROM enrolment UNION SELECT id::text FROM message))";
    default:
      return 'lead_id = ANY($1::uuid[])';
  }
}
