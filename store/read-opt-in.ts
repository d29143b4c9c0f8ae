import type { FrequencyPromise } from '../domain/consent/consent.ts';
import type { Instant } from '../domain/instant.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** A sign-up as it was taken in. */
export interface StoredOptIn {
  readonly id: string;
  readonly leadId: string;
  /** Of the mail that asks to confirm. */
  readonly messageId: string;
  readonly messageIdHeader: string;
  readonly address: string;
  readonly purposes: readonly string[];
  readonly wording: string;
  readonly wordingVersion: string | null;
  readonly locale: string | null;
  readonly formUrl: string;
  readonly returnUrl: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** By purpose. */
  readonly promises: Readonly<Record<string, FrequencyPromise>>;
  readonly source: string;
  readonly userId: string | null;
  readonly anonymousId: string | null;
  readonly requestedAt: Instant;
  readonly expiresAt: Instant;
  readonly confirmedAt: Instant | null;
}

/** `open`: it waits to be confirmed. `gone`: it ran out, or is deleted. */
export type OptInState = 'open' | 'confirmed' | 'gone';

export function optInState(optIn: StoredOptIn | null, now: Instant): OptInState {
  if (optIn === null) return 'gone';
  if (optIn.confirmedAt !== null) return 'confirmed';
  return optIn.expiresAt > now ? 'open' : 'gone';
}

/** The sign-up that the mail of this id asks to confirm, or null: it ran out and was deleted, or there was none. */
export async function readOptIn(queryable: Queryable, messageId: string): Promise<StoredOptIn | null> {
  const [row] = await queryable.query<StoredOptIn>(sql`
    SELECT opt_in_request.id, opt_in_request.lead_id AS "leadId", message_id AS "messageId", message_id_header AS "messageIdHeader",
           opt_in_request.address, purposes, wording, wording_version AS "wordingVersion", locale, form_url AS "formUrl",
           return_url AS "returnUrl", ip, user_agent AS "userAgent", promises, source, user_id AS "userId", anonymous_id AS "anonymousId",
           requested_at AS "requestedAt", expires_at AS "expiresAt", confirmed_at AS "confirmedAt"
    FROM opt_in_request JOIN message ON message.id = message_id WHERE message_id = ${messageId}::uuid`);
  return row ?? null;
}
