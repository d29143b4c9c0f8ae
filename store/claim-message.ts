import type { Instant } from '../domain/instant.ts';
import { DEFAULT_SENDER, domainOf, type Sender } from '../domain/sender/sender.ts';
import { nextAttempt } from '../domain/sending/backoff.ts';
import { isFinal, type MessageState } from '../domain/sending/message.ts';
import type { Content } from '../domain/sequence/content.ts';
import type { Question } from '../domain/sequence/question.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { senderOfVersion } from './load-sender.ts';
import { lockLead } from './lock-lead.ts';
import { passGate } from './pass-gate.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** `colleague`: told of a lead by a step of a sequence. `rep`: offered the lead. */
export type RecipientKind = 'lead' | 'rep' | 'colleague';

/** The right to send one message once, until `leaseUntil`. */
export interface ClaimedMessage {
  readonly id: string;
  readonly recipientKind: RecipientKind;
  readonly leadId: string;
  readonly handoffId: string | null;
  readonly repKey: string | null;
  readonly address: string;
  readonly purpose: string;
  readonly messageIdHeader: string;
  /** What it asks its reader; null: nothing. */
  readonly question: Question | null;
  readonly templateKey: string;
  readonly templateVersionId: number;
  readonly compiled: unknown;
  /** Whom it is from. */
  readonly sender: Sender;
  readonly leaseUntil: Instant;
}

export type ClaimAnswer =
  | { readonly kind: 'claimed'; readonly message: ClaimedMessage }
  /** Something has changed since the plan, or the gate says no (which is on record): plan again. */
  | { readonly kind: 'look' }
  /** Another attempt holds the claim. It is never sent by this one; without a result by then it becomes unknown. */
  | { readonly kind: 'busy'; readonly until: Instant }
  | { readonly kind: 'final'; readonly state: MessageState };

export interface ClaimRequest {
  readonly messageId: string;
  /** This attempt's own token: only its bearer may record the result. */
  readonly token: string;
  readonly leaseMs: number;
  /** The `now` of the plan that commanded it: a claim with a clock behind the plan's would only be told to plan again. */
  readonly notBefore: Instant;
  /** Whom mail is from where no sender is published: `Name <address>`. */
  readonly mailFrom: string;
}

/**
 * Claims a message under its lead's lock. The mail counts as sent from this commit on; an offer to sales that commits
 * first wins, and the claim finds it.
 */
export async function claimMessage(database: Database, clock: Clock, request: ClaimRequest): Promise<ClaimAnswer> {
  const [target] = await database.query<{ leadId: string }>(sql`
    SELECT lead_id AS "leadId" FROM message WHERE id = ${request.messageId}::uuid`);
  if (target === undefined) return { kind: 'final', state: 'superseded' };
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, target.leadId);
    const message = await readMessage(transaction, request.messageId);
    const now = Math.max(clock.now(), request.notBefore) + lead.clockOffset;
    if (isFinal(message.state)) return { kind: 'final', state: message.state };
    // Whose data is being removed is told of nowhere any more, not to a representative either.
    if (lead.erasedAt !== null && message.state !== 'claimed') return { kind: 'look' };
    if (message.state === 'claimed') return { kind: 'busy', until: (message.leaseUntil ?? now) - lead.clockOffset };
    if (message.state === 'deferred' && message.nextAttemptAt !== null && message.nextAttemptAt > now)
      return { kind: 'look' };
    // What the latest plan withheld is not sent on the command of one before it.
    const putOff = message.state === 'delayed' || lead.attentionRev !== lead.plannedRev;
    if (message.recipientKind === 'lead' && putOff) return { kind: 'look' };
    const template = await readLiveTemplate(transaction, message.templateKey);
    if (template === null) {
      await defer(transaction, message, now, 'template-missing');
      return { kind: 'look' };
    }
    const sender = await senderOfVersion(transaction, template.sender, template.senderVersionId, request.mailFrom);
    if (sender === null) {
      await defer(transaction, message, now, 'sender-missing', template.sender);
      return { kind: 'look' };
    }
    // A question is a content of its own: the same template may ask for another thing.
    const lineage = message.question === null ? template.lineage : `${template.lineage}.${message.question.attribute}`;
    // What is not of a sequence was asked for by itself: it is not the same content once more.
    const repeatable = template.repeatable || message.enrolmentId === null;
    const content = { lineage, repeatable, sender: template.sender };
    const address =
      message.recipientKind === 'lead'
        ? await passGate(transaction, lead, { ...message, content }, { now, sendingDomain: domainOf(sender.from) })
        : await passToColleague(transaction, message, now);
    if (address === null) return { kind: 'look' };
    const leaseUntil = now + request.leaseMs;
    await transaction.query(sql`
      UPDATE message SET state = 'claimed', reason = NULL, detail = NULL, claim_token = ${request.token}::uuid, claimed_at = ${at(now)},
             lease_until = ${at(leaseUntil)}, next_attempt_at = NULL, attempts = attempts + 1, address = ${address},
             template_version_id = ${template.versionId}::bigint, lineage = ${lineage}, sender_key = ${template.sender}
      WHERE id = ${message.id}::uuid`);
    await writeMessageEvents(transaction, now, [
      { messageId: message.id, state: 'claimed', reason: null, until: leaseUntil },
    ]);
    const { id, recipientKind, handoffId, repKey, purpose, messageIdHeader, question, templateKey } = message;
    return {
      kind: 'claimed',
      message: {
        id,
        recipientKind,
        leadId: lead.id,
        handoffId,
        repKey,
        address,
        purpose,
        messageIdHeader,
        question,
        templateKey,
        templateVersionId: template.versionId,
        compiled: template.compiled,
        sender,
        leaseUntil: leaseUntil - lead.clockOffset,
      },
    };
  });
}

