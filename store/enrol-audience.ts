import { basisOf } from '../domain/consent/policy.ts';
import type { Instant } from '../domain/instant.ts';
import { firstStep, type Mailing, mailingSequenceKey } from '../domain/mailing/mailing.ts';
import { instantIn } from '../domain/mailing/mailing-time.ts';
import { outOfReach } from '../domain/mailing/reach.ts';
import type { Queryable, Transaction } from './database.ts';
import { loadContents } from './load-contents.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { lockLeads } from './lock-leads.ts';
import { loadMailing, type MailingRun } from './mailing-run.ts';
import { newId } from './new-id.ts';
import { raiseAttentionQuietly } from './raise-attention.ts';
import { readReach } from './read-reach.ts';
import { type Candidate, type LeadInAudience, selectAudience } from './select-audience.ts';
import { at, sql } from './sql.ts';

/**
 * Looks at the next leads, and sets those of the audience who can be reached on their way. The audience is who is in it
 * when selecting begins, however long that takes. The run's row is locked: with a process that dies the batch is as if it
 * had never begun. Returns the leads that are to be planned; nobody waits for them.
 */
export async function enrolBatch(
  transaction: Transaction,
  run: MailingRun,
  now: Instant,
  batchSize: number,
): Promise<string[]> {
  const asOf = run.startedAt ?? now;
  const mailing = await loadMailing(transaction, run.versionId);
  const leads = await transaction.query<Candidate>(sql`
    SELECT id, stage, account_id AS "accountId", time_zone AS "timeZone" FROM lead
    WHERE (${run.after}::uuid IS NULL OR id > ${run.after}::uuid) AND merged_into IS NULL AND erased_at IS NULL AND NOT test
      AND created_at <= ${at(asOf)} ORDER BY id LIMIT ${batchSize}::int`);
  const audience = await selectAudience(transaction, mailing, leads, asOf);
  const { reached, skipped } = await whoCanBeReached(transaction, mailing, audience, now);
  const enrolled = await enrol(transaction, run, mailing, reached, now);
  const before = reached.length - enrolled.length;
  if (before > 0) skipped['already-in-it'] = before;
  const finished = leads.length < batchSize;
  for (const [reason, count] of Object.entries(run.skipped)) skipped[reason] = (skipped[reason] ?? 0) + count;
  await transaction.query(sql`
    UPDATE mailing_run SET state = 'sending', started_at = ${at(asOf)}, leads = ${run.leads ?? (await countCandidates(transaction, asOf))}::int,
           leads_done = leads_done + ${leads.length}::int, audience = audience + ${audience.length}::int, enrolled = enrolled + ${enrolled.length}::int,
           skipped = ${JSON.stringify(skipped)}::jsonb, after = ${leads.at(-1)?.id ?? run.after}::uuid, selected_at = ${finished ? at(now) : null}
    WHERE id = ${run.id}::uuid`);
  return enrolled;
}

async function whoCanBeReached(
  transaction: Transaction,
  { purpose, template }: Mailing,
  audience: readonly LeadInAudience[],
  now: Instant,
): Promise<{ readonly reached: LeadInAudience[]; readonly skipped: Record<string, number> }> {
  const content = (await loadContents(transaction)).get(template) ?? { lineage: template, repeatable: false };
  const { consent: policy } = await loadLiveDefinitions(transaction);
  const mail = { purpose, basis: basisOf(policy, purpose), content };
  const reachOf = await readReach(
    transaction,
    audience.map(({ id }) => id),
    purpose,
    policy,
  );
  const reached: LeadInAudience[] = [];
  const skipped: Record<string, number> = {};
  for (const lead of audience) {
    const reason = outOfReach({ ...reachOf(lead.id), calendar: lead.calendar }, mail, now);
    if (reason === null) reached.push(lead);
    else skipped[reason] = (skipped[reason] ?? 0) + 1;
  }
  return { reached, skipped };
}

/** One that was in this version before is passed over, unless a cancelling took it out. */
async function enrol(
  transaction: Transaction,
  run: MailingRun,
  { key }: Mailing,
  reached: readonly LeadInAudience[],
  now: Instant,
): Promise<string[]> {
  const locked = new Set(
    await lockLeads(
      transaction,
      reached.map(({ id }) => id),
    ),
  );
  const rows = reached
    .filter(({ id }) => locked.has(id))
    .map(({ id: leadId, calendar }) => {
      const due = Math.max(instantIn(run.time, calendar.zone), run.notBefore ?? 0);
      // Begun it has when it is there, though its mail be due later: a pause meanwhile holds it, and lets it out.
      return { id: newId(), leadId, due, startedAt: Math.min(due, now), step: firstStep(due, now) };
    });
  const enrolled = await transaction.query<{ leadId: string }>(sql`
    INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, visit, step_entered_at, awaits, started_at)
    SELECT new.id, new.lead_id, ${mailingSequenceKey(key)}, ${run.versionId}::bigint, 'mailing', 'active', step_id, 1, due, '{}', new.started_at
    FROM unnest(${rows.map(({ id }) => id)}::uuid[], ${rows.map(({ leadId }) => leadId)}::uuid[], ${rows.map(({ step }) => step)}::text[],
                ${rows.map(({ due }) => at(due))}::timestamptz[], ${rows.map(({ startedAt }) => at(startedAt))}::timestamptz[])
         AS new(id, lead_id, step_id, due, started_at)
    JOIN lead ON lead.id = new.lead_id AND lead.merged_into IS NULL AND lead.erased_at IS NULL
    WHERE NOT EXISTS (
      SELECT FROM enrolment WHERE lead_id = new.lead_id AND sequence_version_id = ${run.versionId}::bigint AND entered_by = 'mailing'
        AND end_reason IS DISTINCT FROM 'mailing-cancelled')
    ON CONFLICT DO NOTHING RETURNING lead_id AS "leadId"`);
  return raiseAttentionQuietly(
    transaction,
    enrolled.map(({ leadId }) => leadId),
  );
}

async function countCandidates(queryable: Queryable, asOf: Instant): Promise<number> {
  const [row] = await queryable.query<{ leads: number }>(sql`
    SELECT count(*) AS leads FROM lead
    WHERE merged_into IS NULL AND erased_at IS NULL AND NOT test AND created_at <= ${at(asOf)}`);
  return row?.leads ?? 0;
}
