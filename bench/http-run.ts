import { fork } from 'node:child_process';
import path from 'node:path';
import type { Database } from '../store/database.ts';
import { sql } from '../store/sql.ts';
import { addLeads } from './company.ts';
import type { HttpLoad, HttpLoadResult } from './http-load.ts';
import type { Stack } from './stack.ts';
import { instantNow } from './statistics.ts';
import { isAllScored, until, untilQuiet } from './tend-run.ts';

/** Known visitors whose page views come in. */
const VISITORS = 2_000;
/** Everything accepted must be scored within this time of the last request. */
export const SCORED_WITHIN_MS = 10_000;

export interface HttpResult {
  readonly requestsPerSecond: number;
  readonly eventsPerSecond: number;
  /** Milliseconds until a request was answered. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds from the last answer until everything accepted was scored. */
  readonly scoredAfter: number;
}

/** As many requests as the API takes, from a process of their own, while the worker runs. */
export async function runHttp(
  stack: Stack,
  load: Pick<HttpLoad, 'eventsPerRequest' | 'connections' | 'seconds'>,
  prefix: string,
): Promise<HttpResult> {
  const { database, website } = stack;
  const visitors = await addLeads(database, prefix, VISITORS, Date.now());
  await untilQuiet(database);
  const before = await countInteractions(database);
  const result = await runLoad({ ...load, ...website, prefix, visitors: visitors.map(({ userId }) => userId) });
  const endedAt = instantNow();
  const scoredAt = await until('everything accepted to be scored', () => isAllScored(database));
  const stored = (await countInteractions(database)) - before;
  const events = result.answered * load.eventsPerRequest;
  if (result.failed > 0) throw new Error(`${result.failed} requests were not accepted`);
  // The load's end may cut off answers to what was stored; nothing answered may be missing.
  if (stored < events) throw new Error(`${events} events were accepted, but only ${stored} are stored`);
  return {
    requestsPerSecond: result.answered / result.seconds,
    eventsPerSecond: events / result.seconds,
    p50: result.p50,
    p99: result.p99,
    scoredAfter: scoredAt - endedAt,
  };
}

async function countInteractions(database: Database): Promise<number> {
  const [row] = await database.query<{ count: number }>(sql`SELECT count(*) AS count FROM interaction`);
  return row?.count ?? 0;
}

function runLoad(load: HttpLoad): Promise<HttpLoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(import.meta.dirname, 'http-load.js'));
    child.once('message', (message) => resolve(message as HttpLoadResult));
    child.once('exit', (code) => reject(new Error(`the load process ended with code ${code}`)));
    child.send(load);
  });
}
