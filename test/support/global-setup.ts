import type { TestProject } from 'vitest/node';
import { migrate } from '../../store/migrate.ts';
import { administer, TEMPLATE } from './database.ts';

/** One PostgreSQL for all test files, with a migrated template that each file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgresUrl = process.env.TEND_TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:54320/postgres';
  await administer(postgresUrl, `DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
  await administer(postgresUrl, `CREATE DATABASE ${TEMPLATE}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${TEMPLATE}`;
  await migrate(url.href);
  project.provide('postgresUrl', postgresUrl);
  return async () => {};
}
