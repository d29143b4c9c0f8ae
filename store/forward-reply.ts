import { DAY } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import { newId } from './new-id.ts';
import type { Returned } from './returned.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** The template by which a reply goes to a colleague. */
const REPLY_TEMPLATE = 'reply-forward';
/** A colleague's mail server that takes nothing for so long is not asked for ever. */
const FORWARD_DEADLINE_MS = 3 * DAY;

/**
 * Queues the mail by which a person's reply goes on: to whoever of sales has the lead, had it last, or has its company; else
 * to the mailbox that the sender of the answered mail names. It goes out by the ordinary claim. False: nobody is named.
 */
export async function forwardReply(
  transaction: Transaction,
  { inboundId, message, lead, now, messageIdDomain }: Returned & { readonly messageIdDomain: string },
): Promise<boolean> {
  const rep = await ownerOf(transaction, lead.id);
  if (rep === null && (await forwardMailbox(transaction, message.senderKey)) === null) return false;
  const id = newId();
  const ownNow = now + lead.clockOffset;
  await transaction.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, rep_key, channel, purpose, template_key, lineage, state, due_at, deadline_at,
                         message_id_header, sender_key, inbound_mail_id, created_at)
    VALUES (${id}::uuid, 'colleague', ${lead.id}::uuid, ${rep}, 'email', 'reply', ${REPLY_TEMPLATE}, ${REPLY_TEMPLATE}, 'due', ${at(ownNow)},
            ${at(ownNow + FORWARD_DEADLINE_MS)}, ${`<${id}@${messageIdDomain}>`}, ${message.senderKey}, ${inboundId}::uuid, ${at(ownNow)})`);
  await writeMessageEvents(transaction, ownNow, [{ messageId: id, state: 'due', reason: null, until: null }]);
  return true;
}

/** Who of sales has the lead now, else had it last, else last had somebody of the same company. */
async function ownerOf(transaction: Transaction, leadId: string): Promise<string | null> {
  const [row] = await transaction.query<{ key: string }>(sql`
    SELECT rep.key FROM lead JOIN lead AS somebody ON somebody.id = lead.id OR somebody.account_id = lead.account_id
         JOIN handoff ON handoff.lead_id = somebody.id JOIN rep ON rep.key = handoff.owner_key AND rep.active
    WHERE lead.id = ${leadId}::uuid
    ORDER BY somebody.id = lead.id DESC, handoff.state <> 'closed' DESC, handoff.offered_at DESC LIMIT 1`);
  return row?.key ?? null;
}

/** The mailbox that a live sender names for replies; null: none. */
async function forwardMailbox(transaction: Transaction, senderKey: string): Promise<string | null> {
  const [row] = await transaction.query<{ address: string | null }>(sql`
    SELECT version.content->>'forwardRepliesTo' AS address
    FROM definition JOIN definition_version AS version ON version.id = definition.live_version_id
    WHERE definition.kind = 'sender' AND definition.key = ${senderKey}`);
  return row?.address ?? null;
}
