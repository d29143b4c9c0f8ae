import { recipient, system } from '../domain/actor.ts';
import { ALL_PURPOSES } from '../domain/consent/consent.ts';
import { EMAIL_COMPLAINED } from '../domain/interaction/interaction.ts';
import type { Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { insertConsent } from './record-consent.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { resolveUnknown } from './resolve-unknown.ts';
import type { Returned, Understood } from './returned.ts';
import { touchSender } from './sender-health.ts';
import { at, sql } from './sql.ts';
import { suppressAddress } from './suppress-address.ts';

/**
 * A reader called a mail spam: that withdraws every consent to mail, whatever it was called (RFC 5965 §3.1), and the address
 * is not written to any more. A Message-ID is enough to believe it: nobody can guess one, and to write less is no harm.
 */
export async function applyComplaint(
  transaction: Transaction,
  returned: Returned,
  { feedbackType }: { readonly feedbackType: string },
): Promise<Understood> {
  const { message, lead, now } = returned;
  const { id, address } = message;
  const understood = { detail: /^[\w-]{1,40}$/.test(feedbackType) ? feedbackType.toLowerCase() : 'other' };
  await resolveUnknown(transaction, { messageId: id, proof: 'bounce', now });
  if (message.complainedAt !== null) return { outcome: 'already', ...understood };
  await transaction.query(sql`
    UPDATE message SET complained_at = ${at(now + lead.clockOffset)} WHERE id = ${id}::uuid`);
  if (message.recipientKind !== 'lead') return { outcome: 'internal', ...understood };
  await touchSender(transaction, message.senderKey);
  if (address === null) return { outcome: 'person-gone', ...understood };
  await insertConsent(transaction, lead.id, address, {
    evidence: {
      channel: 'email',
      purpose: ALL_PURPOSES,
      action: 'withdrawn',
      requestedAt: new Date(now).toISOString(),
      wording: `complaint (RFC 5965) about the mail ${id}`,
    },
    source: 'complaint',
    actor: recipient,
    now,
  });
  await suppressAddress(transaction, { address, reason: 'complaint', actor: system, now, detail: understood.detail });
  const { templateKey: template, sequenceKey: sequence, stepId: step, purpose } = message;
  await recordTendInteraction(transaction, {
    leadId: lead.id,
    messageId: `complaint:${id}`,
    name: EMAIL_COMPLAINED,
    properties: { message: id, template, sequence, step, purpose },
    occurredAt: now + lead.clockOffset,
    receivedAt: now,
    ownTime: lead.clockOffset > 0,
  });
  await raiseAttention(transaction, [lead.id]);
  return { outcome: 'withdrawn', ...understood };
}
