import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AppOptions, createApp } from '../../api/app.ts';
import { createIngest, type Ingest } from '../../api/ingest.ts';
import type { TestMailSender } from '../../api/routes/mailings.ts';
import { system } from '../../domain/actor.ts';
import type { ApprovalParty } from '../../domain/scoring/approval.ts';
import { createApiKey } from '../../store/api-keys.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';

export const WRITE_KEY = 'wk_test-write-key-0000';
export const SECRET_KEY = 'sk_test-secret-key-000';
export const SIGNING_SECRET = 'signing-secret-for-tests';

/** A real HTTP server with the whole API. */
export interface RunningApi {
  readonly url: string;
  readonly ingest: Ingest;
  /** What was reported as our fault; tests expect it to stay empty. */
  readonly failures: unknown[];
  /** `POST /v1/<call>` with the write key. */
  v1(call: string, body: unknown): Promise<Answer>;
  /** `/api/<path>` with the secret key. */
  api(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export async function startApi(
  database: Database,
  clock: Clock,
  flushMs = 1,
  modelApprovals: readonly ApprovalParty[] = [],
  testMails: TestMailSender | null = null,
  ses: AppOptions['ses'] = undefined,
): Promise<RunningApi> {
  const now = clock.now();
  await createApiKey(database, { kind: 'write', name: 'shop', key: WRITE_KEY, actor: system, now });
  await createApiKey(database, { kind: 'secret', name: 'crm', key: SECRET_KEY, actor: system, now });
  const failures: unknown[] = [];
  const ingest = createIngest({ database, flushMs });
  const app = createApp({
    database,
    clock,
    ingest,
    signingSecret: SIGNING_SECRET,
    modelApprovals,
    testMails,
    ...(ses !== undefined && { ses }),
    report: (failure) => failures.push(failure),
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = async (path: string, init: RequestInit): Promise<Answer> => answer(await fetch(`${url}${path}`, init));
  const json = (body: unknown): RequestInit => (body === undefined ? {} : { body: JSON.stringify(body) });
  return {
    url,
    ingest,
    failures,
    v1: (name, body) =>
      call(`/v1/${name}`, {
        method: 'POST',
        headers: { ...basic(WRITE_KEY), 'Content-Type': 'application/json' },
        ...json(body),
      }),
    api: (method, path, body) =>
      call(`/api/${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${SECRET_KEY}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...json(body),
      }),
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await ingest.close();
    },
  };
}

export function basic(key: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` };
}

export async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** A clock that stands where it is put. */
export function fixedClock(start: string): Clock & { set(instant: string | number): void } {
  let now = Date.parse(start);
  return {
    now: () => now,
    set(instant) {
      now = typeof instant === 'number' ? instant : Date.parse(instant);
    },
  };
}
