import type { Instant } from '../domain/instant.ts';
import {
  afterAcceptance,
  afterRefusal,
  afterTime,
  type Breaker,
  closedBreaker,
  type Evidence,
  pass,
} from '../domain/sending/breaker.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { at, sql } from './sql.ts';
import { wakeLeadsDelayedBy } from './wake-delayed.ts';

export interface ReceiverRefusal {
  /** Of the receiver's address, in lower case. */
  readonly domain: string;
  /** RFC 3463, where one was given. */
  readonly status: string | null;
  /** A stable code, or words without anything personal: it is shown and logged. */
  readonly why: string;
  readonly now: Instant;
  /** Each mail counts once, however often it is tried. Default: not known. */
  readonly messageId?: string | null;
  /** Default: its server's reply to us. */
  readonly evidence?: Evidence;
}

/**
 * Notes that a receiving domain refused a mail for its policy or our reputation. Several mails in a row open its breaker:
 * mail to its people waits, and nobody is suppressed. Returns true when this one opened it, or kept it open.
 */
export async function noteReceiverRefusal(transaction: Transaction, refusal: ReceiverRefusal): Promise<boolean> {
  const { domain, status, why, now, messageId = null, evidence = 'reply' } = refusal;
  await transaction.query(sql`INSERT INTO receiving_domain (domain) VALUES (${domain}) ON CONFLICT DO NOTHING`);
  const before = (await lockBreaker(transaction, domain)) ?? closedBreaker;
  const after = afterRefusal(before, { messageId, evidence, now });
  if (after === before) return false;
  await writeBreaker(transaction, domain, after);
  await transaction.query(sql`UPDATE receiving_domain SET status = ${status}, why = ${why} WHERE domain = ${domain}`);
  return after.openedAt !== null;
}

/**
 * Notes that a receiving domain took a mail. It touches a row only where mails were refused before. Those whose mail
 * waited for it are woken soon after (`settleBreakers`), not under this lead's lock.
 */
export async function noteReceiverAccepted(
  transaction: Transaction,
  domain: string,
  {
    now,
    messageId = null,
    evidence = 'reply',
  }: { readonly now: Instant; readonly messageId?: string | null; readonly evidence?: Evidence },
): Promise<void> {
  const [troubled] = await transaction.query(sql`
    SELECT 1 FROM receiving_domain WHERE domain = ${domain} AND (opened_at IS NOT NULL OR refused_since IS NOT NULL)`);
  if (troubled === undefined) return;
  const before = await lockBreaker(transaction, domain);
  if (before === null) return;
  const after = afterAcceptance(before, { messageId, evidence, now });
  if (after !== before)
    await writeBreaker(transaction, domain, after, before.openedAt !== null && after.openedAt === null);
}

/** `take`: with it the mail becomes the one that tries; a mail that something else still holds back must not. */
export type ReceiverPassage =
  | { readonly kind: 'free'; take(): Promise<void> }
  | { readonly kind: 'wait'; readonly until: Instant; readonly why: string | null };

const FREE: ReceiverPassage = { kind: 'free', take: async () => {} };

/**
 * Whether a mail may go to `domain`, asked inside the claim's transaction: when a domain that refused is due to be tried
 * again, one of all the mails that wait becomes the one that tries.
 */
export async function passReceiver(
  transaction: Transaction,
  { domain, messageId, now }: { readonly domain: string; readonly messageId: string; readonly now: Instant },
): Promise<ReceiverPassage> {
  const [open] = await transaction.query(
    sql`SELECT 1 FROM receiving_domain WHERE domain = ${domain} AND opened_at IS NOT NULL`,
  );
  if (open === undefined) return FREE;
  const before = await lockBreaker(transaction, domain);
  if (before === null) return FREE;
  const passage = pass(before, messageId, now);
  if (passage.kind === 'wait') return { kind: 'wait', until: passage.until, why: before.why };
  return {
    kind: 'free',
    async take() {
      if (passage.breaker !== before) await writeBreaker(transaction, domain, passage.breaker, passage.kind === 'free');
    },
  };
}

/** Closes breakers that time alone closes, and wakes whose mail waited for a domain. Returns how many domains. */
export async function settleBreakers(database: Database, now: Instant): Promise<number> {
  const rows = await database.query<{ domain: string }>(sql`
    SELECT domain FROM receiving_domain
    WHERE to_wake OR (opened_at IS NOT NULL AND probe_accepted_at IS NOT NULL AND retry_at <= ${at(now)}) ORDER BY domain`);
  for (const { domain } of rows) {
    await database.transaction(async (transaction) => {
      const before = await lockBreaker(transaction, domain);
      if (before === null) return;
      const after = afterTime(before, now);
      if (after !== before) await writeBreaker(transaction, domain, after, true);
    });
    // A process that ends in between leaves the mark, and they are woken once more: that costs a plan each.
    await wakeLeadsDelayedBy(database, 'receiver-refuses', domain);
    await database.query(sql`
      UPDATE receiving_domain SET to_wake = false WHERE domain = ${domain} AND to_wake AND opened_at IS NULL`);
  }
  return rows.length;
}

export interface RefusingDomain {
  readonly domain: string;
  readonly openedAt: Instant;
  readonly retryAt: Instant | null;
  /** Which pause it is: they grow while it is tried in vain. */
  readonly openedTimes: number;
  readonly status: string | null;
  readonly why: string | null;
}

/** The domains that mail waits for, longest first. */
export async function listRefusingDomains(queryable: Queryable): Promise<RefusingDomain[]> {
  return queryable.query<RefusingDomain>(sql`
    SELECT domain, opened_at AS "openedAt", retry_at AS "retryAt", opened_times AS "openedTimes", status, why
    FROM receiving_domain WHERE opened_at IS NOT NULL ORDER BY opened_at, domain`);
}

type BreakerRow = Breaker & { readonly why: string | null };

async function lockBreaker(transaction: Transaction, domain: string): Promise<BreakerRow | null> {
  const [row] = await transaction.query<BreakerRow>(sql`
    SELECT refused, refused_since AS "refusedSince", opened_at AS "openedAt", retry_at AS "retryAt", opened_times AS "openedTimes",
           closed_at AS "closedAt", evidence, probe, probe_accepted_at AS "probeAcceptedAt", why
    FROM receiving_domain WHERE domain = ${domain} FOR UPDATE`);
  return row ?? null;
}

async function writeBreaker(transaction: Transaction, domain: string, breaker: Breaker, closed = false): Promise<void> {
  const { refused, refusedSince, openedAt, retryAt, openedTimes, closedAt, evidence, probe, probeAcceptedAt } = breaker;
  await transaction.query(sql`
    UPDATE receiving_domain
    SET refused = ${refused}::text[], refused_since = ${at(refusedSince)}, opened_at = ${at(openedAt)}, retry_at = ${at(retryAt)},
        opened_times = ${openedTimes}, closed_at = ${at(closedAt)}, evidence = ${evidence}, probe = ${probe}::uuid,
        probe_accepted_at = ${at(probeAcceptedAt)}, to_wake = to_wake OR ${closed}::boolean
    WHERE domain = ${domain}`);
}
