import type { Instant } from '../domain/instant.ts';
import type { MessageState } from '../domain/sending/message.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';

/** A message's new state, why, and until when. */
export interface MessageEvent {
  readonly messageId: string;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly until: Instant | null;
  /** A person's own words. */
  readonly note?: string | null;
}

/** Puts each change of a message on record. */
export async function writeMessageEvents(
  transaction: Transaction,
  now: Instant,
  events: readonly MessageEvent[],
): Promise<void> {
  await transaction.query(sql`
    INSERT INTO message_event (message_id, at, state, reason, until, note)
    SELECT message_id, ${at(now)}::timestamptz, state, reason, until, note FROM unnest(
      ${events.map(({ messageId }) => messageId)}::uuid[],
      ${events.map(({ state }) => state)}::text[],
      ${events.map(({ reason }) => reason)}::text[],
      ${events.map(({ until }) => at(until))}::timestamptz[],
      ${events.map(({ note }) => note ?? null)}::text[]) AS new(message_id, state, reason, until, note)`);
}
