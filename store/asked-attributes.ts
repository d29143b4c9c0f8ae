import type { Condition } from '../domain/conditions/condition.ts';
import { attributesIn } from '../domain/conditions/leaves.ts';
import { needsOf } from '../domain/sequence/needs.ts';
import type { Queryable } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { loadVocabulary } from './load-vocabulary.ts';

/**
 * The names of attributes, of leads or of companies, that a standing may depend on: those that a live model or a shadow
 * asks for, and those that conclusions are made from; and of companies those that a live sequence asks for. What changes
 * any other leaves every score as it is, and websites tell of traits that change all the time.
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
  const bySequences = sequences.flatMap(({ definition }) => needsOf(definition).conditions.map(attributesIn));
  return {
    lead: new Set(asked.flatMap(({ lead }) => lead)),
    account: new Set([...asked, ...bySequences].flatMap(({ account }) => account)),
  };
}
