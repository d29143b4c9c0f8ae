import { type Instant, SECOND } from '../domain/instant.ts';
import { type Migrant, type MigrationChange, migrate } from '../domain/sequence/migration.ts';
import type { Transaction } from './database.ts';
import { loadSequenceVersions } from './load-live-definitions.ts';
import { lockLeads } from './lock-leads.ts';
import { raiseAttention } from './raise-attention.ts';
import type { BatchDone, JobInput, OpenJob } from './sequence-job.ts';
import { at, sql } from './sql.ts';
import { supersedeMails } from './supersede-mails.ts';

/** Who remained is tried again after this time: a mail that is being sent is through by then, as a rule. */
const AGAIN_MS = 5 * SECOND;

/**
 * Takes the next enrolments over to the new version, each as its step's plan says, under their leads' locks. What was
 * decided is noted on the enrolment, so that none is decided about twice; one with a mail being sent waits for the result,
 * and one that came meanwhile is found when the others are through.
 */
export async function migrateBatch(
  transaction: Transaction,
  job: OpenJob<Extract<JobInput, { kind: 'migration' }>>,
  now: Instant,
  batchSize: number,
): Promise<BatchDone> {
  const { fromVersionIds, versionId, plan } = job.input;
  const total = job.total ?? (await countMigrants(transaction, job));
  const rows = await transaction.query<{ id: string; leadId: string }>(sql`
    SELECT id, lead_id AS "leadId" FROM enrolment
    WHERE sequence_key = ${job.sequence} AND state IN ('entering', 'active') AND sequence_version_id = ANY(${fromVersionIds}::bigint[])
      AND migrated_by IS DISTINCT FROM ${job.id}::uuid AND (${job.after}::uuid IS NULL OR id > ${job.after}::uuid)
    ORDER BY id LIMIT ${batchSize}::int`);
  const leads = await lockLeads(
    transaction,
    rows.map(({ leadId }) => leadId),
  );
  const migrants = await readMigrants(
    transaction,
    job,
    rows.map(({ id }) => id),
    leads,
  );
  const free = migrants.filter(({ claimed }) => !claimed);
  const sequenceOf = await loadSequenceVersions(transaction, [...fromVersionIds, versionId]);
  const to = sequenceOf(versionId);
  const changes = free.map((migrant) => {
    const leadNow = now + migrant.offset;
    return {
      migrant,
      leadNow,
      change: migrate(migrant, { from: sequenceOf(migrant.versionId), to, plan, now: leadNow }),
    };
  });
  for (const { migrant, leadNow, change } of changes) await apply(transaction, job, migrant, change, leadNow);
  await transaction.query(sql`
    UPDATE enrolment SET migrated_by = ${job.id}::uuid WHERE id = ANY(${free.map(({ id }) => id)}::uuid[])`);
  await raiseAttention(
    transaction,
    changes.filter(({ change }) => change.kind !== 'stays').map(({ migrant }) => migrant.leadId),
  );
  const through = rows.length < batchSize;
  const remaining = through ? await countMigrants(transaction, job) : null;
  return {
    total,
    done: free.length,
    after: through ? null : (rows.at(-1)?.id ?? null),
    finished: remaining === 0,
    result: {
      stayed: changes.filter(({ change }) => change.kind === 'stays').length,
      moved: changes.filter(({ change }) => change.kind === 'moves').length,
      left: changes.filter(({ change }) => change.kind === 'leaves').length,
    },
    ...(remaining !== null && remaining > 0 && { tryAt: now + AGAIN_MS }),
  };
}

type StoredMigrant = Migrant & {
  readonly id: string;
  readonly leadId: string;
  readonly versionId: number;
  readonly offset: number;
  /** A mail of its present step is being sent. */
  readonly claimed: boolean;
};

async function readMigrants(
  transaction: Transaction,
  { id, input }: OpenJob<Extract<JobInput, { kind: 'migration' }>>,
  ids: readonly string[],
  leads: readonly string[],
): Promise<StoredMigrant[]> {
  return transaction.query<StoredMigrant>(sql`
    SELECT enrolment.id, lead_id AS "leadId", sequence_version_id AS "versionId", state, step_id AS "stepId", visit,
           step_entered_at AS "stepEnteredAt", step_entered_by AS "stepEnteredBy", jumps, clock_offset_ms AS offset,
           EXISTS (SELECT 1 FROM message WHERE enrolment_id = enrolment.id AND recipient_kind = 'lead' AND message.state = 'claimed') AS claimed
    FROM enrolment JOIN lead ON lead.id = lead_id
    WHERE enrolment.id = ANY(${ids}::uuid[]) AND lead_id = ANY(${leads}::uuid[]) AND state IN ('entering', 'active')
      AND sequence_version_id = ANY(${input.fromVersionIds}::bigint[]) AND migrated_by IS DISTINCT FROM ${id}::uuid
    ORDER BY enrolment.id`);
}

async function apply(
  transaction: Transaction,
  job: OpenJob<Extract<JobInput, { kind: 'migration' }>>,
  { id }: StoredMigrant,
  change: MigrationChange,
  now: Instant,
): Promise<void> {
  switch (change.kind) {
    case 'stays':
      return;
    case 'leaves':
      await supersedeMails(transaction, [id], { reason: 'enrolment-ended', detail: 'migrated', now });
      await transaction.query(sql`
        UPDATE enrolment SET state = 'left', ended_at = ${at(now)}, end_reason = 'migrated', awaits = '{}', exhausted = false, gap = NULL
        WHERE id = ${id}::uuid`);
      return;
    case 'moves': {
      if (change.mail === 'superseded')
        await supersedeMails(transaction, [id], { reason: 'another-version', detail: null, now });
      const { stepId, visit, stepEnteredAt, stepEnteredBy, jumps, anew } = change;
      await transaction.query(sql`
        UPDATE enrolment SET sequence_version_id = ${job.input.versionId}::bigint, step_id = ${stepId}, visit = ${visit},
               step_held_ms = CASE WHEN step_entered_at = ${at(stepEnteredAt)} THEN step_held_ms ELSE 0 END,
               step_entered_at = ${at(stepEnteredAt)}, step_entered_by = ${stepEnteredBy}::bigint, jumps = ${JSON.stringify(jumps)}::jsonb,
               started_at = CASE WHEN ${anew} THEN ${at(now)} ELSE started_at END, held_ms = CASE WHEN ${anew} THEN 0 ELSE held_ms END,
               exhausted = false, gap = NULL
        WHERE id = ${id}::uuid`);
    }
  }
}

async function countMigrants(
  transaction: Transaction,
  { id, sequence, input }: OpenJob<Extract<JobInput, { kind: 'migration' }>>,
): Promise<number> {
  const [row] = await transaction.query<{ migrants: number }>(sql`
    SELECT count(*) AS migrants FROM enrolment
    WHERE sequence_key = ${sequence} AND state IN ('entering', 'active') AND sequence_version_id = ANY(${input.fromVersionIds}::bigint[])
      AND migrated_by IS DISTINCT FROM ${id}::uuid`);
  return row?.migrants ?? 0;
}
