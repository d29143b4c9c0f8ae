import type { Instant } from '../domain/instant.ts';
import type { EnrolmentInForce } from '../domain/journey/snapshot.ts';
import { passesOf } from '../domain/sequence/earlier-passes.ts';
import type { EarlierPasses } from '../domain/sequence/entry.ts';
import type { ContentGap } from '../domain/sequence/stream.ts';
import type { Queryable } from './database.ts';
import { loadSequenceVersions } from './load-live-definitions.ts';
import { sql } from './sql.ts';

/** An enrolment with what of it is stored beside, so that only changes are written. */
export type StoredEnrolment = EnrolmentInForce & {
  readonly state: 'entering' | 'active';
  readonly awaits: readonly string[];
  readonly exhausted: boolean;
  readonly gap: ContentGap | null;
  readonly versionId: number;
};

/** All of a lead's passes through sequences: those that go on, and what is known of the others. */
export interface LeadEnrolments {
  readonly running: readonly StoredEnrolment[];
  /** By sequence key. */
  readonly passes: ReadonlyMap<string, EarlierPasses>;
}

export async function readEnrolments(queryable: Queryable, leadId: string): Promise<LeadEnrolments> {
  const rows = await queryable.query<Row>(sql`
    SELECT enrolment.id, lead_id AS "leadId", enrolment.sequence_key AS "sequenceKey", sequence_version_id AS "versionId", state,
           started_at AS "startedAt", trigger_interaction_id AS "startedBy", ended_at AS "endedAt", step_id AS "stepId", visit,
           step_entered_at AS "stepEnteredAt", step_entered_by AS "stepEnteredBy", awaits, jumps, exhausted, gap, mails_from AS "mailsFrom",
           step_held_ms AS "stepHeldMs", held_ms AS "heldMs", held AS paused
    FROM enrolment JOIN enrolment_hold ON enrolment_hold.id = enrolment.id
    WHERE lead_id = ${leadId}::uuid AND state <> 'turned-away' ORDER BY started_at, enrolment.id`);
  if (rows.length === 0) return { running: [], passes: new Map() };
  const going = rows.filter((row): row is Row & { state: 'entering' | 'active' } => row.endedAt === null);
  const sequenceOf = await loadSequenceVersions(
    queryable,
    going.map(({ versionId }) => versionId),
  );
  const winners = await readWinners(
    queryable,
    going.map(({ sequenceKey }) => sequenceKey),
  );
  const running = going.map(
    ({ sequenceKey, endedAt: _endedAt, ...row }): StoredEnrolment => ({
      ...row,
      sequence: sequenceOf(row.versionId),
      winners: winners.get(sequenceKey) ?? new Map(),
    }),
  );
  const passes = new Map<string, EarlierPasses>();
  for (const key of new Set(rows.map(({ sequenceKey }) => sequenceKey)))
    passes.set(key, passesOf(rows.filter(({ sequenceKey }) => sequenceKey === key)));
  return { running, passes };
}

type Row = Omit<StoredEnrolment, 'sequence' | 'winners' | 'state'> & {
  readonly sequenceKey: string;
  readonly state: string;
  readonly endedAt: Instant | null;
};

async function readWinners(
  queryable: Queryable,
  sequenceKeys: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  if (sequenceKeys.length === 0) return new Map();
  const rows = await queryable.query<{ sequenceKey: string; stepId: string; arm: string }>(sql`
    SELECT sequence_key AS "sequenceKey", step_id AS "stepId", arm FROM split_winner WHERE sequence_key = ANY(${sequenceKeys}::text[])`);
  const winners = new Map<string, Map<string, string>>();
  for (const { sequenceKey, stepId, arm } of rows) {
    const ofSequence = winners.get(sequenceKey) ?? new Map<string, string>();
    winners.set(sequenceKey, ofSequence.set(stepId, arm));
  }
  return winners;
}
