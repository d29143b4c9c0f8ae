import type { Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { sql } from './sql.ts';

/** Why a mail waits that may go once its template, or what the template needs, is published anew. */
const MENDED_BY_PUBLISHING = [
  'template-missing',
  'render-failed',
  'sender-missing',
  'server-not-configured',
  'dkim-key-missing',
  'dkim-key-unusable',
  'sender-refused',
  'content-refused',
];

/**
 * Mails of these templates that were withheld because the template or its sender was missing, or could not be rendered, may
 * go now, and streams that had nothing more may have these.
 */
export async function wakeLeadsThatWaitFor(transaction: Transaction, templates: readonly string[]): Promise<void> {
  if (templates.length === 0) return;
  const leads = await transaction.query<{ id: string }>(sql`
    SELECT id FROM lead WHERE id IN (
      SELECT lead_id FROM message WHERE template_key = ANY(${templates}::text[]) AND state IN ('due', 'delayed', 'deferred') AND recipient_kind IN ('lead', 'colleague')
      UNION ALL
      SELECT lead_id FROM enrolment JOIN definition_version AS version ON version.id = sequence_version_id
      WHERE exhausted AND jsonb_path_exists(version.content, '$.streams[*].tracks[*].contents[*] ? (@ == $keys[*])', jsonb_build_object('keys', to_jsonb(${templates}::text[]))))
    ORDER BY id FOR NO KEY UPDATE`);
  await transaction.query(sql`
    UPDATE message SET next_attempt_at = NULL
    WHERE template_key = ANY(${templates}::text[]) AND state = 'deferred' AND reason = ANY(${MENDED_BY_PUBLISHING}::text[])`);
  await raiseAttention(
    transaction,
    leads.map(({ id }) => id),
  );
  const handoffs = await transaction.query<{ id: string }>(sql`
    UPDATE handoff SET attention_rev = attention_rev + 1
    WHERE id IN (SELECT handoff_id FROM message WHERE template_key = ANY(${templates}::text[]) AND state IN ('due', 'deferred') AND recipient_kind = 'rep')
    RETURNING id`);
  for (const { id } of handoffs) await transaction.notify('tend_handoff', id);
}
