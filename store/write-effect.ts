import { DAY, type Instant } from '../domain/instant.ts';
import { ATTRIBUTES_RECORDED, type Json } from '../domain/interaction/interaction.ts';
import type { StepEffect } from '../domain/journey/journey-plan.ts';
import type { WebhookInclude } from '../domain/webhook/event.ts';
import type { Transaction } from './database.ts';
import { insertStatements } from './insert-statements.ts';
import { newId } from './new-id.ts';
import { queueWebhook } from './queue-webhook.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** A colleague's mail server that takes nothing for so long is not asked for ever. */
const NOTICE_DEADLINE_MS = 3 * DAY;

/** Does what a step makes happen, in the plan's transaction: once for each visit. Returns a mail that is to be sent now. */
export async function writeEffect(
  transaction: Transaction,
  leadId: string,
  { enrolmentId, sequence, stepId, visit, at: happenedAt, effect }: StepEffect,
  now: Instant,
  messageIdDomain: string,
): Promise<string | null> {
  switch (effect.kind) {
    case 'record':
      await record(transaction, leadId, `step:${enrolmentId}:${stepId}:${visit}`, effect.values, happenedAt, now);
      return null;
    case 'webhook': {
      const payload = { data: { sequence }, include: effect.include as readonly WebhookInclude[] };
      const { endpoint: endpointKey, event: eventType } = effect;
      await queueWebhook(transaction, { endpointKey, eventType, leadId, enrolmentId, stepId, visit, payload, now });
      return null;
    }
    case 'notify': {
      const id = newId();
      const made = await transaction.query(sql`
        INSERT INTO message (id, recipient_kind, lead_id, rep_key, channel, purpose, enrolment_id, step_id, visit, template_key, lineage, state,
                             due_at, deadline_at, message_id_header, created_at)
        VALUES (${id}::uuid, 'colleague', ${leadId}::uuid, ${effect.rep}, 'email', 'notice', ${enrolmentId}::uuid, ${stepId}, ${visit},
                ${effect.template}, ${effect.template}, 'due', ${at(happenedAt)}, ${at(now + NOTICE_DEADLINE_MS)}, ${`<${id}@${messageIdDomain}>`}, ${at(now)})
        ON CONFLICT (enrolment_id, step_id, visit) WHERE enrolment_id IS NOT NULL DO NOTHING RETURNING 1`);
      // A version that the enrolment was moved from has told of this visit already.
      if (made.length === 0) return null;
      await writeMessageEvents(transaction, now, [{ messageId: id, state: 'due', reason: null, until: null }]);
      return id;
    }
  }
}

async function record(
  transaction: Transaction,
  leadId: string,
  messageId: string,
  values: Readonly<Record<string, Json>>,
  saidAt: Instant,
  now: Instant,
): Promise<void> {
  const statements = new Map(Object.entries(values));
  await insertStatements(transaction, {
    subject: { leadId },
    values: statements,
    source: 'sequence',
    at: saidAt,
    confidence: 1,
    now,
  });
  const told = [...statements].map(([name, value]): [string, Json] => [`attribute.${name}`, value]);
  const properties = Object.fromEntries<Json>([['source', 'sequence'], ...told]);
  const recorded = await recordTendInteraction(transaction, {
    leadId,
    messageId,
    name: ATTRIBUTES_RECORDED,
    properties,
    occurredAt: saidAt,
    receivedAt: now,
    ownTime: true,
  });
  // A lead without any identity has no interactions; it is scored again all the same.
  if (!recorded) await transaction.query(sql`UPDATE lead SET refold = true WHERE id = ${leadId}::uuid`);
}
