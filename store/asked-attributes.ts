import type { Condition } from '../domain/conditions/condition.ts';
import { attributesIn } from '../domain/conditions/leaves.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import { needsOf } from '../domain/sequence/needs.ts';
import type { Queryable } from './database.ts';
import { loadLiveDefinitions, loadSequenceVersions } from './load-live-definitions.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { sql } from './sql.ts';

/**
 * The names of attributes, of leads or of companies, that a standing may depend on: those that a live model or a shadow
 * asks for, and those that conclusions are made from; and of companies those that a sequence asks for, be it live or
 * an older version that leads are in. What changes any other leaves every score as it is, and websites tell of traits
 * that change all the time.
 */
export async function askedAttributes(queryable: Queryable): Promise<{
  readonly lead: ReadonlySet<string>;
  readonly account: ReadonlySet<string>;
}> {
  const { models, shadows, sequences } = await loadLiveDefinitions(queryable);
  const vocabulary = await loadVocabulary(queryable);
  const conditions: Condition[] = [
    ...[...models, ...shadows].flatMap(({ definition: { profile, rules } }) => [
      ...[...(profile?.criteria ?? []), ...(profile?.caps ?? [])].map(({ when }) => when),
      ...rules.flatMap((rule) => ('when' in rule && rule.when !== undefined ? [rule.when] : [])),
    ]),
    ...[vocabulary.lead, vocabulary.account].flatMap((declared) =>
      [...declared.values()].flatMap(({ infer }) => infer.map(({ when }) => when)),
    ),
  ];
  const asked = conditions.map(attributesIn);
  // What is told of a company is no interaction of its leads': their plans hear of it by being scored anew.
  const inForce = [...sequences.map(({ definition }) => definition), ...(await runningSequences(queryable))];
  const bySequences = inForce.flatMap((sequence) => needsOf(sequence).conditions.map(attributesIn));
  return {
    lead: new Set(asked.flatMap(({ lead }) => lead)),
    account: new Set([...asked, ...bySequences].flatMap(({ account }) => account)),
  };
}

/** The versions that leads are in: each stays on the one it entered with. */
async function runningSequences(queryable: Queryable): Promise<Sequence[]> {
  const rows = await queryable.query<{ versionId: number }>(sql`
    SELECT id AS "versionId" FROM definition_version AS version
    WHERE kind IN ('sequence', 'mailing')
      AND EXISTS (SELECT FROM enrolment WHERE sequence_version_id = version.id AND state IN ('entering', 'active'))`);
  const ids = rows.map(({ versionId }) => versionId);
  const sequenceOf = await loadSequenceVersions(queryable, ids);
  return ids.map(sequenceOf);
}
