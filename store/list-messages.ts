import type { Instant } from '../domain/instant.ts';
import type { MessageState } from '../domain/sending/message.ts';
import type { RecipientKind } from './claim-message.ts';
import type { Database } from './database.ts';
import { sql } from './sql.ts';

export interface MessageView {
  readonly id: string;
  readonly leadId: string;
  readonly recipient: RecipientKind;
  readonly address: string | null;
  readonly purpose: string;
  readonly template: string;
  readonly templateVersion: number | null;
  readonly sequence: string | null;
  readonly step: string | null;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly dueAt: Instant;
  readonly deadlineAt: Instant | null;
  readonly nextAttemptAt: Instant | null;
  readonly attempts: number;
  readonly claimedAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly messageId: string;
  readonly providerId: string | null;
  readonly smtpReply: string | null;
}

/** States that can be asked for of all leads at once: those of few messages, which partial indexes hold. */
export const WAITING_STATES = ['due', 'delayed', 'deferred', 'unknown'] as const satisfies readonly MessageState[];

export type MessageFilter = { readonly limit: number } & (
  | { readonly leadId: string; readonly state: MessageState | null }
  | { readonly leadId: null; readonly state: (typeof WAITING_STATES)[number] }
);

/** Messages of a lead, of one state or both, newest first; withheld ones and those to colleagues are among them. */
export async function listMessages(database: Database, filter: MessageFilter): Promise<MessageView[]> {
  const ids = await findMessages(database, filter);
  return database.query<MessageView>(sql`
    SELECT message.id, message.lead_id AS "leadId", recipient_kind AS recipient, address, purpose, template_key AS template,
           version.version AS "templateVersion", enrolment.sequence_key AS sequence, message.step_id AS step, message.state, reason,
           due_at AS "dueAt", deadline_at AS "deadlineAt", next_attempt_at AS "nextAttemptAt", attempts, claimed_at AS "claimedAt",
           finished_at AS "finishedAt", message_id_header AS "messageId", provider_id AS "providerId", smtp_reply AS "smtpReply"
    FROM message
    LEFT JOIN enrolment ON enrolment.id = message.enrolment_id
    LEFT JOIN definition_version AS version ON version.id = message.template_version_id
    WHERE message.id = ANY(${ids.map(({ id }) => id)}::uuid[])
    ORDER BY message.created_at DESC, message.id DESC`);
}

/** The states are written out for the partial indexes, whose conditions a parameter can't be held against. */
async function findMessages(database: Database, filter: MessageFilter): Promise<readonly { readonly id: string }[]> {
  if (filter.leadId !== null)
    return database.query<{ id: string }>(sql`
      SELECT id FROM message
      WHERE lead_id = ${filter.leadId}::uuid AND (${filter.state}::text IS NULL OR state = ${filter.state})
      ORDER BY created_at DESC, id DESC LIMIT ${filter.limit}::int`);
  if (filter.state === 'unknown')
    return database.query<{ id: string }>(sql`
      SELECT id FROM message WHERE state = 'unknown' ORDER BY created_at DESC, id DESC LIMIT ${filter.limit}::int`);
  return database.query<{ id: string }>(sql`
    SELECT id FROM message WHERE state IN ('due', 'delayed', 'deferred') AND state = ${filter.state}
    ORDER BY created_at DESC, id DESC LIMIT ${filter.limit}::int`);
}
