import type { Instant } from '../domain/instant.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import type { ReplyMailFacts } from '../mail/variables.ts';
import type { Database } from './database.ts';
import { sql } from './sql.ts';

/** What a mail that forwards a person's reply is filled with, besides the lead's attributes. */
export interface ReplyFacts extends Pick<ReplyMailFacts, 'reply'> {
  /** The colleague's name; null: it goes to a mailbox and to nobody by name. */
  readonly name: string | null;
  readonly leadEmail: string | null;
  readonly stage: LeadStage;
}

/** Of the message by which a reply is forwarded; null when the reply or its writer has gone meanwhile, or it forwards none. */
export async function readReplyFacts(database: Database, messageId: string): Promise<ReplyFacts | null> {
  const [row] = await database.query<ReplyRow>(sql`
    SELECT rep.name, lead.stage, reply.received_at AS at, reply.from_address AS "from", reply.subject, reply.text,
           (SELECT value FROM identity WHERE identity.lead_id = lead.id AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1) AS "leadEmail"
    FROM message JOIN lead ON lead.id = message.lead_id JOIN inbound_mail AS reply ON reply.id = message.inbound_mail_id
         LEFT JOIN rep ON rep.key = message.rep_key
    WHERE message.id = ${messageId}::uuid AND lead.erased_at IS NULL`);
  if (row === undefined) return null;
  const { name, stage, leadEmail, at, from, subject, text } = row;
  const writer = from ?? leadEmail;
  if (writer === null || text === null) return null;
  return {
    name,
    stage,
    leadEmail,
    reply: { from: writer, subject: subject ?? '', text, at: new Date(at).toISOString() },
  };
}

interface ReplyRow {
  readonly name: string | null;
  readonly stage: LeadStage;
  readonly leadEmail: string | null;
  readonly at: Instant;
  readonly from: string | null;
  readonly subject: string | null;
  readonly text: string | null;
}
