import type { Instant } from '../domain/instant.ts';
import type { BounceCause } from '../domain/sending/bounce-cause.ts';
import { mailboxIsGone } from '../domain/sending/bounced-mailbox.ts';
import { fateOfLost, type IfLost } from '../domain/sending/lost-claim.ts';
import type { MessageState } from '../domain/sending/message.ts';
import { nextAfterDeferral, wordsOnTheMail } from '../domain/sending/refusal.ts';
import type { RecipientKind } from './claim-message.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { earlierBounces } from './earlier-bounces.ts';
import { type LockedLead, lockLead } from './lock-lead.ts';
import { noteBounce } from './note-bounce.ts';
import { raiseAttentionQuietly } from './raise-attention.ts';
import { noteReceiverAccepted, noteReceiverRefusal } from './receiving-domain.ts';
import { at, sql } from './sql.ts';
import { writeLostClaim } from './write-lost-claim.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** How one SMTP attempt ended. `reply` may quote addresses: it goes to PostgreSQL and nowhere else. */
export interface SendResult {
  readonly state: 'accepted' | 'deferred' | 'refused' | 'unknown';
  /** A stable code where it is not accepted. */
  readonly reason: string | null;
  readonly providerId: string | null;
  readonly reply: string | null;
  /** In a name or code, what the reason is in this case; nothing personal. */
  readonly detail?: string | null;
  /** What a server's no tells of address or sender; default: nothing. */
  readonly cause?: BounceCause | null;
  /** The server's enhanced status (RFC 3463). */
  readonly status?: string | null;
}

/**
 * Records the result of a claim, and what it tells of the address, the receiving domain and the sender. Only the claim's
 * bearer can; when its lease has ended meanwhile, and the message is `unknown` or was settled without knowing, a result that
 * says what happened resolves it. Returns the state that the message has now.
 */
