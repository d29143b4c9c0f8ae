import { TendError } from '../domain/errors.ts';
import { normaliseEmail, normaliseId } from '../domain/identity/normalise.ts';
import type { Instant } from '../domain/instant.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import type { Database } from './database.ts';
import { sql } from './sql.ts';

/** What to look for: at least one; a lead that has any of them is found. */
export interface LeadSearch {
  readonly email?: string | undefined;
  /** The website's own id of the person (Segment's `userId`). */
  readonly externalId?: string | undefined;
  readonly anonymousId?: string | undefined;
}

export interface FoundLead {
  readonly id: string;
  readonly stage: LeadStage;
  readonly createdAt: Instant;
}

/** The leads that own one of these identities. Throws `invalid-request`. */
export async function searchLeads(database: Database, search: LeadSearch): Promise<FoundLead[]> {
  const identities: { kind: string; value: string }[] = [];
  if (search.email !== undefined) {
    const value = normaliseEmail(search.email);
    if (value === null) {
      throw new TendError('invalid-request', 'The search is not valid.', [
        { path: 'email', problem: 'must be a mail address' },
      ]);
    }
    identities.push({ kind: 'email', value });
  }
  const userId = normaliseId(search.externalId);
  if (userId !== null) identities.push({ kind: 'user_id', value: userId });
  const anonymousId = normaliseId(search.anonymousId);
  if (anonymousId !== null) identities.push({ kind: 'anonymous_id', value: anonymousId });
  if (identities.length === 0) {
    throw new TendError('invalid-request', 'Say whom to look for: an email, an externalId or an anonymousId.');
  }
  return database.query<FoundLead>(sql`
    SELECT DISTINCT lead.id, lead.stage, lead.created_at AS "createdAt"
    FROM identity
    JOIN unnest(${identities.map(({ kind }) => kind)}::text[], ${identities.map(({ value }) => value)}::text[]) AS wanted(kind, value) USING (kind, value)
    JOIN lead ON lead.id = identity.lead_id
    WHERE lead.erased_at IS NULL ORDER BY lead.id`);
}
