import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { MessageState } from '../domain/sending/message.ts';
import type { RecipientKind } from './claim-message.ts';
import type { Database, Transaction } from './database.ts';
import { lockLead } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { assertId } from './resolve-lead.ts';
import { sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** What a person found out about a mail that nobody knew the fate of. */
export const settlements = ['sent', 'not-sent'] as const;
export type Settlement = (typeof settlements)[number];

export interface SettleInput {
  readonly messageId: string;
  readonly outcome: Settlement;
  /** How they know. */
  readonly note: string | null;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface SettledMessage {
  readonly id: string;
  readonly leadId: string;
  readonly recipient: RecipientKind;
  readonly state: MessageState;
  readonly reason: string;
}

/**
 * Says what became of a mail whose state is `unknown`. One that was sent is `accepted`. One that was not is `dropped`: it no
 * longer counts for promised frequencies and caps. Neither is sent again by itself, for its enrolment or handoff has gone on.
 *
 * Throws `not-found` and `conflict`: the state is another.
 */
export async function settleMessage(database: Database, input: SettleInput): Promise<SettledMessage> {
  const { messageId, outcome, note, actor, now } = input;
  assertId('message', messageId);
  const [target] = await database.query<{ leadId: string }>(sql`
    SELECT lead_id AS "leadId" FROM message WHERE id = ${messageId}::uuid`);
  if (target === undefined) throw new TendError('not-found', `There is no message ${messageId}.`);
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, target.leadId);
    const message = await readMessage(transaction, messageId);
    if (message.state !== 'unknown') throw new TendError('conflict', whyNot(message));
    const [state, reason] =
      outcome === 'sent' ? (['accepted', 'settled-by-hand'] as const) : (['dropped', 'settled-not-sent'] as const);
    // It stays finished since nobody knew: that is when its step ended.
    // Where nothing of it left, the claim after which it was sent again does not count either.
    await transaction.query(sql`
      UPDATE message SET state = ${state}, reason = ${reason}, lost_claim_at = CASE WHEN ${outcome === 'sent'} THEN lost_claim_at END
      WHERE id = ${messageId}::uuid`);
    // Of an erased person nothing is written down any more: the note may be about them.
    const kept = lead.erasedAt === null ? note : null;
    await writeMessageEvents(transaction, now, [{ messageId, state, reason, until: null, note: kept }]);
    if (message.handoffId !== null) {
      await transaction.query(
        sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id = ${message.handoffId}::uuid`,
      );
      await transaction.notify('tend_handoff', message.handoffId);
    }
    await raiseAttention(transaction, [lead.id]);
    // Without the note, which may be about the person: an audit row outlives their erasure.
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'message.settled',
      subjectKind: 'message',
      subjectId: messageId,
      detail: { outcome },
    });
    return { id: messageId, leadId: lead.id, recipient: message.recipient, state, reason };
  });
}

interface MessageToSettle {
  readonly recipient: RecipientKind;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly handoffId: string | null;
}

async function readMessage(transaction: Transaction, messageId: string): Promise<MessageToSettle> {
  const [row] = await transaction.query<MessageToSettle>(sql`
    SELECT recipient_kind AS recipient, state, reason, handoff_id AS "handoffId" FROM message WHERE id = ${messageId}::uuid`);
  if (row === undefined) throw new Error(`message ${messageId} has gone`);
  return row;
}

function whyNot({ state, reason }: MessageToSettle): string {
  if (reason === 'settled-by-hand' || reason === 'settled-not-sent')
    return `This mail was settled before: it is ${state}.`;
  switch (state) {
    case 'unknown':
      return 'Nobody knows what became of this mail.';
    case 'due':
    case 'delayed':
    case 'deferred':
      return `This mail was not sent yet: it is ${state}, and waits for its next attempt.`;
    case 'claimed':
      return 'This mail is being sent at this moment: if no answer comes, it becomes unknown and can be settled then.';
    case 'accepted':
    case 'refused':
    case 'dropped':
    case 'superseded':
      return `What became of this mail is known: it is ${state}.`;
  }
}
