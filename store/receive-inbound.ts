import { createHash } from 'node:crypto';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { newId } from './new-id.ts';
import { sql } from './sql.ts';

/** By which way something came back. `smtp`, `imap`: a mail. `ses`: what Amazon SES tells of a mail, as JSON. */
export const inboundWays = ['smtp', 'imap', 'ses'] as const;
export type InboundWay = (typeof inboundWays)[number];

export interface ReceivedInbound {
  readonly via: InboundWay;
  /** Names this one thing: the same one handed in twice is one. */
  readonly dedupeKey: string;
  /** The return path it came with; null: not known. */
  readonly envelopeFrom: string | null;
  readonly envelopeTo: readonly string[];
  /** As it came, whole. */
  readonly raw: Uint8Array;
  readonly now: Instant;
}

/**
 * Stores what came back, before anybody has understood it: whoever handed it in may be told that it is taken only after
 * this has returned. Returns whether it is new.
 */
export async function receiveInbound(database: Database, received: ReceivedInbound): Promise<boolean> {
  const { via, dedupeKey, envelopeFrom, envelopeTo, raw, now } = received;
  const rows = await database.query(sql`
    INSERT INTO inbound_mail (id, via, dedupe_key, received_at, envelope_from, envelope_to, raw)
    VALUES (${newId()}::uuid, ${via}, ${dedupeKey}, ${new Date(now)}, ${storable(envelopeFrom)}, ${envelopeTo.map((to) => storable(to) ?? '')}::text[],
            ${Buffer.from(raw)})
    ON CONFLICT (dedupe_key) DO NOTHING RETURNING 1`);
  return rows.length > 0;
}

/** The dedupe key of a mail by its content and where it went: who is not sure that we took it sends the same bytes again. */
export function contentKey(via: InboundWay, raw: Uint8Array, envelopeTo: readonly string[] = []): string {
  const hash = createHash('sha256');
  for (const to of [...envelopeTo].sort()) hash.update(to.toLowerCase()).update('\0');
  return `${via}:${hash.update(raw).digest('base64url')}`;
}

/** PostgreSQL stores no NUL in a text. */
function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '');
}
