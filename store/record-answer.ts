import { recipient } from '../domain/actor.ts';
import { fitValue } from '../domain/attributes/value.ts';
import { DAY, type Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Question } from '../domain/sequence/question.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { lockLead } from './lock-lead.ts';
import { recordLeadAttributesWithin } from './record-attributes.ts';
import { at, sql } from './sql.ts';

/** The link of a mail that asks: whose token it is, and what the token says was asked. */
export interface AnswerLink {
  readonly messageId: string;
  readonly attribute: string;
}

/** What a mail asked, with whom, or null: it is no mail to a lead any more, was never claimed, or asked something else. */
export async function readAskedQuestion(
  queryable: Queryable,
  { messageId, attribute }: AnswerLink,
): Promise<{ readonly leadId: string; readonly question: Question } | null> {
  const [row] = await queryable.query<{ leadId: string; question: Question }>(sql`
    SELECT lead_id AS "leadId", question FROM message JOIN lead ON lead.id = lead_id
    WHERE message.id = ${messageId}::uuid AND recipient_kind = 'lead' AND address IS NOT NULL AND erased_at IS NULL
      AND question->>'attribute' = ${attribute}`);
  return row ?? null;
}

/**
 * Records what the holder of a mail's link answers, under the lead's lock: a statement by form, as of now. Whoever
 * answers again says something else; the same again within a day, as by a second click, is one answer. False where the
 * lead was erased: then nothing is recorded.
 *
 * Throws `invalid-request` (the value does not fit its type).
 */
export async function recordAnswer(
  database: Database,
  answer: { readonly leadId: string; readonly attribute: string; readonly value: string; readonly now: Instant },
): Promise<boolean> {
  const { attribute, value } = answer;
  return database.transaction(async (transaction) => {
    const { id: leadId, erasedAt, clockOffset } = await lockLead(transaction, answer.leadId);
    if (erasedAt !== null) return false;
    // A test lead answers by its own clock, as it was asked.
    const leadNow = answer.now + clockOffset;
    if (await isRepeated(transaction, { leadId, attribute, value, now: leadNow })) return true;
    await recordLeadAttributesWithin(transaction, {
      leadId,
      lead: { [attribute]: value },
      source: 'form',
      confidence: 1,
      actor: recipient,
      now: answer.now,
    });
    return true;
  });
}

/** True where nothing but this was said last, by form and less than a day ago. */
async function isRepeated(
  transaction: Transaction,
  { leadId, attribute, value, now }: { leadId: string; attribute: string; value: string; now: Instant },
): Promise<boolean> {
  const [last] = await transaction.query<{ value: Json; source: string; at: Instant }>(sql`
    SELECT value, source, at FROM attribute WHERE lead_id = ${leadId}::uuid AND name = ${attribute} AND at <= ${at(now)}
    ORDER BY at DESC, id DESC LIMIT 1`);
  if (last === undefined || last.source !== 'form' || last.at <= now - DAY) return false;
  const declared = (await loadVocabulary(transaction)).lead.get(attribute);
  const fitted = declared === undefined ? { value } : fitValue(declared, value);
  return 'value' in fitted && fitted.value === last.value;
}
