import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import {
  fateOf,
  type MigrationFate,
  type MigrationPlan,
  migrate,
  migrationProblems,
} from '../domain/sequence/migration.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { loadSequenceVersions } from './load-live-definitions.ts';
import { recordAudit } from './record-audit.ts';
import { insertJob, readJob, type SequenceJob } from './sequence-job.ts';
import { at, sql } from './sql.ts';

export interface MigrationInput {
  readonly key: string;
  /** Numbers of versions; undefined: all but the live one. */
  readonly fromVersions: readonly number[] | undefined;
  readonly plan: MigrationPlan;
  readonly actor: Actor;
  readonly now: Instant;
}

/** What a migration would do to those who stand at one step of one version. */
export interface MigratingStep {
  readonly version: number;
  readonly step: string;
  readonly kind: string;
  readonly enrolments: number;
  readonly fate: MigrationFate;
  /** Where they go; null: they stay on the old version, or leave. */
  readonly toStep: string | null;
  /** Mails that wait to be sent, and would be superseded. */
  readonly mailsSuperseded: number;
  /** Mails that are being sent, whose result is waited for. */
  readonly mailsBeingSent: number;
}

export interface MigrationPreview {
  readonly sequence: string;
  readonly toVersion: number;
  readonly enrolments: number;
  readonly steps: readonly MigratingStep[];
}

/** What a migration to the live version would do now; test leads, whom it moves too, are not counted. Throws as `startMigration`. */
export async function previewMigration(database: Database, input: MigrationInput): Promise<MigrationPreview> {
  const { key, now } = input;
  const { from, to, sequenceOf } = await check(database, input);
  const rows = await database.query<StandingAt>(sql`
    SELECT sequence_version_id AS "versionId", step_id AS "stepId", enrolment.state, count(*) AS enrolments,
           sum((SELECT count(*) FROM message WHERE enrolment_id = enrolment.id AND recipient_kind = 'lead' AND message.state IN ('due', 'delayed', 'deferred')))::int AS waiting,
           sum((SELECT count(*) FROM message WHERE enrolment_id = enrolment.id AND recipient_kind = 'lead' AND message.state = 'claimed'))::int AS claimed
    FROM enrolment JOIN lead ON lead.id = lead_id AND NOT lead.test
    WHERE sequence_key = ${key} AND enrolment.state IN ('entering', 'active') AND sequence_version_id = ANY(${from.map(({ id }) => id)}::bigint[])
    GROUP BY 1, 2, 3`);
  const steps = rows.map((row): MigratingStep => {
    const sequence = sequenceOf(row.versionId);
    const migrant = {
      state: row.state,
      stepId: row.stepId,
      visit: 1,
      stepEnteredAt: now,
      stepEnteredBy: null,
      jumps: {},
    };
    const change = migrate(migrant, { from: sequence, to: sequenceOf(to.id), plan: input.plan, now });
    const keeps = change.kind === 'stays' || (change.kind === 'moves' && change.mail === 'kept');
    return {
      version: from.find(({ id }) => id === row.versionId)?.version ?? 0,
      step: row.stepId,
      kind: row.state === 'entering' ? 'entering' : (sequence.steps.find(({ id }) => id === row.stepId)?.kind ?? ''),
      enrolments: row.enrolments,
      fate: fateOf(input.plan, row.stepId),
      toStep: change.kind === 'moves' ? change.stepId : null,
      mailsSuperseded: keeps ? 0 : row.waiting,
      mailsBeingSent: row.claimed,
    };
  });
  steps.sort((a, b) => a.version - b.version || place(a) - place(b));
  const enrolments = steps.reduce((sum, step) => sum + step.enrolments, 0);
  return { sequence: key, toVersion: to.version, enrolments, steps };

  function place({ version, step }: MigratingStep): number {
    const id = from.find((one) => one.version === version)?.id;
    return id === undefined ? 0 : sequenceOf(id).steps.findIndex((one) => one.id === step);
  }
}

