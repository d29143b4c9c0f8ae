import { type PreferenceChange, preferencesAfter } from '../domain/consent/preferences.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import { type ComposeOptions, composeLeadMail } from '../mail/compose.ts';
import type { Database } from './database.ts';
import { explainScore } from './explain-score.ts';
import { type ExportSectionName, exportRows, SECTIONS } from './export-rows.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { readSentMail } from './read-sent-mail.ts';
import { readAddresses } from './remove-person.ts';
import { resolveLead } from './resolve-lead.ts';
import { at, sql } from './sql.ts';
import { lookUpSuppression } from './suppressions.ts';

/** A part of a person's export, in the order in which they come. */
export type ExportPart =
  | { readonly name: 'about'; readonly value: ExportAbout }
  | {
      readonly name: ExportSectionName | 'scores' | 'preferences' | 'suppressions';
      readonly rows: AsyncIterable<Json>;
    };

/** What Art. 15(1) GDPR wants told besides the data. */
export interface ExportAbout {
  readonly format: 'tend-lead-export';
  readonly version: 1;
  readonly exportedAt: string;
  readonly leadId: string;
  /** Leads that turned out to be the same person. */
  readonly mergedLeadIds: readonly string[];
  /** Who is responsible: the imprint of the company's sender. */
  readonly controller: { readonly name: string; readonly imprint: Readonly<Record<string, string>> } | null;
  /** (a) what the data is for. */
  readonly purposes: readonly { readonly purpose: string; readonly basis: 'consent' | 'contract' }[];
  /** (c) who has got some of it. */
  readonly recipients: readonly {
    readonly kind: 'sales' | 'system' | 'mail-server';
    readonly name: string;
    readonly since: string | null;
  }[];
  /** (d) how long it is kept. */
  readonly storage: { readonly consentStaleAfter: Json; readonly openSignUps: Json };
  /** (g) where it came from. */
  readonly sources: readonly { readonly source: string; readonly statements: number }[];
  /** (h) what is decided by itself: models that score, and where their points lead. */
  readonly automatedDecisions: readonly { readonly model: string; readonly threshold: number | null }[];
}

export interface ExportOptions {
  readonly leadId: string;
  readonly now: Instant;
  /** With what the mails that were sent are composed again. */
  readonly compose: ComposeOptions;
}

/**
 * Everything about a person, and about the leads that were merged into theirs (Art. 15 and 20 GDPR), part by part, so that
 * nothing of it need be held at once. Rows are the database's own, with every column: what is added to a table later is in
 * here by itself. Takes no lock; a change that comes meanwhile may be in some parts and not in others.
 *
 * Throws `not-found`: no such lead, or an erased one.
 */
export async function exportLead(database: Database, options: ExportOptions): Promise<AsyncIterable<ExportPart>> {
  const { now, compose } = options;
  const id = await resolveLead(database, options.leadId);
  const leads = await database.query<{ id: string; erased: boolean }>(sql`
    SELECT id, erased_at IS NOT NULL AS erased FROM lead WHERE id = ${id}::uuid OR merged_into = ${id}::uuid ORDER BY id = ${id}::uuid DESC, id`);
  if (leads.some(({ erased }) => erased))
    throw new TendError('not-found', `The lead ${id} was erased: nothing is left of it.`);
  const leadIds = leads.map((lead) => lead.id);
  return parts();

  async function* parts(): AsyncGenerator<ExportPart> {
    yield { name: 'about', value: await readAbout(database, leadIds, now) };
    for (const section of SECTIONS) {
      const rows = exportRows(database, section, leadIds);
      yield { name: section.name, rows: section.name === 'messages' ? withContent(rows) : rows };
    }
    yield { name: 'scores', rows: scores() };
    yield { name: 'preferences', rows: preferences() };
    yield { name: 'suppressions', rows: suppressions() };
  }

  async function* scores(): AsyncGenerator<Json> {
    for (const score of await explainScore(database, { leadId: id, at: now, model: undefined, version: undefined }))
      yield score as unknown as Json;
  }

  async function* preferences(): AsyncGenerator<Json> {
    const rows = await database.query<{ change: PreferenceChange }>(sql`
      SELECT change FROM consent WHERE lead_id = ANY(${leadIds}::uuid[]) AND change IS NOT NULL ORDER BY id`);
    yield preferencesAfter(rows.map(({ change }) => change)) as unknown as Json;
  }

  async function* suppressions(): AsyncGenerator<Json> {
    for (const address of await readAddresses(database, leadIds))
      yield { address, ...(await lookUpSuppression(database, address)) } as unknown as Json;
  }

  /** Mails are not kept: they are composed again from the template of then and what was known then. */
  async function* withContent(rows: AsyncIterable<Json>): AsyncGenerator<Json> {
    for await (const row of rows) {
      const message = row as { readonly [name: string]: Json };
      yield { ...message, content: await contentOf(String(message.id)) };
    }
  }

  async function contentOf(messageId: string): Promise<Json> {
    const sent = await readSentMail(database, messageId, compose.from);
    if (sent === null) return null;
    try {
      const { subject, text, html } = composeLeadMail(sent, compose);
      return { subject, text: text ?? null, html };
    } catch (error) {
      // What was known then may be gone, taken back or corrected.
      if (error instanceof TendError && error.code === 'render-failed') return null;
      throw error;
    }
  }
}

