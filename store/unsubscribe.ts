import { recipient } from '../domain/actor.ts';
import { ALL_PURPOSES } from '../domain/consent/consent.ts';
import { basisOf, DOUBLE_OPT_IN } from '../domain/consent/policy.ts';
import type { Instant } from '../domain/instant.ts';
import { UNSUBSCRIBED } from '../domain/interaction/interaction.ts';
import type { Database, Transaction } from './database.ts';
import { endOptIns } from './end-opt-ins.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { lockReader } from './lock-reader.ts';
import { raiseAttention } from './raise-attention.ts';
import type { LinkedMessage } from './read-message.ts';
import { insertConsent } from './record-consent.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { sql } from './sql.ts';

export interface UnsubscribeInput {
  /** The mail whose unsubscribe link was used. */
  readonly messageId: string;
  /**
   * `one-click`: the reader's mail program sent the form of RFC 8058, or nobody can tell it from that. `mail`: a mail to
   * the `mailto:` of List-Unsubscribe (RFC 2369 §3.2). `page`: the button of our page, with the words around it.
   */
  readonly how:
    | { readonly by: 'one-click' }
    | { readonly by: 'mail' }
    | { readonly by: 'page'; readonly wording: string; readonly locale: string };
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly now: Instant;
}

/**
 * `gone`: there is no such mail, or its reader was erased: nobody is written to any more. `exempt`: a mail that a contract
 * needs, under a purpose that nobody consented to, so there is nothing to withdraw. `request-ended`: the mail asked to
 * confirm a sign-up, which is off.
 */
export type Unsubscribed =
  | { readonly kind: 'unsubscribed' | 'already'; readonly purpose: string }
  | { readonly kind: 'gone' | 'exempt' | 'request-ended' };

/**
 * Withdraws the consent that a mail went out under, at once (RFC 8058 §3.2). Again and again it is one withdrawal: a
 * second one would only blur the evidence. A sign-up for the same purpose that waits for its confirmation ends with it.
 */
export async function unsubscribe(database: Database, input: UnsubscribeInput): Promise<Unsubscribed> {
  return database.transaction((transaction) => unsubscribeWithin(transaction, input));
}

/** The same within a transaction of the caller's. Takes the lead's lock. */
export async function unsubscribeWithin(transaction: Transaction, input: UnsubscribeInput): Promise<Unsubscribed> {
  const found = await lockReader(transaction, input.messageId);
  if (found === null) return { kind: 'gone' };
  const { lead, message } = found;
  const { purpose } = message;
  // A test lead does everything by its own clock.
  const now = input.now + lead.clockOffset;
  if (purpose === DOUBLE_OPT_IN) {
    if ((await endOptIns(transaction, lead.id, { messageId: message.id }, now)) > 0)
      await raiseAttention(transaction, [lead.id]);
    return { kind: 'request-ended' };
  }
  const ended = await endOptIns(transaction, lead.id, { purpose }, now);
  const last = await lastWord(transaction, lead.id, purpose);
  if (last === 'withdrawn' || (last === null && (await isExempt(transaction, purpose)))) {
    if (ended > 0) await raiseAttention(transaction, [lead.id]);
    return last === 'withdrawn' ? { kind: 'already', purpose } : { kind: 'exempt' };
  }
  await withdraw(transaction, lead.id, message, { ...input, now });
  return { kind: 'unsubscribed', purpose };
}

/** What a person said last about a purpose of mail, whichever of the merged leads it was told of. */
async function lastWord(
  transaction: Transaction,
  leadId: string,
  purpose: string,
): Promise<'granted' | 'withdrawn' | null> {
  const [last] = await transaction.query<{ action: 'granted' | 'withdrawn' }>(sql`
    SELECT action FROM consent
    WHERE lead_id IN (SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid) AND channel = 'email'
      AND (purpose = ${purpose} AND action <> 'changed' OR purpose = ${ALL_PURPOSES} AND action = 'withdrawn')
    ORDER BY id DESC LIMIT 1`);
  return last?.action ?? null;
}

async function isExempt(transaction: Transaction, purpose: string): Promise<boolean> {
  return basisOf((await loadLiveDefinitions(transaction)).consent, purpose) === 'exempt';
}

async function withdraw(
  transaction: Transaction,
  leadId: string,
  message: LinkedMessage,
  { how, ip, userAgent, now }: UnsubscribeInput,
): Promise<void> {
  const { purpose } = message;
  const recorded = await insertConsent(transaction, leadId, message.address, {
    evidence: {
      channel: 'email',
      purpose,
      action: 'withdrawn',
      ...(ip === null ? {} : { ip }),
      ...(userAgent === null ? {} : { userAgent: userAgent.slice(0, 1_000) }),
      requestedAt: new Date(now).toISOString(),
      wording: wordingOf(how, message),
      ...(how.by === 'page' ? { locale: how.locale } : {}),
    },
    source: 'unsubscribe',
    actor: recipient,
    now,
  });
  await recordTendInteraction(transaction, {
    leadId,
    messageId: `unsubscribe:${recorded.id}`,
    name: UNSUBSCRIBED,
    properties: { message: message.id, purpose, template: message.templateKey },
    occurredAt: now,
    ownTime: true,
  });
  await raiseAttention(transaction, [leadId]);
}

function wordingOf(how: UnsubscribeInput['how'], { id }: LinkedMessage): string {
  switch (how.by) {
    case 'one-click':
      return `one-click unsubscription (RFC 8058) from the mail ${id}`;
    case 'mail':
      return `unsubscription by mail (List-Unsubscribe, RFC 2369) from the mail ${id}`;
    case 'page':
      return how.wording;
  }
}