interface StandingAt {
  readonly versionId: number;
  readonly stepId: string;
  readonly state: 'entering' | 'active';
  readonly enrolments: number;
  readonly waiting: number;
  readonly claimed: number;
}

/**
 * Asks for leads in flight to be taken over to the version that is live now; a worker does it, in batches.
 *
 * Throws `not-found`, and `invalid-request` naming each step of the plan that can't be done.
 */
export async function startMigration(database: Database, input: MigrationInput): Promise<SequenceJob> {
  const { key, plan, actor, now } = input;
  return database.transaction(async (transaction) => {
    const { from, to } = await check(transaction, input);
    const fromVersionIds = from.map(({ id }) => id);
    const job = await insertJob(transaction, {
      sequence: key,
      input: { kind: 'migration', fromVersionIds, versionId: to.id, plan },
      actor,
      now,
    });
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'sequence.migration-started',
      subjectKind: 'definition',
      subjectId: key,
      detail: { migration: job.id, from: from.map(({ version }) => version), to: to.version, plan },
    });
    return readJob(transaction, { sequence: key, kind: 'migration', id: job.id });
  });
}

/**
 * Ends a migration after the batch it is in. Who has gone over stays there; one that has ended already stays what it is.
 * Throws `not-found`.
 */
export async function cancelMigration(
  database: Database,
  { key, id, actor, now }: { readonly key: string; readonly id: string; readonly actor: Actor; readonly now: Instant },
): Promise<SequenceJob> {
  const which = { sequence: key, kind: 'migration', id } as const;
  return database.transaction(async (transaction) => {
    await readJob(transaction, which);
    const cancelled = await transaction.query(sql`
      UPDATE sequence_job SET state = 'cancelled', finished_at = ${at(now)}
      WHERE id = ${id}::uuid AND state IN ('waiting', 'running') RETURNING 1`);
    if (cancelled.length > 0)
      await recordAudit(transaction, {
        actor,
        at: now,
        action: 'sequence.migration-cancelled',
        subjectKind: 'definition',
        subjectId: key,
        detail: { migration: id },
      });
    return readJob(transaction, which);
  });
}

interface Version {
  readonly id: number;
  readonly version: number;
  readonly live: boolean;
  /** Somebody is in it. */
  readonly used: boolean;
}

async function check(
  queryable: Queryable | Transaction,
  { key, fromVersions, plan }: MigrationInput,
): Promise<{ from: Version[]; to: Version; sequenceOf: (versionId: number) => Sequence }> {
  const versions = await queryable.query<Version>(sql`
    SELECT version.id, version, version.id = live_version_id AS live,
           EXISTS (SELECT 1 FROM enrolment WHERE sequence_version_id = version.id AND state IN ('entering', 'active')) AS used
    FROM definition_version AS version JOIN definition ON definition.kind = version.kind AND definition.key = version.key
    WHERE version.kind = 'sequence' AND version.key = ${key} ORDER BY version`);
  const to = versions.find(({ live }) => live);
  if (to === undefined) throw new TendError('not-found', `There is no published sequence "${key}".`);
  const unknown = (fromVersions ?? []).flatMap((version, index) => {
    if (version === to.version)
      return [{ path: `fromVersions.${index}`, problem: `${version} is the version that leads are moved to` }];
    return versions.some((one) => one.version === version)
      ? []
      : [{ path: `fromVersions.${index}`, problem: `"${key}" has no version ${version}` }];
  });
  const from = versions.filter(({ version, live, used }) => fromVersions?.includes(version) ?? (!live && used));
  const sequenceOf = await loadSequenceVersions(
    queryable,
    [...from, to].map(({ id }) => id),
  );
  const problems = migrationProblems(
    plan,
    from.map(({ id }) => sequenceOf(id)),
    sequenceOf(to.id),
  ).map(({ path, message }) => ({ path: path.join('.'), problem: message }));
  if (unknown.length + problems.length > 0)
    throw new TendError('invalid-request', 'The migration is not possible: mend the fields named.', [
      ...unknown,
      ...problems,
    ]);
  return { from, to, sequenceOf };
}