async function readAbout(database: Database, leadIds: readonly string[], now: Instant): Promise<ExportAbout> {
  const { consent, models } = await loadLiveDefinitions(database);
  const [sender] = await database.query<{ name: string; imprint: Record<string, string> }>(sql`
    SELECT version.content->>'name' AS name, coalesce(version.content->'imprint', '{}') AS imprint
    FROM definition JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'sender' ORDER BY definition.key = 'default' DESC, definition.key LIMIT 1`);
  const purposes = await database.query<{ purpose: string }>(sql`
    SELECT purpose FROM consent WHERE lead_id = ANY(${leadIds}::uuid[])
    UNION SELECT purpose FROM message WHERE lead_id = ANY(${leadIds}::uuid[]) AND recipient_kind = 'lead'
    UNION SELECT unnest(purposes) FROM opt_in_request WHERE lead_id = ANY(${leadIds}::uuid[]) ORDER BY 1`);
  const recipients = await database.query<{
    kind: 'sales' | 'system' | 'mail-server';
    name: string;
    since: Instant | null;
  }>(sql`
    SELECT 'sales' AS kind, coalesce(rep.name, rep_key) AS name, min(assigned_at) AS since
    FROM handoff_assignment JOIN handoff ON handoff.id = handoff_id LEFT JOIN rep ON rep.key = rep_key
    WHERE handoff.lead_id = ANY(${leadIds}::uuid[]) GROUP BY 1, 2
    UNION ALL
    SELECT 'system', endpoint_key || coalesce(' (' || substring(webhook_endpoint.url from '^[a-z]+://([^/?#]+)') || ')', ''), min(webhook_delivery.created_at)
    FROM webhook_delivery LEFT JOIN webhook_endpoint ON webhook_endpoint.key = endpoint_key
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND attempts > 0 GROUP BY 1, 2
    UNION ALL
    SELECT 'mail-server', 'mail of sender ' || coalesce(sender_key, 'default'), min(claimed_at)
    FROM message WHERE lead_id = ANY(${leadIds}::uuid[]) AND recipient_kind = 'lead' AND claimed_at IS NOT NULL GROUP BY 1, 2
    ORDER BY 1, 2`);
  const sources = await database.query<{ source: string; statements: number }>(sql`
    SELECT source, count(*) AS statements FROM attribute WHERE lead_id = ANY(${leadIds}::uuid[]) GROUP BY source
    UNION ALL SELECT 'events of ' || source, count(*) FROM interaction WHERE lead_id = ANY(${leadIds}::uuid[]) GROUP BY source ORDER BY 1`);
  const [leadId = '', ...mergedLeadIds] = leadIds;
  return {
    format: 'tend-lead-export',
    version: 1,
    exportedAt: (at(now) as Date).toISOString(),
    leadId,
    mergedLeadIds,
    controller: sender ?? null,
    purposes: purposes.map(({ purpose }) => ({
      purpose,
      basis: consent.purposes.find(({ key }) => key === purpose)?.basis ?? 'consent',
    })),
    recipients: recipients.map(({ since, ...rest }) => ({
      ...rest,
      since: since === null ? null : new Date(since).toISOString(),
    })),
    storage: {
      consentStaleAfter: (consent.staleness?.after ?? null) as Json,
      openSignUps: consent.doubleOptIn.expiresAfter as Json,
    },
    sources,
    automatedDecisions: models.map(({ definition }) => ({
      model: definition.name,
      threshold: definition.threshold ?? null,
    })),
  };
}
