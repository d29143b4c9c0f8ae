import type { Instant } from '../domain/instant.ts';
import { interestKey } from '../domain/interaction/event-match.ts';
import { type Doing, explainEnrolment } from '../domain/journey/explain-enrolment.ts';
import type { JourneyPlan } from '../domain/journey/journey-plan.ts';
import type { JourneySnapshot } from '../domain/journey/snapshot.ts';
import { isCondition, type Signal } from '../domain/sequence/signal.ts';
import type { Step } from '../domain/sequence/step.ts';
import type { Queryable } from './database.ts';
import type { StoredEnrolment } from './read-enrolments.ts';
import { sql } from './sql.ts';

export interface WaitingEnrolment {
  readonly id: string;
  readonly sequence: string;
  readonly name: string;
  readonly version: number;
  readonly startedAt: Instant;
  readonly step: { readonly id: string; readonly kind: Step['kind'] };
  /** Which time round. */
  readonly visit: number;
  readonly since: Instant;
  /** When the wait ends by itself; null where the step is a mail. */
  readonly until: Instant | null;
  /** The events that would end it earlier, by name. */
  readonly waitsFor: string | null;
  /** What it waits for in full; null where the lead's history could not be processed. */
  readonly doing: Doing | null;
  /** Whose mail goes first where several want to: 0 to 100. */
  readonly priority: number;
  /** What it is for: the lead that reaches one of these leaves it, done. */
  readonly goal: readonly Signal[];
  /** What ends it otherwise. */
  readonly exits: readonly Signal[];
  readonly expiresAt: Instant | null;
  readonly pause: Pause | null;
  /** After a pause: its mails do not go before. */
  readonly mailsFrom: Instant | null;
}

/**
 * `reply`: the person has answered. `sequence`: all of its leads are held. `resuming`: that pause is over, and its leads are let
 * out one after the other.
 */
export interface Pause {
  readonly by: 'hand' | 'reply' | 'sequence' | 'resuming';
  readonly since: Instant;
  /** Of a reply: when it goes on, unless somebody resumes it before. */
  readonly until?: Instant;
}

/** A plan of the lead's journey, made to see what it would do. */
export interface DryRun {
  readonly snapshot: JourneySnapshot;
  readonly plan: JourneyPlan;
  readonly now: Instant;
}

/** What each of a lead's `enrolments` waits for. */
export async function explainEnrolments(
  queryable: Queryable,
  enrolments: readonly StoredEnrolment[],
  dryRun: DryRun | null,
  detailOf: (messageId: string) => string | null,
): Promise<WaitingEnrolment[]> {
  const kept = await readKept(
    queryable,
    enrolments.map(({ id }) => id),
  );
  return enrolments.flatMap((enrolment): WaitingEnrolment[] => {
    const { id, sequence, stepId, visit, stepEnteredAt, startedAt, mailsFrom } = enrolment;
    const step = sequence.steps.find((one) => one.id === stepId);
    const row = kept.get(id);
    if (step === undefined || row === undefined) return [];
    const explained =
      dryRun === null
        ? {
            step: { id: step.id, kind: step.kind },
            visit,
            since: stepEnteredAt,
            until: null,
            waitsFor: null,
            doing: null,
            expiresAt: null,
          }
        : explain(dryRun, enrolment, detailOf);
    const { key, name, priority, goal, exits } = sequence;
    const { version, pause } = row;
    return [{ id, sequence: key, name, version, startedAt, priority, goal, exits, mailsFrom, pause, ...explained }];
  });
}

function explain(
  { snapshot, plan, now }: DryRun,
  enrolment: StoredEnrolment,
  detailOf: (messageId: string) => string | null,
) {
  const explained = explainEnrolment(snapshot, plan, enrolment, now, detailOf);
  const { doing } = explained;
  switch (doing.kind) {
    case 'waits':
      return { ...explained, until: doing.until, waitsFor: null };
    case 'waits-for': {
      const names = doing.signals.map(({ signal }) => (isCondition(signal) ? 'a condition' : interestKey(signal)));
      return { ...explained, until: doing.until, waitsFor: names.join(', ') };
    }
    default:
      return { ...explained, until: null, waitsFor: null };
  }
}

interface Kept {
  readonly version: number;
  readonly pause: Pause | null;
}

async function readKept(queryable: Queryable, ids: readonly string[]): Promise<Map<string, Kept>> {
  if (ids.length === 0) return new Map();
  const rows = await queryable.query<{
    id: string;
    version: number;
    byHand: Instant | null;
    until: Instant | null;
    sequencePausedAt: Instant | null;
    resumed: boolean | null;
  }>(sql`
    SELECT enrolment.id, version.version, enrolment.paused_at AS "byHand", enrolment.paused_until AS until, pause."sequencePausedAt", pause.resumed
    FROM enrolment JOIN definition_version AS version ON version.id = enrolment.sequence_version_id
    CROSS JOIN LATERAL (
      SELECT min(paused_at) AS "sequencePausedAt", bool_and(resumed_at IS NOT NULL) AS resumed FROM sequence_pause
      WHERE sequence_key = enrolment.sequence_key AND released_at IS NULL AND sequence_pause.id > enrolment.released_pause
        AND (resumed_at IS NULL OR enrolment.started_at < resumed_at)) AS pause
    WHERE enrolment.id = ANY(${ids}::uuid[])`);
  return new Map(
    rows.map(({ id, version, byHand, until, sequencePausedAt, resumed }): [string, Kept] => {
      if (byHand !== null && until !== null) return [id, { version, pause: { by: 'reply', since: byHand, until } }];
      if (byHand !== null) return [id, { version, pause: { by: 'hand', since: byHand } }];
      if (sequencePausedAt === null) return [id, { version, pause: null }];
      return [id, { version, pause: { by: resumed ? 'resuming' : 'sequence', since: sequencePausedAt } }];
    }),
  );
}
