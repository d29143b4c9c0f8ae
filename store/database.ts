import { createHmac } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.ts';
import type { Sql } from './sql.ts';

/** Where statements are run: inside a transaction, or each on its own. */
export interface Queryable {
  /** Rows come with bigint and timestamptz (epoch milliseconds) as numbers. */
  query<Row>(statement: Sql): Promise<Row[]>;
  /** Contents of immutable definition versions of this database, parsed once. */
  readonly versions: Map<number, unknown>;
  /** The keyed hash by which an address is known where it must not stand itself: HMAC-SHA256, base64url. Of a normalised address. */
  keyedHash(address: string): string;
}

export interface Transaction extends Queryable {
  /** Wakes those who listen on `channel` once this transaction commits. */
  notify(channel: Channel, payload?: string): Promise<void>;
}

/**
 * `interaction`: something to assess. `attention`: a lead's id to look at. `handoff`: a handoff's id to look at. `webhook`:
 * something to deliver.
 */
export type Channel = 'tend_interaction' | 'tend_attention' | 'tend_handoff' | 'tend_webhook';

export interface Database extends Queryable {
  readonly url: string;
  /** Typed access for what is not on a hot path, over the same pool. */
  readonly prisma: PrismaClient;
  /**
   * Runs `work` in one transaction (read committed), again from the start when PostgreSQL ends it for a deadlock:
   * `work` must have no effects outside the database.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize?: number;
  /** The installation's key for `keyedHash`; the same for all processes, for ever. */
  readonly hashKey: string;
  /** Called before each statement of a transaction; lets tests interleave transactions statement by statement. */
  readonly beforeStatement?: (statement: Sql | 'commit') => Promise<void>;
}

const INT8 = 20;
const TIMESTAMPTZ = 1184;

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return Number;
    if (oid === TIMESTAMPTZ) return epochMs;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

/** `2026-11-21 22:05:55.123+00`, as PostgreSQL writes it in a session of zone UTC, and whatever else it may write. */
function epochMs(text: string): number {
  const fast = text.endsWith('+00') ? Date.parse(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`) : Number.NaN;
  return Number.isNaN(fast) ? (pg.types.getTypeParser(TIMESTAMPTZ)(text) as unknown as Date).getTime() : fast;
}

/** serialization_failure, deadlock_detected: PostgreSQL asks for another try. */
const TRY_AGAIN = new Set(['40001', '40P01']);

export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize ?? 10,
    types,
    connectionTimeoutMillis: 10_000,
    // A process that hangs must not hold a lead's lock for ever.
    idle_in_transaction_session_timeout: 30_000,
  });
  // An idle connection that breaks (PostgreSQL restarts) is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {});
  // Nor may one that breaks between two statements of a transaction: the next statement fails, which is enough.
  pool.on('connect', (client) => client.on('error', () => {}));
  const versions = new Map<number, unknown>();
  const keyedHash = (address: string) =>
    createHmac('sha256', options.hashKey).update('tend-address\0').update(address).digest('base64url');
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

  const run = async <Row>(client: pg.Pool | pg.PoolClient, statement: Sql): Promise<Row[]> => {
    const result = await client.query({ text: statement.text, values: [...statement.values], name: statement.name });
    return result.rows as Row[];
  };

  async function once<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const transaction: Transaction = {
        versions,
        keyedHash,
        async query(statement) {
          await options.beforeStatement?.(statement);
          return run(client, statement);
        },
        async notify(channel, payload = '') {
          await client.query('SELECT pg_notify($1, $2)', [channel, payload]);
        },
      };
      const result = await work(transaction);
      await options.beforeStatement?.('commit');
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return {
    url: options.url,
    versions,
    keyedHash,
    prisma,
    query: (statement) => run(pool, statement),
    async transaction(work) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await once(work);
        } catch (error) {
          if (tries >= 5 || !(error instanceof pg.DatabaseError) || !TRY_AGAIN.has(error.code ?? '')) throw error;
        }
      }
    },
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
