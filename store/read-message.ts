import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** What a link in a mail leads back to. */
export interface LinkedMessage {
  readonly id: string;
  readonly leadId: string;
  /** The address it went to. */
  readonly address: string;
  readonly channel: string;
  readonly purpose: string;
  readonly templateKey: string;
  readonly sequenceKey: string | null;
  readonly stepId: string | null;
}

/** The mail to a lead that a link's token names, or null: never claimed, or a representative's. */
export async function readLinkedMessage(queryable: Queryable, messageId: string): Promise<LinkedMessage | null> {
  const [row] = await queryable.query<LinkedMessage>(sql`
    SELECT message.id, message.lead_id AS "leadId", message.address, channel, purpose, template_key AS "templateKey",
           enrolment.sequence_key AS "sequenceKey", message.step_id AS "stepId"
    FROM message LEFT JOIN enrolment ON enrolment.id = message.enrolment_id
    WHERE message.id = ${messageId}::uuid AND recipient_kind = 'lead' AND message.address IS NOT NULL`);
  return row ?? null;
}
