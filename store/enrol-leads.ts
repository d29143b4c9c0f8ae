import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { enrolLead, type NewEnrolmentRow } from './enrol-lead.ts';
import { sql } from './sql.ts';

export interface EnrolLeadsInput {
  readonly leadIds: readonly string[];
  readonly sequence: string;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface EnrolledLeads {
  readonly enrolled: readonly NewEnrolmentRow[];
  /** Who does not come in, and why: each lead that is sent is in one of the two lists. */
  readonly refused: readonly { readonly leadId: string; readonly reason: string }[];
}

/**
 * Puts many leads into a published sequence, as an import does: each by itself, so that one who may not come in holds up
 * nobody. Sent again, it enrols nobody twice.
 *
 * Throws `not-found` where the sequence is not published.
 */
export async function enrolLeads(
  database: Database,
  { leadIds, sequence, actor, now }: EnrolLeadsInput,
): Promise<EnrolledLeads> {
  const [live] = await database.query(sql`
    SELECT 1 FROM definition WHERE kind = 'sequence' AND key = ${sequence} AND live_version_id IS NOT NULL`);
  if (live === undefined) throw new TendError('not-found', `There is no published sequence "${sequence}".`);
  const enrolled: NewEnrolmentRow[] = [];
  const refused: { leadId: string; reason: string }[] = [];
  for (const leadId of new Set(leadIds)) {
    try {
      enrolled.push(await enrolLead(database, { leadId, sequence, by: 'import', actor, now }));
    } catch (error) {
      if (!(error instanceof TendError) || (error.code !== 'conflict' && error.code !== 'not-found')) throw error;
      refused.push({ leadId, reason: error.message });
    }
  }
  return { enrolled, refused };
}
