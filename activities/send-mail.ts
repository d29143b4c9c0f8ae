import { basisOf } from '../domain/consent/policy.ts';
import type { Instant } from '../domain/instant.ts';
import { attemptLimitMs } from '../domain/sending/lease.ts';
import type { CompiledTemplate } from '../mail/compile-template.ts';
import {
  type ComposeOptions,
  composeColleagueMail,
  composeLeadMail,
  composeReplyMail,
  composeRepMail,
  type OutgoingMail,
} from '../mail/compose.ts';
import { fromSender } from '../mail/from-sender.ts';
import type { MailTransport, SendResult as SmtpResult } from '../mail/transport.ts';
import { type ClaimAnswer, type ClaimedMessage, claimMessage } from '../store/claim-message.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { isTransient } from '../store/is-transient.ts';
import { loadLiveDefinitions } from '../store/load-live-definitions.ts';
import { newId } from '../store/new-id.ts';
import { parkLeadOfMessage } from '../store/park-lead.ts';
import { readAttributeLabels, readHandoffMailFacts, readLeadMailFacts } from '../store/read-mail-facts.ts';
import { readMailLocale } from '../store/read-mail-locale.ts';
import { readNoticeFacts } from '../store/read-notice-facts.ts';
import { readReplyFacts } from '../store/read-reply-facts.ts';
import { recordSendResult, type SendResult } from '../store/record-send-result.ts';

export interface SendContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly transport: MailTransport;
  readonly compose: ComposeOptions;
  readonly leaseMs: number;
}

/** How a `sendMail` ended, for the workflow: whatever it was, the next thing is to plan again. */
export interface SendOutcome {
  readonly kind: 'sent' | 'deferred' | 'refused' | 'unknown' | 'look' | 'busy' | 'final';
}

export interface SendActivities {
  sendMail(input: { readonly messageId: string; readonly notBefore: Instant }): Promise<SendOutcome>;
}

/** How long the result of a mail that has left is offered to PostgreSQL before it is left to become `unknown`. */
const RECORD_TRIES = 200;
const RECORD_PAUSE_MS = 250;

/**
 * Sends one message: claim, one SMTP attempt, result. Whatever ends this process between claim and result leaves the
 * claim to run out as `unknown`; a second attempt of this activity finds the claim taken and sends nothing.
 */
