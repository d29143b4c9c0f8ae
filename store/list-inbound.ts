import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database, Queryable } from './database.ts';
import type { InboundWay } from './receive-inbound.ts';
import { assertId } from './resolve-lead.ts';
import type { InboundOutcome } from './returned.ts';
import { sql } from './sql.ts';

/** What something that came back was understood as. */
export const inboundKinds = [
  'bounce',
  'complaint',
  'reply',
  'auto-reply',
  'unsubscribe',
  'other',
  'unreadable',
] as const;
export type InboundKind = (typeof inboundKinds)[number];

export interface InboundView {
  readonly id: string;
  readonly via: InboundWay;
  readonly receivedAt: Instant;
  /** Null: it is not understood yet. */
  readonly kind: InboundKind | null;
  /** Of ours: the mail that it is about, and its lead. */
  readonly messageId: string | null;
  readonly leadId: string | null;
  /** Of a bounce. */
  readonly cause: string | null;
  readonly status: string | null;
  readonly detail: string | null;
  /** What was done about it; null: nothing yet. */
  readonly outcome: InboundOutcome | null;
  readonly from: string | null;
  readonly subject: string | null;
  readonly processedAt: Instant | null;
  readonly attempts: number;
  /** The kind of the error that the last attempt ended with. */
  readonly error: string | null;
}

export interface InboundFilter {
  readonly leadId: string | null;
  readonly kind: InboundKind | null;
  readonly outcome: InboundOutcome | null;
  /** What waits to be processed only. */
  readonly waiting: boolean;
  readonly limit: number;
}

/** What came back, last first. */
export async function listInbound(queryable: Queryable, filter: InboundFilter): Promise<InboundView[]> {
  const { leadId, kind, outcome, waiting, limit } = filter;
  return queryable.query<InboundView>(sql`
    SELECT id, via, received_at AS "receivedAt", kind, message_id AS "messageId", lead_id AS "leadId", cause, status, detail, outcome,
           from_address AS "from", subject, processed_at AS "processedAt", attempts, error
    FROM inbound_mail
    WHERE (${leadId}::uuid IS NULL OR lead_id = ${leadId}::uuid) AND (${kind}::text IS NULL OR kind = ${kind})
      AND (${outcome}::text IS NULL OR outcome = ${outcome}) AND (NOT ${waiting}::boolean OR processed_at IS NULL)
    ORDER BY received_at DESC, id DESC LIMIT ${limit}::int`);
}

export interface InboundInFull extends InboundView {
  /** What a person wrote, without what it quotes. */
  readonly text: string | null;
  /** The mail itself is kept, to be fetched. */
  readonly raw: boolean;
}

/** Throws `not-found`. */
export async function readInboundMail(queryable: Queryable, id: string): Promise<InboundInFull> {
  assertId('inbound mail', id);
  const [row] = await queryable.query<InboundInFull>(sql`
    SELECT id, via, received_at AS "receivedAt", kind, message_id AS "messageId", lead_id AS "leadId", cause, status, detail, outcome,
           from_address AS "from", subject, processed_at AS "processedAt", attempts, error, text, raw IS NOT NULL AS raw
    FROM inbound_mail WHERE id = ${id}::uuid`);
  if (row === undefined) throw new TendError('not-found', `There is no inbound mail ${id}.`);
  return row;
}

/** The mail as it came. Throws `not-found`, also where it is not kept. */
export async function readRawInbound(queryable: Queryable, id: string): Promise<Buffer> {
  assertId('inbound mail', id);
  const [row] = await queryable.query<{ raw: Buffer | null }>(sql`SELECT raw FROM inbound_mail WHERE id = ${id}::uuid`);
  if (row?.raw != null) return row.raw;
  throw new TendError('not-found', `There is no inbound mail ${id} that was kept as it came.`);
}

/** Has one processed once more that nothing followed from or that was set aside. Throws `not-found` and `conflict`. */
export async function processAgain(database: Database, id: string): Promise<InboundInFull> {
  const { outcome, raw } = await readInboundMail(database, id);
  if (!raw || (outcome !== 'not-ours' && outcome !== 'set-aside'))
    throw new TendError('conflict', 'Only what was set aside, or is about none of our mails, can be processed again.');
  await database.query(sql`
    UPDATE inbound_mail SET processed_at = NULL, outcome = NULL, kind = NULL, detail = NULL, error = NULL, attempts = 0, next_attempt_at = NULL
    WHERE id = ${id}::uuid AND outcome IN ('not-ours', 'set-aside') AND raw IS NOT NULL`);
  return readInboundMail(database, id);
}
