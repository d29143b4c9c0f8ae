import type { Instant } from '../domain/instant.ts';
import { isFinal, type MessageState } from '../domain/journey/snapshot.ts';
import { nextAttempt } from '../domain/sending/backoff.ts';
import { canMail } from '../domain/sending/gate.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { type LockedLead, lockLead } from './lock-lead.ts';
import { readGateFacts } from './read-gate-facts.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** The right to send one message once, until `leaseUntil`. */
export interface ClaimedMessage {
  readonly id: string;
  readonly recipientKind: 'lead' | 'rep';
  readonly leadId: string;
  readonly handoffId: string | null;
  readonly repKey: string | null;
  readonly address: string;
  readonly purpose: string;
  readonly messageIdHeader: string;
  readonly templateKey: string;
  readonly templateVersionId: number;
  readonly compiled: unknown;
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
    const now = Math.max(clock.now(), request.notBefore);
    if (isFinal(message.state)) return { kind: 'final', state: message.state };
    if (message.state === 'claimed') return { kind: 'busy', until: message.leaseUntil ?? now };
    if (message.state === 'deferred' && message.nextAttemptAt !== null && message.nextAttemptAt > now)
      return { kind: 'look' };
    const address =
      message.recipientKind === 'rep'
        ? await passToRep(transaction, message, now)
        : await passGate(transaction, lead, message, now);
    if (address === null) return { kind: 'look' };
    const template = await readLiveTemplate(transaction, message.templateKey);
    if (template === null) {
      await defer(transaction, message, now, 'template-missing');
      return { kind: 'look' };
    }
    const leaseUntil = now + request.leaseMs;
    await transaction.query(sql`
      UPDATE message SET state = 'claimed', reason = NULL, claim_token = ${request.token}::uuid, claimed_at = ${at(now)},
             lease_until = ${at(leaseUntil)}, next_attempt_at = NULL, attempts = attempts + 1, address = ${address},
             template_version_id = ${template.versionId}::bigint, lineage = ${template.lineage}
      WHERE id = ${message.id}::uuid`);
    await writeMessageEvents(transaction, now, [
      { messageId: message.id, state: 'claimed', reason: null, until: leaseUntil },
    ]);
    const { id, recipientKind, handoffId, repKey, purpose, messageIdHeader, templateKey } = message;
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
        templateKey,
        templateVersionId: template.versionId,
        compiled: template.compiled,
        leaseUntil,
      },
    };
  });
}

/** The address to write to, or null when the message must not go now; a refusal by the gate is written down. */
async function passGate(
  transaction: Transaction,
  lead: LockedLead,
  message: MessageRow,
  now: Instant,
): Promise<string | null> {
  if (lead.attentionRev !== lead.plannedRev) return null;
  const facts = await readGateFacts(transaction, lead.id, [message.purpose], now);
  const answer = canMail(
    {
      ...facts,
      consent: facts.consents.get(message.purpose) ?? { kind: 'none' },
      sent: facts.sent.get(message.purpose) ?? [],
      deadlineAt: message.deadlineAt,
    },
    now,
  );
  if (answer.kind === 'now') return facts.address;
  const state = answer.kind === 'later' ? 'delayed' : 'dropped';
  const until = answer.kind === 'later' ? answer.at : null;
  await transaction.query(sql`
    UPDATE message SET state = ${state}, reason = ${answer.reason}, next_attempt_at = ${at(until)},
           finished_at = ${state === 'dropped' ? at(now) : null}
    WHERE id = ${message.id}::uuid`);
  await writeMessageEvents(transaction, now, [{ messageId: message.id, state, reason: answer.reason, until }]);
  return null;
}

/** The representative's address, or null when the lead is no longer offered to them; then the mail is superseded. */
async function passToRep(transaction: Transaction, message: MessageRow, now: Instant): Promise<string | null> {
  if (message.stillOffered) return message.repAddress;
  await transaction.query(sql`
    UPDATE message SET state = 'superseded', reason = 'no-longer-offered', finished_at = ${at(now)} WHERE id = ${message.id}::uuid`);
  await writeMessageEvents(transaction, now, [
    { messageId: message.id, state: 'superseded', reason: 'no-longer-offered', until: null },
  ]);
  return null;
}

async function defer(transaction: Transaction, message: MessageRow, now: Instant, reason: string): Promise<void> {
  const until = nextAttempt(message.attempts + 1, now);
  await transaction.query(sql`
    UPDATE message SET state = 'deferred', reason = ${reason}, attempts = attempts + 1, next_attempt_at = ${at(until)}
    WHERE id = ${message.id}::uuid`);
  await writeMessageEvents(transaction, now, [{ messageId: message.id, state: 'deferred', reason, until }]);
}

interface MessageRow {
  readonly id: string;
  readonly recipientKind: 'lead' | 'rep';
  readonly handoffId: string | null;
  readonly repKey: string | null;
  readonly repAddress: string | null;
  readonly stillOffered: boolean;
  readonly purpose: string;
  readonly state: MessageState;
  readonly messageIdHeader: string;
  readonly templateKey: string;
  readonly attempts: number;
  readonly deadlineAt: Instant | null;
  readonly nextAttemptAt: Instant | null;
  readonly leaseUntil: Instant | null;
}

async function readMessage(transaction: Transaction, messageId: string): Promise<MessageRow> {
  const [row] = await transaction.query<MessageRow>(sql`
    SELECT message.id, recipient_kind AS "recipientKind", message.handoff_id AS "handoffId", rep_key AS "repKey", rep.email AS "repAddress",
           coalesce(handoff.state = 'offered' AND handoff.owner_key = message.rep_key, false) AS "stillOffered",
           purpose, message.state, message_id_header AS "messageIdHeader", template_key AS "templateKey", attempts,
           deadline_at AS "deadlineAt", next_attempt_at AS "nextAttemptAt", lease_until AS "leaseUntil"
    FROM message LEFT JOIN rep ON rep.key = message.rep_key LEFT JOIN handoff ON handoff.id = message.handoff_id
    WHERE message.id = ${messageId}::uuid`);
  if (row === undefined) throw new Error(`message ${messageId} has gone`);
  return row;
}

async function readLiveTemplate(
  transaction: Transaction,
  key: string,
): Promise<{ versionId: number; compiled: unknown; lineage: string } | null> {
  const [row] = await transaction.query<{ versionId: number; compiled: unknown; lineage: string }>(sql`
    SELECT version.id AS "versionId", version.compiled, coalesce(version.content->>'lineage', version.key) AS lineage
    FROM definition JOIN definition_version AS version ON version.id = definition.live_version_id
    WHERE definition.kind = 'template' AND definition.key = ${key}`);
  return row ?? null;
}
