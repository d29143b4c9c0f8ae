import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { readSettings } from '../../config/settings.ts';
import { freePort } from '../../embedded/ports.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { startTemporal } from '../../embedded/temporal.ts';
import { findTemporalBinary } from '../../embedded/temporal-binary.ts';
import { migrate } from '../../store/migrate.ts';
import { administer, TEMPLATE } from './database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The test PostgreSQL's address, with the database `postgres`. */
    postgresUrl: string;
    /** `host:port` of a real Temporal server; each test file takes a namespace of its own. */
    temporalAddress: string;
    /** The folder with the Temporal server's database files. */
    temporalFolder: string;
  }
}

/** One PostgreSQL with a migrated template database and one Temporal server for all test files, on free ports. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(path.join(tmpdir(), 'tend-test-'));
  const [port, temporalPort] = [await freePort(), await freePort()];
  const binary = await findTemporalBinary(readSettings(), (text) => console.log(text));
  // Tests may lose their data with the machine: no need to wait for the disk.
  const serverSettings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    track_commit_timestamp: 'on',
  };
  const starting = await Promise.allSettled([
    startPostgres({ home, port, password: 'test', serverSettings }),
    startTemporal({ home, binary, port: temporalPort }),
  ] as const);
  const [postgres, temporal] = await allOrNone(starting);
  const server = new URL(postgres.url);
  server.pathname = '/postgres';
  await administer(server.href, `CREATE DATABASE ${TEMPLATE}`);
  const template = new URL(postgres.url);
  template.pathname = `/${TEMPLATE}`;
  await migrate(template.href);
  project.provide('postgresUrl', server.href);
  project.provide('temporalAddress', temporal.address);
  project.provide('temporalFolder', path.join(home, 'temporal'));
  return async () => {
    await Promise.all([postgres.stop(), temporal.stop()]);
    await rm(home, { recursive: true, force: true });
  };
}

/** Both servers; where one did not start, the other is stopped, for nobody would stop it later. */
async function allOrNone<A extends Stoppable, B extends Stoppable>([first, second]: readonly [
  PromiseSettledResult<A>,
  PromiseSettledResult<B>,
]): Promise<[A, B]> {
  if (first.status === 'fulfilled' && second.status === 'fulfilled') return [first.value, second.value];
  for (const started of [first, second]) if (started.status === 'fulfilled') await started.value.stop();
  throw first.status === 'rejected' ? first.reason : (second as PromiseRejectedResult).reason;
}

interface Stoppable {
  stop(): Promise<unknown>;
}
