import type { Instant } from '../domain/instant.ts';
import type { PacingPolicy } from '../domain/pacing/policy.ts';
import { type ThrottleLimit, type ThrottleState, throttle, throttleLimits } from '../domain/pacing/throttle.ts';
import type { Transaction } from './database.ts';
import { sql } from './sql.ts';

export interface ThrottleRequest {
  readonly policy: PacingPolicy;
  /** The domain of the address that the mail is from. */
  readonly sendingDomain: string;
  readonly now: Instant;
}

export type ThrottleTaken = { readonly kind: 'taken' } | { readonly kind: 'later'; readonly at: Instant };

/**
 * Takes a place for one mail under every limit of the policy, or under none, and says then when to come again. What was
 * taken is given back when the transaction is rolled back.
 *
 * Exact across workers: the limits' rows are locked until the transaction ends. So it belongs into the claim's
 * transaction, after the lead's lock and as its last decision; all who take more than one limit take them in the same
 * order. Without limits it costs nothing.
 */
export async function takeThrottle(
  transaction: Transaction,
  { policy, sendingDomain, now }: ThrottleRequest,
): Promise<ThrottleTaken> {
  const asked: { readonly limit: ThrottleLimit; readonly state: ThrottleState | null }[] = [];
  for (const limit of throttleLimits(policy, sendingDomain)) {
    asked.push({ limit, state: await lockState(transaction, limit.key) });
  }
  const answers = asked.map(({ limit, state }) => ({ key: limit.key, ...throttle(state, limit.perMinute, now) }));
  const refused = answers.filter((answer) => answer.kind === 'later');
  await writeStates(transaction, refused.length > 0 ? refused : answers);
  return refused.length > 0 ? { kind: 'later', at: Math.max(...refused.map(({ at }) => at)) } : { kind: 'taken' };
}

/** Null where nothing was ever taken under this key. */
async function lockState(transaction: Transaction, key: string): Promise<ThrottleState | null> {
  const known = await readLocked(transaction, key);
  if (known !== undefined) return known.state;
  await transaction.query(sql`INSERT INTO throttle (key) VALUES (${key}) ON CONFLICT (key) DO NOTHING`);
  return (await readLocked(transaction, key))?.state ?? null;
}

async function readLocked(
  transaction: Transaction,
  key: string,
): Promise<{ readonly state: ThrottleState | null } | undefined> {
  const [row] = await transaction.query<{ nextAt: number | null; hintAt: number | null }>(sql`
    SELECT (extract(epoch FROM next_at) * 1000)::float8 AS "nextAt", (extract(epoch FROM hint_at) * 1000)::float8 AS "hintAt"
    FROM throttle WHERE key = ${key} FOR UPDATE`);
  if (row === undefined) return undefined;
  const { nextAt, hintAt } = row;
  return { state: nextAt === null || hintAt === null ? null : { nextAt, hintAt } };
}

async function writeStates(
  transaction: Transaction,
  answers: readonly { readonly key: string; readonly state: ThrottleState }[],
): Promise<void> {
  if (answers.length === 0) return;
  await transaction.query(sql`
    UPDATE throttle SET next_at = to_timestamp(new.next_at / 1000), hint_at = to_timestamp(new.hint_at / 1000)
    FROM unnest(${answers.map(({ key }) => key)}::text[], ${answers.map(({ state }) => state.nextAt)}::float8[],
                ${answers.map(({ state }) => state.hintAt)}::float8[]) AS new(key, next_at, hint_at)
    WHERE throttle.key = new.key`);
}
