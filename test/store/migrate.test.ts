import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { migrate } from '../../store/migrate.ts';
import { administer } from '../support/database.ts';

async function emptyDatabase(): Promise<string> {
  const postgresUrl = inject('postgresUrl');
  const name = `migrate_${randomBytes(6).toString('hex')}`;
  await administer(postgresUrl, `CREATE DATABASE ${name}`);
  onTestFinished(() => administer(postgresUrl, `DROP DATABASE ${name} WITH (FORCE)`));
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function tables(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'",
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}

test('one process migrates several databases, each once', async () => {
  const [first, second] = [await emptyDatabase(), await emptyDatabase()];
  const { applied } = await migrate(first);
  expect(applied.length).toBeGreaterThan(0);
  expect((await migrate(second)).applied).toEqual(applied);
  expect((await migrate(second)).applied).toEqual([]);
  expect(await tables(second)).toBe(await tables(first));
});
