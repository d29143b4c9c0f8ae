import { system } from '../domain/actor.ts';
import { normaliseEmail } from '../domain/identity/normalise.ts';
import { EMAIL_REPLIED } from '../domain/interaction/interaction.ts';
import type { Transaction } from './database.ts';
import { forwardReply } from './forward-reply.ts';
import { holdForReply } from './hold-for-reply.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { resolveUnknown } from './resolve-unknown.ts';
import type { Returned, Understood } from './returned.ts';
import { at, sql } from './sql.ts';

export interface Reply {
  readonly from: string | null;
}

/**
 * A person has answered a mail. It goes to the colleague who has the lead, the sequence that wrote holds still, and, where it
 * is from one of the person's own addresses, it counts as something that only a person does. From another address it may be
 * a colleague of theirs to whom the mail was passed on.
 */
export async function applyReply(
  transaction: Transaction,
  returned: Returned,
  { from }: Reply,
  messageIdDomain: string,
): Promise<Understood> {
  const { inboundId, message, lead, now } = returned;
  if (message.recipientKind !== 'lead') return { outcome: 'internal' };
  if (message.address === null) return { outcome: 'person-gone' };
  const { id } = message;
  await resolveUnknown(transaction, { messageId: id, proof: 'reply', now });
  await transaction.query(sql`
    UPDATE message SET replied_at = coalesce(replied_at, ${at(now + lead.clockOffset)}) WHERE id = ${id}::uuid`);
  const own = from !== null && (await isOneOf(transaction, lead.id, message.address, from));
  if (own) {
    const { templateKey: template, sequenceKey: sequence, stepId: step, purpose } = message;
    await recordTendInteraction(transaction, {
      leadId: lead.id,
      messageId: `reply:${inboundId}`,
      name: EMAIL_REPLIED,
      properties: { message: id, template, sequence, step, purpose },
      occurredAt: now + lead.clockOffset,
      receivedAt: now,
      ownTime: lead.clockOffset > 0,
    });
  }
  if (message.enrolmentId !== null)
    await holdForReply(transaction, { enrolmentId: message.enrolmentId, lead, actor: system, now });
  const forwarded = await forwardReply(transaction, { ...returned, messageIdDomain });
  await raiseAttention(transaction, [lead.id]);
  return { outcome: forwarded ? 'forwarded' : 'nobody-to-tell', detail: own ? null : 'from-another-address' };
}

async function isOneOf(transaction: Transaction, leadId: string, address: string, from: string): Promise<boolean> {
  const normal = normaliseEmail(from);
  if (normal === null) return false;
  if (normal === address) return true;
  const [identity] = await transaction.query(sql`
    SELECT 1 FROM identity WHERE lead_id = ${leadId}::uuid AND kind = 'email' AND value = ${normal}`);
  return identity !== undefined;
}
