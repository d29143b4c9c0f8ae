import type { Instant } from '../domain/instant.ts';
import type { Question } from '../domain/sequence/question.ts';
import type { LeadMailInput } from '../mail/compose.ts';
import { compiledAt } from './compiled-at.ts';
import type { Queryable } from './database.ts';
import { senderOf } from './load-sender.ts';
import { readLeadMailFacts } from './read-mail-facts.ts';
import { readMailLocale } from './read-mail-locale.ts';
import { sql } from './sql.ts';

/**
 * What a mail to a lead was composed of: the template with its layout, and what was known of the person, as of then. The
 * sender is the present one. Null: there is no such mail, it has not been sent, or its reader was erased.
 */
export async function readSentMail(
  queryable: Queryable,
  messageId: string,
  mailFrom: string,
): Promise<LeadMailInput | null> {
  const [sent] = await queryable.query<{
    leadId: string;
    address: string;
    purpose: string;
    messageIdHeader: string;
    question: Question | null;
    versionId: number;
    senderKey: string | null;
    at: Instant;
  }>(sql`
    SELECT message.lead_id AS "leadId", address, purpose, message_id_header AS "messageIdHeader", question,
           template_version_id AS "versionId", sender_key AS "senderKey", claimed_at AS at
    FROM message JOIN lead ON lead.id = message.lead_id
    WHERE message.id = ${messageId}::uuid AND recipient_kind = 'lead' AND address IS NOT NULL AND template_version_id IS NOT NULL
      AND claimed_at IS NOT NULL AND lead.erased_at IS NULL`);
  if (sent === undefined) return null;
  const compiled = await compiledAt(queryable, sent.versionId, sent.at);
  const sender = await senderOf(queryable, sent.senderKey ?? 'default', mailFrom);
  if (compiled === null || sender === null) return null;
  const known = await readLeadMailFacts(queryable, sent.leadId, sent.at);
  const locale = await readMailLocale(queryable, { id: messageId, purpose: sent.purpose }, known.locale);
  const { purpose, messageIdHeader, question } = sent;
  // It went out on its ground of then: what the policy says today is no reason not to show it.
  const exempt = compiled.service === true;
  return {
    compiled,
    message: { id: messageId, messageIdHeader, purpose, exempt, question },
    lead: { email: sent.address, locale, attributes: known.attributes, tracking: false },
    sender,
  };
}
