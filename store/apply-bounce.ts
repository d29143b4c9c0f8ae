import { system } from '../domain/actor.ts';
import type { BounceCause } from '../domain/sending/bounce-cause.ts';
import { mailboxIsAbandoned, mailboxIsGone } from '../domain/sending/bounced-mailbox.ts';
import type { ReportedRecipient } from '../mail/inbound/delivery-status.ts';
import type { Transaction } from './database.ts';
import { earlierBounces } from './earlier-bounces.ts';
import { type Bounce, noteBounce } from './note-bounce.ts';
import { noteReceiverRefusal } from './receiving-domain.ts';
import { resolveUnknown } from './resolve-unknown.ts';
import type { Returned, Understood } from './returned.ts';
import { touchSender } from './sender-health.ts';
import { at, sql } from './sql.ts';
import { suppressAddress } from './suppress-address.ts';

/**
 * Acts on a report that a mail was not delivered, by its cause. Whatever it says, the mail has left. A mailbox that does
 * not exist is not written to again; one that is full, or out of reach, is, until it has been for a month; a refusal for policy or reputation
 * is the sender's affair and counted against the receiving domain; what is about this one mail is on record.
 * Its enrolment goes on: the gate drops what may no longer be sent.
 */
export async function applyBounce(
  transaction: Transaction,
  returned: Returned,
  { recipients, delayed }: { readonly recipients: readonly ReportedRecipient[]; readonly delayed: boolean },
): Promise<Understood> {
  const { message, now } = returned;
  const { found, named } = ofOurs(recipients, message.address);
  await resolveUnknown(transaction, { messageId: message.id, proof: 'bounce', now });
  if (found === null) return { outcome: 'nothing' };
  const { cause, status, why: detail } = found;
  const understood = { cause, status, detail };
  if (delayed) return { outcome: 'recorded', ...understood };
  if (message.recipientKind !== 'lead' || message.address === null) {
    await mark(transaction, returned, cause);
    return { outcome: message.recipientKind === 'lead' ? 'person-gone' : 'internal', ...understood };
  }
  // About another address: the person's own forwarding may have failed, and their mailbox be well.
  const heard: Returned = named ? returned : { ...returned, proof: 'message-id' };
  if (message.bouncedAt !== null)
    return { outcome: await confirm(transaction, heard, message.address, found), ...understood };
  return { outcome: await act(transaction, heard, message.address, found), ...understood };
}

/** What was only weakly known before is acted on once it is proven. */
async function confirm(
  transaction: Transaction,
  { proof, now }: Returned,
  address: string,
  { cause, permanent, status, why }: ReportedRecipient,
): Promise<Understood['outcome']> {
  if (cause !== 'mailbox' || !permanent || proof === 'message-id') return 'already';
  const ground = { reason: 'mailbox-unknown', detail: status ?? why } as const;
  return (await suppressAddress(transaction, { address, ...ground, actor: system, now })) ? 'suppressed' : 'already';
}

async function act(
  transaction: Transaction,
  returned: Returned,
  address: string,
  { cause, permanent, status, why }: ReportedRecipient,
): Promise<Understood['outcome']> {
  const { message, lead, proof, now } = returned;
  const proven = proof !== 'message-id';
  const bounce = { messageId: message.id, now: now + lead.clockOffset };
  switch (cause) {
    case 'mailbox': {
      if (!permanent) return mark(transaction, returned, cause);
      const earlier = await earlierBounces(transaction, { ...bounce, leadId: lead.id, address, cause });
      const gone = mailboxIsGone({ messageId: message.id, at: bounce.now, proven }, earlier);
      await note(transaction, returned, { cause, status, why, proven: gone });
      return gone ? 'suppressed' : 'awaits-second-report';
    }
    case 'full':
      return (await note(transaction, returned, { cause, status, why, proven })) ? 'suppressed' : 'recorded';
    case 'policy': {
      await mark(transaction, returned, cause);
      // Whoever saw some mails could close a whole domain to us otherwise.
      if (!proven) return 'recorded';
      const domain = address.slice(address.lastIndexOf('@') + 1);
      await noteReceiverRefusal(transaction, { domain, status, why, now, messageId: message.id, evidence: 'report' });
      return 'receiver-noted';
    }
    case 'transient': {
      // A domain that is gone never says so: mails to it run out, one after the other.
      const earlier = await earlierBounces(transaction, { ...bounce, leadId: lead.id, address, cause });
      if (!mailboxIsAbandoned({ messageId: message.id, at: bounce.now }, earlier))
        return mark(transaction, returned, cause);
      return (await note(transaction, returned, { cause, status, why, proven })) ? 'suppressed' : 'recorded';
    }
    case 'content':
      return mark(transaction, returned, cause);
  }
}

/**
 * The recipient that the report is about: ours by name, or the first that failed for good (a list's, a forwarding's).
 * `named`: it is ours, or the report names nobody else.
 */
function ofOurs(
  recipients: readonly ReportedRecipient[],
  address: string | null,
): { readonly found: ReportedRecipient | null; readonly named: boolean } {
  const ours = recipients.find((recipient) => recipient.address?.toLowerCase() === address && address !== null);
  const found = ours ?? recipients.find(({ permanent }) => permanent) ?? recipients[0] ?? null;
  return { found, named: ours !== undefined || (found !== null && found.address === null) };
}

/** On record; nothing follows for the person. */
async function mark(
  transaction: Transaction,
  { message, lead, now }: Returned,
  cause: BounceCause,
): Promise<'recorded'> {
  await transaction.query(sql`
    UPDATE message SET bounced_at = ${at(now + lead.clockOffset)}, bounce_cause = ${cause} WHERE id = ${message.id}::uuid`);
  if (message.recipientKind === 'lead') await touchSender(transaction, message.senderKey);
  return 'recorded';
}

/** On record, and told to scores and sequences: mail does not reach the person. Returns whether the address is written off. */
async function note(
  transaction: Transaction,
  { message, lead, now }: Returned,
  bounce: Pick<Bounce, 'cause' | 'status' | 'why' | 'proven'>,
): Promise<boolean> {
  const { id: messageId, templateKey: template, sequenceKey: sequence, stepId: step } = message;
  const about = { ...message, messageId, leadId: lead.id, template, sequence, step };
  return noteBounce(transaction, { ...about, ...bounce, now: now + lead.clockOffset, worldNow: now });
}
