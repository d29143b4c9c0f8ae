import { recipient } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import { UNSUBSCRIBED } from '../domain/interaction/interaction.ts';
import type { Database } from './database.ts';
import { lockLead } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { readLinkedMessage } from './read-message.ts';
import { insertConsent } from './record-consent.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { sql } from './sql.ts';

export interface UnsubscribeInput {
  /** The mail whose unsubscribe link was used. */
  readonly messageId: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly now: Instant;
}

/** `unknown`: there is no such mail any more. */
export type Unsubscribed = 'unsubscribed' | 'already' | 'unknown';

/**
 * Withdraws the consent that a mail went out under, at once (RFC 8058 §3.2). Again and again it is one withdrawal: a
 * second one would only blur the evidence.
 */
export async function unsubscribe(database: Database, input: UnsubscribeInput): Promise<Unsubscribed> {
  const target = await readLinkedMessage(database, input.messageId);
  if (target === null) return 'unknown';
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, target.leadId);
    const message = (await readLinkedMessage(transaction, input.messageId)) ?? target;
    const { channel, purpose, address } = message;
    const [last] = await transaction.query<{ action: string }>(sql`
      SELECT action FROM consent
      WHERE lead_id IN (SELECT id FROM lead WHERE id = ${lead.id}::uuid OR merged_into = ${lead.id}::uuid)
        AND channel = ${channel} AND (purpose = ${purpose} OR (purpose = 'all' AND action = 'withdrawn'))
      ORDER BY id DESC LIMIT 1`);
    if (last?.action === 'withdrawn') return 'already';
    const { ip, userAgent, now } = input;
    const recorded = await insertConsent(transaction, lead.id, address, {
      evidence: {
        channel: 'email',
        purpose,
        action: 'withdrawn',
        ...(ip === null ? {} : { ip }),
        ...(userAgent === null ? {} : { userAgent: userAgent.slice(0, 1_000) }),
        requestedAt: new Date(now).toISOString(),
        wording: `one-click unsubscription (RFC 8058) from the mail ${message.id}`,
      },
      source: 'unsubscribe',
      actor: recipient,
      now,
    });
    await recordTendInteraction(transaction, {
      leadId: lead.id,
      messageId: `unsubscribe:${recorded.id}`,
      name: UNSUBSCRIBED,
      properties: { message: message.id, purpose, template: message.templateKey },
      occurredAt: now,
    });
    await raiseAttention(transaction, [lead.id]);
    return 'unsubscribed';
  });
}