/** The colleague's address, or null when they are no longer to be told; then the mail is superseded. */
async function passToColleague(transaction: Transaction, message: MessageRow, now: Instant): Promise<string | null> {
  const { id: messageId, recipientKind, repAddress, stillOffered, ofTestLead } = message;
  const wanted = recipientKind === 'colleague' ? !ofTestLead : stillOffered;
  if (repAddress !== null && wanted) return repAddress;
  const reason = recipientKind === 'rep' ? 'no-longer-offered' : ofTestLead ? 'test-lead' : 'nobody-to-tell';
  await transaction.query(sql`
    UPDATE message SET state = 'superseded', reason = ${reason}, finished_at = ${at(now)} WHERE id = ${messageId}::uuid`);
  await writeMessageEvents(transaction, now, [{ messageId, state: 'superseded', reason, until: null }]);
  return null;
}

async function defer(
  transaction: Transaction,
  message: MessageRow,
  now: Instant,
  reason: 'template-missing' | 'sender-missing',
  detail: string | null = null,
): Promise<void> {
  const until = nextAttempt(message.attempts + 1, now);
  await transaction.query(sql`
    UPDATE message SET state = 'deferred', reason = ${reason}, detail = ${detail}, attempts = attempts + 1, next_attempt_at = ${at(until)}
    WHERE id = ${message.id}::uuid`);
  await writeMessageEvents(transaction, now, [{ messageId: message.id, state: 'deferred', reason, until }]);
}

interface MessageRow {
  readonly id: string;
  readonly recipientKind: RecipientKind;
  readonly enrolmentId: string | null;
  readonly handoffId: string | null;
  readonly repKey: string | null;
  /** The representative's; of a forwarded reply without one, the mailbox that the sender of the answered mail names. */
  readonly repAddress: string | null;
  readonly stillOffered: boolean;
  readonly ofTestLead: boolean;
  readonly address: string | null;
  readonly purpose: string;
  readonly state: MessageState;
  readonly messageIdHeader: string;
  readonly question: Question | null;
  readonly templateKey: string;
  readonly attempts: number;
  readonly deadlineAt: Instant | null;
  readonly nextAttemptAt: Instant | null;
  readonly leaseUntil: Instant | null;
  readonly sequencePaused: boolean;
  readonly mailsFrom: Instant | null;
}

async function readMessage(transaction: Transaction, messageId: string): Promise<MessageRow> {
  const [row] = await transaction.query<MessageRow>(sql`
    SELECT message.id, recipient_kind AS "recipientKind", message.enrolment_id AS "enrolmentId", message.handoff_id AS "handoffId", rep_key AS "repKey",
           coalesce(rep.email, (
             SELECT forward.content->>'forwardRepliesTo' FROM inbound_mail JOIN message AS answered ON answered.id = inbound_mail.message_id
             JOIN definition ON definition.kind = 'sender' AND definition.key = coalesce(answered.sender_key, ${DEFAULT_SENDER})
             JOIN definition_version AS forward ON forward.id = definition.live_version_id
             WHERE inbound_mail.id = message.inbound_mail_id)) AS "repAddress",
           coalesce(handoff.state = 'offered' AND handoff.owner_key = message.rep_key, false) AS "stillOffered",
           (SELECT test FROM lead WHERE lead.id = message.lead_id) AS "ofTestLead",
           message.address, purpose, message.state, message_id_header AS "messageIdHeader", question, template_key AS "templateKey", attempts,
           deadline_at AS "deadlineAt", next_attempt_at AS "nextAttemptAt", lease_until AS "leaseUntil", mails_from AS "mailsFrom",
           coalesce(held, false) AS "sequencePaused"
    FROM message LEFT JOIN rep ON rep.key = message.rep_key LEFT JOIN handoff ON handoff.id = message.handoff_id
         LEFT JOIN enrolment ON enrolment.id = message.enrolment_id
         LEFT JOIN enrolment_hold ON enrolment_hold.id = message.enrolment_id
    WHERE message.id = ${messageId}::uuid`);
  if (row === undefined) throw new Error(`message ${messageId} has gone`);
  return row;
}

async function readLiveTemplate(transaction: Transaction, key: string): Promise<LiveTemplate | null> {
  const [row] = await transaction.query<LiveTemplate>(sql`
    SELECT version.id AS "versionId", version.compiled, coalesce(version.content->>'lineage', version.key) AS lineage,
           coalesce((version.content->>'repeatable')::boolean, false) AS repeatable,
           coalesce(version.content->>'sender', ${DEFAULT_SENDER}) AS sender, sender.live_version_id AS "senderVersionId"
    FROM definition JOIN definition_version AS version ON version.id = definition.live_version_id
         LEFT JOIN definition AS sender ON sender.kind = 'sender' AND sender.key = coalesce(version.content->>'sender', ${DEFAULT_SENDER})
    WHERE definition.kind = 'template' AND definition.key = ${key}`);
  return row ?? null;
}

interface LiveTemplate extends Content {
  readonly sender: string;
  /** Null: no sender is published under that key. */
  readonly senderVersionId: number | null;
  readonly versionId: number;
  readonly compiled: unknown;
}