export async function recordSendResult(
  database: Database,
  clock: Clock,
  claim: { readonly messageId: string; readonly token: string },
  result: SendResult,
): Promise<MessageState> {
  const [target] = await database.query<{ leadId: string }>(sql`
    SELECT lead_id AS "leadId" FROM message WHERE id = ${claim.messageId}::uuid`);
  if (target === undefined) return 'superseded';
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, target.leadId);
    const message = await readClaim(transaction, claim.messageId);
    if (message === null) return 'superseded';
    if (message.token !== claim.token || !isOpenTo(message, result)) return message.state;
    const worldNow = clock.now();
    const now = worldNow + lead.clockOffset;
    // A result that comes late must not bring back what was erased: servers quote addresses.
    const reply = lead.erasedAt === null ? storable(result.reply) : null;
    const state = await write(transaction, message, { ...result, reply }, now);
    await draw(transaction, lead, message, result, { state, worldNow });
    if (message.handoffId !== null) {
      await transaction.query(
        sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id = ${message.handoffId}::uuid`,
      );
    } else {
      await raiseAttentionQuietly(transaction, [lead.id]);
    }
    return state;
  });
}

/** Of a reply so much is kept. PostgreSQL stores no NUL in a text: the result of a mail that has left must not be lost for one. */
const MOST_REPLY = 4_000;

function storable(reply: string | null): string | null {
  return reply === null
    ? null
    : reply
        .replaceAll('\0', '')
        .slice(0, MOST_REPLY)
        .replace(/[\ud800-\udbff]$/, '');
}

interface ClaimRow {
  readonly id: string;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly token: string | null;
  readonly attempts: number;
  readonly recipientKind: RecipientKind;
  readonly handoffId: string | null;
  readonly address: string | null;
  readonly template: string;
  readonly purpose: string;
  readonly sequence: string | null;
  readonly step: string | null;
  readonly senderKey: string | null;
  readonly ifLost: IfLost;
  /** The claim of which nobody knew, where the mail is to be sent again for it. */
  readonly lostClaimAt: Instant | null;
  /** The receiver refused mails of late. */
  readonly troubled: boolean;
}

async function readClaim(transaction: Transaction, messageId: string): Promise<ClaimRow | null> {
  const [message] = await transaction.query<ClaimRow>(sql`
    SELECT message.id, message.state, message.reason, claim_token AS token, attempts, recipient_kind AS "recipientKind", handoff_id AS "handoffId",
           address, template_key AS template, purpose, sequence_key AS sequence, message.step_id AS step, sender_key AS "senderKey", if_lost(message) AS "ifLost",
           lost_claim_at AS "lostClaimAt",
           EXISTS (SELECT FROM receiving_domain WHERE domain = lower(split_part(address, '@', 2))) AS troubled
    FROM message LEFT JOIN enrolment ON enrolment.id = enrolment_id
    WHERE message.id = ${messageId}::uuid`);
  return message ?? null;
}

/** What was settled without knowing is corrected by whoever knows. */
function isOpenTo(message: ClaimRow, result: SendResult): boolean {
  const { state, reason } = message;
  if (state === 'claimed') return true;
  if (result.state === 'unknown') return false;
  return state === 'unknown' || isSentAgain(message) || (state === 'accepted' && reason === 'counted-as-sent');
}

/**
 * Its lease ended, and it was to be sent again; no other attempt has claimed it, for that would have a token of its own. It
 * waits, for whatever reason by now, or a rule has ended it meanwhile.
 */
function isSentAgain({ state, lostClaimAt }: ClaimRow): boolean {
  return lostClaimAt !== null && (isWaiting(state) || isOver(state));
}

const isWaiting = (state: MessageState) => state === 'deferred' || state === 'delayed' || state === 'due';
const isOver = (state: MessageState) => state === 'dropped' || state === 'superseded';

async function write(
  transaction: Transaction,
  message: ClaimRow,
  result: SendResult,
  now: Instant,
): Promise<MessageState> {
  const { id, ifLost } = message;
  if (result.state === 'unknown') {
    await transaction.query(sql`UPDATE message SET smtp_reply = ${result.reply} WHERE id = ${id}::uuid`);
    const fate = fateOfLost(ifLost, now, result.reason ?? 'no-result');
    await writeLostClaim(transaction, id, fate, now);
    return fate.state;
  }
  const { state, reason, until } = await endOf(transaction, message, result, now);
  // Its fate is known: it is no lost claim any more.
  const found = isSentAgain(message);
  await transaction.query(sql`
    UPDATE message SET state = ${state}, reason = ${reason}, detail = ${result.detail ?? null}, provider_id = ${result.providerId}, smtp_reply = ${result.reply},
           lease_until = NULL, next_attempt_at = ${at(until)}, finished_at = ${state === 'deferred' ? null : at(now)},
           lost_claim_at = CASE WHEN ${found} THEN NULL ELSE lost_claim_at END
    WHERE id = ${id}::uuid`);
  await writeMessageEvents(transaction, now, [{ messageId: id, state, reason, until }]);
  return state;
}

interface End {
  readonly state: MessageState;
  readonly reason: string | null;
  readonly until: Instant | null;
}

/**
 * What becomes of the mail. One that could not be delivered yet and counted as sent is not taken back into the queue, for its
 * enrolment has gone on without it; one whose enrolment has ended, or whose handoff is another's by now, is over. What tells
 * a colleague of the lead is wanted whatever became of the enrolment that told it.
 */
async function endOf(
  transaction: Transaction,
  message: ClaimRow,
  { state, reason }: SendResult,
  now: Instant,
): Promise<End> {
  if (state !== 'deferred') return { state, reason, until: null };
  // The rule that ended it stands.
  if (isOver(message.state)) return { state: message.state, reason: message.reason, until: null };
  if (message.state === 'unknown' || message.state === 'accepted') return { state: 'refused', reason, until: null };
  if (!message.ifLost.wanted) return { state: 'superseded', reason, until: null };
  const firstDeferredAt = await readFirstDeferral(transaction, message.id);
  const until = nextAfterDeferral({ reason: reason ?? '', attempts: message.attempts, firstDeferredAt }, now);
  if (until !== null) return { state: 'deferred', reason, until };
  return { state: 'refused', reason: reason === 'mailbox-full' ? reason : 'gave-up', until: null };
}

async function readFirstDeferral(transaction: Transaction, messageId: string): Promise<Instant | null> {
  const [first] = await transaction.query<{ at: Instant | null }>(sql`
    SELECT min(at) AS at FROM message_event
    WHERE message_id = ${messageId}::uuid AND state = 'deferred' AND reason = ANY(${wordsOnTheMail}::text[])`);
  return first?.at ?? null;
}

/** Draws the conclusions: about the address where it is the address's fault, about the receiver where it is ours. */
async function draw(
  transaction: Transaction,
  lead: LockedLead,
  message: ClaimRow,
  result: SendResult,
  { state, worldNow }: { readonly state: MessageState; readonly worldNow: Instant },
): Promise<void> {
  const { reason, cause = null, status = null, detail } = result;
  const { id: messageId, address, troubled } = message;
  // Gone with its person.
  if (address === null) return;
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  const why = detail ?? reason ?? 'unexplained';
  if (state === 'accepted') {
    if (troubled) await noteReceiverAccepted(transaction, domain, { messageId, now: worldNow });
  } else if (reason === 'sender-refused') {
    await noteReceiverRefusal(transaction, { domain, status, why, now: worldNow, messageId });
  } else if (state === 'refused' && (cause === 'mailbox' || cause === 'full')) {
    const forGood = result.state === 'refused';
    // A passing no to a mail that is not tried again, for it counted as sent, is no verdict.
    if (!forGood && message.state !== 'claimed') return;
    const now = worldNow + lead.clockOffset;
    const bounce = { messageId, leadId: lead.id, address, cause, now };
    // Put off for days with "no such mailbox" (4yz) is not the same as refused: name servers of our own may be ill.
    const proven =
      forGood || mailboxIsGone({ messageId, at: now, proven: false }, await earlierBounces(transaction, bounce));
    await noteBounce(transaction, { ...message, ...bounce, status, why, proven, worldNow });
  }
}
