import type { Instant } from '../domain/instant.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import type { ColleagueMailFacts } from '../mail/variables.ts';
import type { Database } from './database.ts';
import { readPresentStandings } from './read-present-standings.ts';
import { sql } from './sql.ts';

/** What a mail that tells a colleague of a lead is filled with, besides the lead's attributes. */
export interface NoticeFacts extends Pick<ColleagueMailFacts, 'colleague' | 'sequence' | 'step' | 'standings'> {
  readonly leadEmail: string | null;
  readonly stage: LeadStage;
}

/** As of `now`; null when the representative or the lead has gone meanwhile. Takes no lock: it is read for people. */
export async function readNoticeFacts(
  database: Database,
  messageId: string,
  now: Instant,
): Promise<NoticeFacts | null> {
  return database.transaction(async (transaction) => {
    const [row] = await transaction.query<NoticeRow>(sql`
      SELECT lead.id AS "leadId", lead.stage, lead.account_id AS "accountId", rep.key, rep.name, rep.email, message.step_id AS step,
             enrolment.sequence_key AS "sequenceKey", version.content->>'name' AS "sequenceName",
             (SELECT value FROM identity WHERE identity.lead_id = lead.id AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1) AS "leadEmail"
      FROM message JOIN lead ON lead.id = message.lead_id JOIN rep ON rep.key = message.rep_key
           JOIN enrolment ON enrolment.id = message.enrolment_id
           JOIN definition_version AS version ON version.id = enrolment.sequence_version_id
      WHERE message.id = ${messageId}::uuid AND lead.erased_at IS NULL`);
    if (row === undefined) return null;
    const { leadId: id, stage, accountId, key, name, email, step, sequenceKey, sequenceName, leadEmail } = row;
    const { standings, underModels } = await readPresentStandings(transaction, { id, stage, accountId }, now);
    const names = new Map(underModels.map(({ model }) => [model.key, model.name]));
    return {
      colleague: { key, name, email },
      leadEmail,
      stage,
      sequence: { key: sequenceKey, name: sequenceName },
      step,
      standings: standings.map(({ modelKey, points, cell }) => ({
        model: names.get(modelKey) ?? modelKey,
        // Points fade: as people read them, with one decimal at most.
        points: Math.round(points * 10) / 10,
        cell,
      })),
    };
  });
}

interface NoticeRow {
  readonly leadId: string;
  readonly stage: LeadStage;
  readonly accountId: string | null;
  readonly key: string;
  readonly name: string;
  readonly email: string;
  readonly step: string;
  readonly sequenceKey: string;
  readonly sequenceName: string;
  readonly leadEmail: string | null;
}
