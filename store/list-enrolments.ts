import type { Instant } from '../domain/instant.ts';
import type { Queryable } from './database.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

/** One pass of a lead through a sequence. */
export interface EnrolmentOfLead {
  readonly id: string;
  readonly sequence: string;
  readonly version: number;
  /** entering | active | completed | left | turned-away */
  readonly state: string;
  /** event | condition | sequence | api … */
  readonly enteredBy: string;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly endReason: string | null;
  /** Why somebody took it out by hand. */
  readonly endNote: string | null;
  readonly step: { readonly id: string; readonly visit: number; readonly since: Instant };
  /** Held by hand since. */
  readonly pausedAt: Instant | null;
  /** It stands still: by hand, or with its sequence. */
  readonly held: boolean;
  /** After a pause: its mails may go from here on. */
  readonly mailsFrom: Instant | null;
  readonly exhausted: boolean;
  /** What it has done, first to last. */
  readonly passed: readonly {
    readonly step: string;
    readonly visit: number;
    readonly enteredAt: Instant;
    readonly passedAt: Instant;
    readonly outcome: string | null;
  }[];
}

/** All passes of a lead through sequences, the last begun first. Throws `not-found`. */
export async function listEnrolments(queryable: Queryable, leadId: string): Promise<EnrolmentOfLead[]> {
  const id = await resolveLead(queryable, leadId);
  const rows = await queryable.query<Row>(sql`
    SELECT enrolment.id, sequence_key AS sequence, version.version, state, entered_by AS "enteredBy", started_at AS "startedAt",
           ended_at AS "endedAt", end_reason AS "endReason", end_note AS "endNote", step_id AS "stepId", visit, step_entered_at AS since, paused_at AS "pausedAt",
           ended_at IS NULL AND held AS held, mails_from AS "mailsFrom", exhausted
    FROM enrolment JOIN definition_version AS version ON version.id = sequence_version_id
         JOIN enrolment_hold ON enrolment_hold.id = enrolment.id
    WHERE lead_id = ${id}::uuid ORDER BY started_at DESC, enrolment.id DESC`);
  const passes = await queryable.query<EnrolmentOfLead['passed'][number] & { readonly enrolmentId: string }>(sql`
    SELECT enrolment_id AS "enrolmentId", step_id AS step, visit, entered_at AS "enteredAt", passed_at AS "passedAt", outcome
    FROM step_pass WHERE enrolment_id = ANY(${rows.map((row) => row.id)}::uuid[]) ORDER BY id`);
  return rows.map(({ stepId, visit, since, ...row }) => ({
    ...row,
    step: { id: stepId, visit, since },
    passed: passes.filter(({ enrolmentId }) => enrolmentId === row.id).map(({ enrolmentId: _id, ...pass }) => pass),
  }));
}

type Row = Omit<EnrolmentOfLead, 'step' | 'passed'> & {
  readonly stepId: string;
  readonly visit: number;
  readonly since: Instant;
};
