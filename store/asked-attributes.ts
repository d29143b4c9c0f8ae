import type { Condition } from '../domain/conditions/condition.ts';
import { attributesIn } from '../domain/conditions/leaves.ts';
import type { Queryable } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { loadVocabulary } from './load-vocabulary.ts';

/**
 * The names of attributes, of leads or of companies, that a standing may depend on: those that a live model or a shadow
 * asks for, and those that conclusions are made from. What changes any other leaves every score as it is, and websites
 * tell of traits that change all the time.
 */
export async function askedAttributes(queryable: Queryable): Promise<{
  readonly lead: ReadonlySet<string>;
  readonly account: ReadonlySet<string>;
}> {
  const { models, shadows } = await loadLiveDefinitions(queryable);
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
  return {
    lead: new Set(asked.flatMap(({ lead }) => lead)),
    account: new Set(asked.flatMap(({ account }) => account)),
  };
}
