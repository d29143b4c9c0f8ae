import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type Database, type DatabaseOptions, openDatabase } from '../../store/database.ts';

export const TEMPLATE = 'tend_template';
/** Of every database of a test. */
export const TEST_HASH_KEY = 'a-hash-key-for-tests-only';

/** A migrated database of its own for one test file: a clone of the template that the global set-up made. */
export async function createTestDatabase(
  options: Pick<DatabaseOptions, 'poolSize' | 'beforeStatement'> = {},
): Promise<Database> {
  const postgresUrl = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(postgresUrl, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  const database = openDatabase({ url: url.href, hashKey: TEST_HASH_KEY, ...options });
  return {
    ...database,
    async close() {
      await database.close();
      await administer(postgresUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Runs one statement on the server itself. */
export async function administer(postgresUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  // Dropping a database by force ends this client's siblings; their farewell must not fail the test.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
