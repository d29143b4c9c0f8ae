import { system } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import { EMAIL_BOUNCED } from '../domain/interaction/interaction.ts';
import { DEFAULT_SENDER } from '../domain/sender/sender.ts';
import type { BounceCause } from '../domain/sending/bounce-cause.ts';
import { mailboxIsAbandoned } from '../domain/sending/bounced-mailbox.ts';
import type { RecipientKind } from './claim-message.ts';
import type { Transaction } from './database.ts';
import { earlierBounces } from './earlier-bounces.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { touchSender } from './sender-health.ts';
import { at, sql } from './sql.ts';
import { suppressAddress } from './suppress-address.ts';

export interface Bounce {
  readonly messageId: string;
  readonly recipientKind: RecipientKind;
  /** Whom it was to. A colleague that takes no mail is nobody's lead. */
  readonly leadId: string;
  readonly address: string | null;
  readonly template: string;
  readonly purpose: string;
  readonly sequence: string | null;
  readonly step: string | null;
  readonly senderKey: string | null;
  readonly cause: BounceCause;
  /** RFC 3463, where one was given. */
  readonly status: string | null;
  /** A code without personal data. */
  readonly why: string;
  /** False: that there is no such mailbox is not sure enough yet, and nobody is written off for it. Default: true. */
  readonly proven?: boolean;
  /** By the lead's own clock, and by the world's. */
  readonly now: Instant;
  readonly worldNow: Instant;
}

/**
 * Notes that a mail did not reach its person, once for each mail: on its row, as an interaction, and where there is no such
 * mailbox, or it has been full or out of reach for long, by writing the address off: then true is returned. A refusal for our own reputation
 * writes nobody off. The lead's lock is held.
 */
export async function noteBounce(transaction: Transaction, bounce: Bounce): Promise<boolean> {
  const { messageId, recipientKind, leadId, address, cause, status, now, worldNow } = bounce;
  const { template, sequence, step, purpose, senderKey } = bounce;
  await transaction.query(sql`
    UPDATE message SET bounced_at = ${at(now)}, bounce_cause = ${cause} WHERE id = ${messageId}::uuid AND bounced_at IS NULL`);
  if (recipientKind !== 'lead') return false;
  await touchSender(transaction, senderKey ?? DEFAULT_SENDER);
  await recordTendInteraction(transaction, {
    leadId,
    messageId: `bounce:${messageId}`,
    name: EMAIL_BOUNCED,
    properties: { message: messageId, template, sequence, step, purpose, cause, status },
    occurredAt: now,
    receivedAt: worldNow,
    ownTime: true,
  });
  if (address === null) return false;
  const detail = await groundOf(transaction, bounce, address);
  if (detail === null) return false;
  await suppressAddress(transaction, { address, reason: 'mailbox-unknown', actor: system, now: worldNow, detail });
  return true;
}

/** Why the address is written off, as a code; null: it is not. */
async function groundOf(
  transaction: Transaction,
  { messageId, leadId, cause, why, now, proven = true }: Bounce,
  address: string,
): Promise<string | null> {
  if (cause === 'mailbox') return proven ? why : null;
  if (cause !== 'full' && cause !== 'transient') return null;
  const earlier = await earlierBounces(transaction, { messageId, leadId, address, cause, now });
  return mailboxIsAbandoned({ messageId, at: now }, earlier)
    ? cause === 'full'
      ? 'full-for-long'
      : 'unreachable-for-long'
    : null;
}