export function createSendMail({ database, clock, transport, compose, leaseMs }: SendContext): SendActivities {
  return {
    async sendMail({ messageId, notBefore }) {
      const token = newId();
      const request = { messageId, token, leaseMs, notBefore, mailFrom: compose.from };
      const claim = await claimMessage(database, clock, request).catch((error: unknown) => setAside(messageId, error));
      if (claim.kind !== 'claimed') return { kind: claim.kind };
      const result = await attempt(claim.message);
      const state = await record(messageId, token, result);
      return { kind: state === 'accepted' ? 'sent' : state === 'deferred' || state === 'refused' ? state : 'unknown' };
    },
  };

  /** A claim that fails for its data would fail for ever: its lead waits for a person, and the workflow goes on to see that. */
  async function setAside(messageId: string, error: unknown): Promise<ClaimAnswer> {
    if (isTransient(error)) throw error;
    await parkLeadOfMessage(database, clock, messageId, error);
    return { kind: 'look' };
  }

  async function attempt(message: ClaimedMessage): Promise<SendResult> {
    let mail: OutgoingMail | null;
    try {
      const composed = await composeMail(message);
      mail = composed === null ? null : bySender(composed, message);
    } catch (error) {
      return {
        state: 'deferred',
        reason: isTransient(error) ? 'database-unreachable' : 'render-failed',
        providerId: null,
        reply: error instanceof Error ? error.message.slice(0, 500) : null,
      };
    }
    if (mail === null) {
      const reason = message.recipientKind === 'rep' ? 'no-longer-offered' : 'nobody-to-tell';
      return { state: 'refused', reason, providerId: null, reply: null };
    }
    // This process may have been suspended, or PostgreSQL slow: past the lease an offer or a withdrawal may have come.
    if (clock.now() + attemptLimitMs(leaseMs) > message.leaseUntil) {
      return { state: 'deferred', reason: 'lease-ended', providerId: null, reply: null };
    }
    return resultOf(await transport.send(mail));
  }

  function bySender(mail: OutgoingMail, message: ClaimedMessage): OutgoingMail {
    const { id: messageId, sender, purpose, templateKey: template, recipientKind } = message;
    const origin = recipientKind === 'lead' ? { purpose, template } : undefined;
    return fromSender(mail, sender, { messageId, signingSecret: compose.signingSecret, origin });
  }

  /** Null: whom it is to, or whom it tells of, has gone meanwhile. */
  async function composeMail(message: ClaimedMessage): Promise<OutgoingMail | null> {
    const now = clock.now();
    const compiled = message.compiled as CompiledTemplate;
    const lead = await readLeadMailFacts(database, message.leadId, now);
    switch (message.recipientKind) {
      case 'lead':
        return composeLeadMail(
          {
            compiled,
            message: { ...message, exempt: await isExempt(message.purpose) },
            lead: { ...lead, email: message.address, locale: await readMailLocale(database, message, lead.locale) },
            sender: message.sender,
          },
          compose,
        );
      case 'rep': {
        const found = await readHandoffMailFacts(database, message.handoffId ?? '', message.repKey ?? '');
        if (found === null) return null;
        const { rep, handoff, points, leadEmail } = found;
        const facts = {
          rep,
          handoff: {
            ...handoff,
            offeredAt: new Date(handoff.offeredAt).toISOString(),
            acceptBy: handoff.acceptBy === null ? null : new Date(handoff.acceptBy).toISOString(),
          },
          lead: { id: message.leadId, email: leadEmail, attributes: lead.attributes },
          labels: await readAttributeLabels(database),
          points: points.map((point) => ({ ...point, at: new Date(point.at).toISOString() })),
        };
        return composeRepMail({ compiled, message, locale: null, facts }, compose);
      }
      case 'colleague': {
        const answer = await readReplyFacts(database, message.id);
        if (answer !== null) {
          const { name, leadEmail: email, stage, reply } = answer;
          const facts = {
            colleague: { name, email: message.address },
            reply,
            lead: { id: message.leadId, email, stage, attributes: lead.attributes },
            labels: await readAttributeLabels(database),
          };
          return composeReplyMail({ compiled, message, locale: null, facts }, compose);
        }
        const found = await readNoticeFacts(database, message.id, now);
        if (found === null) return null;
        const { leadEmail: email, stage, ...notice } = found;
        const facts = {
          ...notice,
          lead: { id: message.leadId, email, stage, attributes: lead.attributes },
          labels: await readAttributeLabels(database),
        };
        return composeColleagueMail({ compiled, message, locale: null, facts }, compose);
      }
    }
  }

  async function isExempt(purpose: string): Promise<boolean> {
    return basisOf((await loadLiveDefinitions(database)).consent, purpose) === 'exempt';
  }

  async function record(messageId: string, token: string, result: SendResult) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await recordSendResult(database, clock, { messageId, token }, result);
      } catch (error) {
        // The mail may have left: giving up here would let it become `unknown` although its fate is known.
        if (tries >= RECORD_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, RECORD_PAUSE_MS));
      }
    }
  }
}

function resultOf(sent: SmtpResult): SendResult {
  const known = { state: sent.kind, reply: sent.reply };
  switch (sent.kind) {
    case 'accepted':
      return { ...known, reason: null, providerId: sent.providerId };
    case 'unknown':
      return { ...known, reason: sent.reason, providerId: null };
    case 'deferred':
    case 'refused': {
      const { reason, detail, cause, status } = sent;
      return { ...known, reason, providerId: null, detail, cause, status };
    }
  }
}
