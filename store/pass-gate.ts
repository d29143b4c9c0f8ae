import { nothingKnown } from '../domain/attributes/history.ts';
import { basisOf, isBoundToItsAddress } from '../domain/consent/policy.ts';
import type { Instant } from '../domain/instant.ts';
import { canMail, type WithheldReason } from '../domain/sending/gate.ts';
import { obstaclesTo } from '../domain/sending/obstacle.ts';
import type { Content } from '../domain/sequence/content.ts';
import type { Transaction } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import type { LockedLead } from './lock-lead.ts';
import { readAttributeHistories } from './read-attribute-histories.ts';
import { readCalendar } from './read-calendar.ts';
import { readGateFacts } from './read-gate-facts.ts';
import { passReceiver } from './receiving-domain.ts';
import { at, sql } from './sql.ts';
import { takeThrottle } from './take-throttle.ts';
import { writeMessageEvents } from './write-message-events.ts';

export interface MailAtGate {
  readonly id: string;
  readonly purpose: string;
  /** The one that it was made for. */
  readonly address: string | null;
  readonly deadlineAt: Instant | null;
  readonly sequencePaused: boolean;
  readonly mailsFrom: Instant | null;
  readonly content: Content;
}

/**
 * The address to write to, or null when the mail must not go now; what the gate said is then written down. The lead's
 * lock is held, and its plan has seen everything that was changed.
 */
export async function passGate(
  transaction: Transaction,
  lead: LockedLead,
  mail: MailAtGate,
  { now, sendingDomain }: { readonly now: Instant; readonly sendingDomain: string },
): Promise<string | null> {
  const { pacing, consent: consentPolicy } = await loadLiveDefinitions(transaction);
  const to = isBoundToItsAddress(mail.purpose) ? mail.address : null;
  const facts = await readGateFacts(transaction, lead.id, [mail.purpose], consentPolicy, to);
  const attributes = (await readAttributeHistories(transaction, [lead])).get(lead.id) ?? nothingKnown;
  const calendar = await readCalendar(transaction, lead.id, pacing, attributes, now);
  const { purpose, deadlineAt, sequencePaused, mailsFrom, content } = mail;
  const answer = canMail(
    {
      ...facts,
      basis: basisOf(consentPolicy, purpose),
      obstacles: obstaclesTo(facts.ways, content.sender),
      sequencePaused,
      mailsFrom,
      consent: facts.consents.get(purpose) ?? { kind: 'none' },
      alreadyReceived: !content.repeatable && facts.received.has(content.lineage),
      deadlineAt,
      pace: { policy: pacing, purpose, sent: facts.sent, calendar },
    },
    now,
  );
  if (answer.kind === 'never') {
    await write(transaction, mail.id, 'dropped', { reason: answer.reason, until: null, detail: null }, now);
    return null;
  }
  if (answer.kind === 'later') {
    const { reason, at: until, detail = null } = answer;
    await write(transaction, mail.id, 'delayed', { reason, until, detail }, now);
    return null;
  }
  // The places are those of the mail server's day, which a test lead's clock has nothing to do with.
  const worldNow = now - lead.clockOffset;
  const { id: messageId } = mail;
  const receiver =
    facts.ways.receiver === null
      ? null
      : await passReceiver(transaction, { domain: domainOf(facts.address), messageId, now: worldNow });
  if (receiver?.kind === 'wait') {
    const why = { reason: 'receiver-refuses', until: receiver.until + lead.clockOffset, detail: receiver.why } as const;
    await write(transaction, mail.id, 'delayed', why, now);
    return null;
  }
  const place = await takeThrottle(transaction, { policy: pacing, sendingDomain, now: worldNow });
  if (place.kind === 'taken') {
    await receiver?.take();
    return facts.address;
  }
  const until = place.at + lead.clockOffset;
  await write(transaction, mail.id, 'delayed', { reason: 'throttle', until, detail: null }, now);
  return null;
}

/** Of a mail address, in lower case. */
function domainOf(address: string | null): string {
  return address === null ? '' : address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

async function write(
  transaction: Transaction,
  messageId: string,
  state: 'delayed' | 'dropped',
  why: { readonly reason: WithheldReason; readonly until: Instant | null; readonly detail: string | null },
  now: Instant,
): Promise<void> {
  const { reason, until, detail } = why;
  await transaction.query(sql`
    UPDATE message SET state = ${state}, reason = ${reason}, detail = ${detail}, next_attempt_at = ${at(until)},
           finished_at = ${state === 'dropped' ? at(now) : null}
    WHERE id = ${messageId}::uuid`);
  await writeMessageEvents(transaction, now, [{ messageId, state, reason, until }]);
}
