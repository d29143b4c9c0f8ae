import type { Instant } from '../domain/instant.ts';
import { DEFAULT_SENDER } from '../domain/sender/sender.ts';
import type { MessageState } from '../domain/sending/message.ts';
import type { RecipientKind } from './claim-message.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** What something that came back says of the mail it is about. */
export interface MessageNamed {
  /** Our message's id: by a signed address where `verp`, else by a Message-ID of our form. */
  readonly messageId: string | null;
  readonly verp: boolean;
  /** Without brackets. */
  readonly originalMessageIds: readonly string[];
  /** The provider's own id, told by the provider itself. Default: not told. */
  readonly providerId?: string | null;
}

/**
 * How sure it is that it is about this mail, and came from where the mail went. `verp`: an address that we signed.
 * `provider`: the provider that sent it says so, signed. `message-id`: a Message-ID, which whoever has seen the mail may
 * write; nobody can guess one.
 */
export type ReturnProof = 'verp' | 'provider' | 'message-id';

/** A mail that something came back of. */
export interface ReturnedMessage {
  readonly id: string;
  readonly leadId: string;
  readonly recipientKind: RecipientKind;
  /** Null once its person is erased. */
  readonly address: string | null;
  readonly state: MessageState;
  readonly purpose: string;
  readonly templateKey: string;
  readonly senderKey: string;
  readonly enrolmentId: string | null;
  readonly sequenceKey: string | null;
  readonly stepId: string | null;
  readonly claimedAt: Instant | null;
  readonly bouncedAt: Instant | null;
  readonly complainedAt: Instant | null;
  readonly repliedAt: Instant | null;
}

/** The mail that is meant, and how sure that is; null: none of ours, or none that was ever sent. */
export async function findReturnedMessage(
  queryable: Queryable,
  { messageId, verp, originalMessageIds, providerId = null }: MessageNamed,
): Promise<{ readonly message: ReturnedMessage; readonly proof: ReturnProof } | null> {
  if (messageId !== null && verp) {
    const message = await readReturnedMessage(queryable, messageId);
    if (message !== null) return { message, proof: 'verp' };
  }
  if (providerId !== null) {
    const message = await only(queryable, [providerId]);
    if (message !== null) return { message, proof: 'provider' };
  }
  const headers = originalMessageIds.map((id) => `<${id}>`);
  const [named] = await queryable.query<{ id: string }>(sql`
    SELECT id FROM message WHERE message_id_header = ANY(${headers}::text[]) ORDER BY created_at DESC LIMIT 1`);
  const message =
    named !== undefined
      ? await readReturnedMessage(queryable, named.id)
      : // Some providers replace our Message-ID by `<their id@their domain>`.
        await only(
          queryable,
          originalMessageIds.flatMap((id) => [id, id.split('@')[0] ?? id]),
        );
  return message === null ? null : { message, proof: providerId === null ? 'message-id' : 'provider' };
}

/** The one mail that has one of these ids of its provider. A server's queue ids come round again: of two it is neither. */
async function only(queryable: Queryable, providerIds: readonly string[]): Promise<ReturnedMessage | null> {
  const long = providerIds.filter((id) => id.length >= LEAST_ID);
  if (long.length === 0) return null;
  const found = await queryable.query<{ id: string }>(sql`
    SELECT id FROM message WHERE provider_id IS NOT NULL AND provider_id = ANY(${long}::text[]) LIMIT 2`);
  return found.length === 1 && found[0] !== undefined ? readReturnedMessage(queryable, found[0].id) : null;
}

/** Ids of providers that are told from each other are this long at least; queue ids of a mail server are shorter. */
const LEAST_ID = 12;

export async function readReturnedMessage(queryable: Queryable, id: string): Promise<ReturnedMessage | null> {
  const [row] = await queryable.query<ReturnedMessage>(sql`
    SELECT message.id, message.lead_id AS "leadId", recipient_kind AS "recipientKind", message.address, message.state, purpose,
           template_key AS "templateKey", coalesce(sender_key, ${DEFAULT_SENDER}) AS "senderKey", message.enrolment_id AS "enrolmentId",
           enrolment.sequence_key AS "sequenceKey", message.step_id AS "stepId", claimed_at AS "claimedAt",
           bounced_at AS "bouncedAt", complained_at AS "complainedAt", replied_at AS "repliedAt"
    FROM message LEFT JOIN enrolment ON enrolment.id = message.enrolment_id
    WHERE message.id = ${id}::uuid AND attempts > 0`);
  return row ?? null;
}
