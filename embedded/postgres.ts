import pg from 'pg';
import { type Child, type ChildSpec, spawnChild } from './child.ts';
import { logFileOf } from './log-file.ts';
import { Hopeless, poll } from './poll.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import {
  dataFolderFor,
  ensurePostgresData,
  POSTGRES_ROLE,
  postgresEnvironment,
  postgresFolder,
} from './postgres-data.ts';
import { stopPostgresOrphans } from './postgres-orphans.ts';
import { postgresUser } from './postgres-user.ts';

/** Whatever `TEND_HOST` says: everybody who needs the embedded database is on this machine. */
const LISTEN_ADDRESS = '127.0.0.1';

export interface PostgresOptions {
  /** Data go to `<home>/postgres`, the log to `<home>/logs/postgres.log`. */
  readonly home: string;
  readonly port: number;
  readonly password: string;
  /** Database that is made if missing. Default `tend`. */
  readonly database?: string;
  /** Server settings beside or instead of the usual ones (tests: `{ fsync: 'off' }`). */
  readonly serverSettings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres extends Pick<Child, 'pid' | 'exited' | 'stop' | 'kill'> {
  readonly url: string;
}

/** For a small machine that other processes share. What is committed is on disk: durability is a promise of Tend. */
const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  unix_socket_directories: '',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  random_page_cost: '1.1',
  max_connections: '100',
  synchronous_commit: 'on',
  wal_compression: 'on',
  max_wal_size: '2GB',
  jit: 'off',
  // Interactions, messages and standings change all the time; the default waits for a fifth of a table.
  autovacuum_naptime: '15s',
  autovacuum_vacuum_scale_factor: '0.05',
  autovacuum_vacuum_insert_scale_factor: '0.1',
  autovacuum_analyze_scale_factor: '0.02',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // The log holds no personal data: neither statements nor the values in "Key (address)=(…) already exists".
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** How to run the embedded PostgreSQL. Ready means: it answers, and the database exists. */
export function postgresSpec(options: PostgresOptions): ChildSpec {
  const dataFolder = postgresFolder(options.home);
  return {
    name: 'postgres',
    stopSignal: 'SIGINT', // fast shutdown: open transactions are rolled back, nobody is waited for
    readyWithinMs: 120_000, // recovery after a crash replays up to max_wal_size
    launch: async () => {
      const user = await postgresUser(dataFolder);
      const binaries = await findPostgresBinaries(user);
      await stopPostgresOrphans(dataFolder);
      await ensurePostgresData(options.home, options.password, binaries, user);
      const { argument, ...asUser } = dataFolderFor(dataFolder, user);
      const settings = { ...SERVER_SETTINGS, ...options.serverSettings };
      return {
        command: binaries.postgres,
        args: [
          ...['-D', argument, '-p', String(options.port), '-h', LISTEN_ADDRESS],
          ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        env: postgresEnvironment(),
        cwd: '/',
        ...asUser,
      };
    },
    ready: (signal) => poll(() => ensureDatabase(options), 50, signal),
  };
}

/**
 * Starts an embedded PostgreSQL without a supervisor; the caller stops it.
 *
 * @throws ChildFailed with the end of its log
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const child = await spawnChild(postgresSpec(options), logFileOf(options.home, 'postgres'));
  try {
    await child.ready;
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { ...child, url: urlOf(options, options.database ?? POSTGRES_ROLE) };
}

function urlOf(options: PostgresOptions, database: string): string {
  return `postgresql://${POSTGRES_ROLE}:${encodeURIComponent(options.password)}@${LISTEN_ADDRESS}:${options.port}/${database}`;
}

async function ensureDatabase(options: PostgresOptions): Promise<void> {
  const database = options.database ?? POSTGRES_ROLE;
  const client = new pg.Client({ connectionString: urlOf(options, 'postgres'), connectionTimeoutMillis: 5000 });
  client.on('error', () => {}); // a server that ends meanwhile; the child's exit tells
  try {
    await client.connect();
    const found = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') {
      throw new Hopeless(
        `the embedded PostgreSQL in ${options.home} does not take the password in secrets.json; ` +
          'restore the secrets.json that belongs to it, or delete the whole folder to start afresh',
      );
    }
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}
