import type { ScoreLeaf } from '../domain/conditions/leaf-schema.ts';
import { scoresIn } from '../domain/conditions/leaves.ts';
import { interestsOf } from '../domain/journey/plan-enrolment.ts';
import { needsOf } from '../domain/sequence/needs.ts';
import { conditionsAmong } from '../domain/sequence/signal.ts';
import type { Queryable } from './database.ts';
import { type LiveDefinitions, loadSequenceVersions } from './load-live-definitions.ts';
import type { EnrolmentOfLead } from './read-assessment.ts';

/** What may change a lead's plan besides what is scored: news of it needs a look. */
export interface PlanWatch {
  /** Interest keys of events. */
  readonly keys: ReadonlySet<string>;
  /** What conditions ask of scoring models. */
  readonly scores: readonly ScoreLeaf[];
  /** Leads come into a published sequence by a condition. */
  readonly entryConditions: boolean;
}

/** How to find what is watched of each lead: what its enrolments wait for, and what would bring it into a sequence. */
export async function planWatches(
  queryable: Queryable,
  { sequences }: LiveDefinitions,
  enrolments: ReadonlyMap<string, readonly EnrolmentOfLead[]>,
): Promise<(leadId: string) => PlanWatch> {
  const entry = sequences.flatMap(({ definition }) => conditionsAmong(definition.entry));
  const entryKeys = entry.flatMap(interestsOf);
  const entryScores = entry.flatMap(scoresIn);
  const askingScores = [...enrolments.values()].flat().filter(({ awaits }) => awaits.includes('score'));
  const sequenceOf = await loadSequenceVersions(
    queryable,
    askingScores.map(({ versionId }) => versionId),
  );
  return (leadId) => {
    const running = (enrolments.get(leadId) ?? []).filter(({ endedAt }) => endedAt === null);
    const asking = running.filter(({ awaits }) => awaits.includes('score'));
    const scores = asking.flatMap(({ versionId }) => needsOf(sequenceOf(versionId)).conditions.flatMap(scoresIn));
    return {
      keys: new Set([...entryKeys, ...running.flatMap(({ awaits }) => awaits)]),
      scores: [...entryScores, ...scores],
      entryConditions: entry.length > 0,
    };
  };
}
