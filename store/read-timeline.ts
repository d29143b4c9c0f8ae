import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Database } from './database.ts';
import { resolveLead } from './resolve-lead.ts';
import { at, sql } from './sql.ts';

/** One thing that happened to a lead. `id` is unique within the timeline. */
export interface TimelineEntry {
  readonly id: string;
  readonly at: Instant;
  readonly kind: 'interaction' | 'message' | 'consent' | 'handoff';
  readonly detail: Json;
}

export interface TimelinePage {
  readonly entries: readonly TimelineEntry[];
  /** Give this back for the entries before; null at the end. */
  readonly next: string | null;
}

/** What happened to a lead, newest first. Throws `not-found` and, for a cursor that is none, `invalid-request`. */
export async function readTimeline(
  database: Database,
  leadId: string,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<TimelinePage> {
  const id = await resolveLead(database, leadId);
  const before = page.cursor === undefined ? { at: null, id: null } : readCursor(page.cursor);
  const rows = await database.query<TimelineEntry>(sql`
    WITH person AS (SELECT id FROM lead WHERE id = ${id}::uuid OR merged_into = ${id}::uuid), entries AS (
      SELECT 'interaction-' || id AS id, occurred_at AS at, 'interaction' AS kind,
             jsonb_build_object('source', source, 'messageId', message_id, 'kind', kind, 'name', name, 'properties', properties)
               || CASE WHEN discounted_at IS NULL THEN '{}' ELSE jsonb_build_object('discountedAs', discounted_as, 'discountedWhy', discounted_why) END AS detail
      FROM interaction WHERE lead_id = ${id}::uuid
      UNION ALL
      SELECT 'message-' || event.id, event.at, 'message',
             jsonb_build_object('message', message.id, 'template', template_key, 'recipient', recipient_kind, 'step', step_id,
                                'state', event.state, 'reason', event.reason, 'until', event.until, 'note', event.note)
      FROM message_event AS event JOIN message ON message.id = event.message_id WHERE message.lead_id = ${id}::uuid
      UNION ALL
      SELECT 'consent-' || id, at, 'consent',
             jsonb_build_object('channel', channel, 'purpose', purpose, 'action', action, 'address', address, 'wording', wording,
               'wordingVersion', wording_version, 'formUrl', form_url, 'ip', ip, 'userAgent', user_agent, 'requestedAt', requested_at, 'confirmedAt', confirmed_at,
               'promiseMax', promise_max, 'promiseDays', promise_days, 'change', change, 'source', source, 'actor', actor)
      FROM consent WHERE lead_id IN (SELECT id FROM person)
      UNION ALL
      SELECT 'handoff-' || step || '-' || id, step_at, 'handoff',
             jsonb_build_object('handoff', id, 'what', step, 'owner', owner_key, 'outcome', outcome, 'reason', outcome_reason)
      FROM handoff CROSS JOIN LATERAL (VALUES ('offered', offered_at), ('accepted', accepted_at), ('closed', closed_at)) AS steps(step, step_at)
      WHERE lead_id = ${id}::uuid AND step_at IS NOT NULL)
    SELECT id, at, kind, detail FROM entries
    WHERE ${at(before.at)}::timestamptz IS NULL OR (at, id) < (${at(before.at)}::timestamptz, ${before.id}::text)
    ORDER BY at DESC, id DESC LIMIT ${page.limit + 1}::int`);
  const entries = rows.slice(0, page.limit);
  const last = entries.at(-1);
  return { entries, next: rows.length > page.limit && last !== undefined ? writeCursor(last) : null };
}

function writeCursor({ at: instant, id }: TimelineEntry): string {
  return Buffer.from(`${instant} ${id}`).toString('base64url');
}

function readCursor(cursor: string): { at: Instant; id: string } {
  const [, instant, id] = /^(\d{1,15}) ([\w-]{1,80})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (instant === undefined || id === undefined) {
    throw new TendError('invalid-request', 'The cursor is not valid.', [
      { path: 'cursor', problem: 'must be the `next` of an earlier answer' },
    ]);
  }
  return { at: Number(instant), id };
}
