import type { Instant } from '../domain/instant.ts';
import type { MessageState } from '../domain/journey/snapshot.ts';
import type { Database } from './database.ts';
import { sql } from './sql.ts';

export interface MessageView {
  readonly id: string;
  readonly leadId: string;
  readonly recipient: 'lead' | 'rep';
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

/** A lead's messages, withheld ones and those to representatives included, newest first. */
export async function listMessages(
  database: Database,
  filter: { readonly leadId: string; readonly limit: number },
): Promise<MessageView[]> {
  return database.query<MessageView>(sql`
    SELECT message.id, message.lead_id AS "leadId", recipient_kind AS recipient, address, purpose, template_key AS template,
           version.version AS "templateVersion", enrolment.sequence_key AS sequence, message.step_id AS step, message.state, reason,
           due_at AS "dueAt", deadline_at AS "deadlineAt", next_attempt_at AS "nextAttemptAt", attempts, claimed_at AS "claimedAt",
           finished_at AS "finishedAt", message_id_header AS "messageId", provider_id AS "providerId", smtp_reply AS "smtpReply"
    FROM message
    LEFT JOIN enrolment ON enrolment.id = message.enrolment_id
    LEFT JOIN definition_version AS version ON version.id = message.template_version_id
    WHERE message.lead_id = ${filter.leadId}::uuid
    ORDER BY message.created_at DESC, message.id DESC LIMIT ${filter.limit}::int`);
}
