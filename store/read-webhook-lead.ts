import { resolveAt } from '../domain/attributes/resolve.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { LeadStage } from '../domain/lead-stage.ts';
import type { WebhookInclude, WebhookLead } from '../domain/webhook/event.ts';
import type { Database, Transaction } from './database.ts';
import { readWeighedStatements } from './read-attributes.ts';
import { readPresentStandings } from './read-present-standings.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

/**
 * What an event tells of its lead, as of `now`, or of the lead that it was merged into. Null when the person was erased
 * meanwhile. Takes no lock: a receiver gets what is known at some instant, as from the API.
 */
export async function readWebhookLead(
  database: Database,
  leadId: string,
  include: readonly WebhookInclude[],
  now: Instant,
): Promise<WebhookLead | null> {
  return database.transaction(async (transaction) => {
    const id = await resolveLead(transaction, leadId);
    const [lead] = await transaction.query<LeadRow>(sql`
      SELECT lead.stage, locale, erased_at IS NOT NULL AS erased, account_id AS "accountId", account.domain AS company,
             (SELECT value FROM identity WHERE lead_id = lead.id AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1) AS email,
             (SELECT value FROM identity WHERE lead_id = lead.id AND kind = 'user_id' ORDER BY linked_at DESC, id DESC LIMIT 1) AS "userId"
      FROM lead LEFT JOIN account ON account.id = account_id WHERE lead.id = ${id}::uuid`);
    if (lead === undefined || lead.erased) return null;
    const { stage, locale, accountId, company, email, userId } = lead;
    const told: { profile?: WebhookLead['profile']; score?: WebhookLead['score'] } = {};
    if (include.includes('profile')) {
      const attributes = await readAttributes(transaction, { leadId: id, accountId }, now);
      told.profile = { email, userId, locale, stage, company, attributes };
    }
    if (include.includes('score')) {
      const { standings } = await readPresentStandings(transaction, { id, stage, accountId }, now);
      told.score = standings.map(({ modelKey, points, firmPoints, cell, qualifiedSince }) => ({
        model: modelKey,
        points: tenths(points),
        firmPoints: tenths(firmPoints),
        cell,
        qualified: qualifiedSince !== null,
      }));
    }
    return told as WebhookLead;
  });
}

interface LeadRow {
  readonly stage: LeadStage;
  readonly locale: string | null;
  readonly erased: boolean;
  readonly accountId: string | null;
  readonly company: string | null;
  readonly email: string | null;
  readonly userId: string | null;
}

/** What is known of the person now, of conflicting statements the one that counts. */
async function readAttributes(
  transaction: Transaction,
  about: { readonly leadId: string; readonly accountId: string | null },
  now: Instant,
): Promise<Record<string, Json>> {
  const weighed = await readWeighedStatements(transaction, about);
  const known = resolveAt(weighed, now);
  const names = [...weighed.lead.keys()].sort();
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = known.lead(name)?.value;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Points fade: as people read them. */
function tenths(points: number): number {
  return Math.round(points * 10) / 10;
}
