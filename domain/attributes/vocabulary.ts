import type { FieldProblem } from '../errors.ts';
import { durationMs } from '../instant.ts';
import type { AttributeDefinition, AttributeOwner, AttributeSet } from './definition.ts';
import { attributeKey, cycleProblem, findInferenceCycle } from './inference-order.ts';
import { defaultSourceOrder, ranksOf, type SourceRanks } from './source-order.ts';

/** An attribute as resolving wants it. */
export interface DeclaredAttribute extends AttributeDefinition {
  readonly ranks: SourceRanks;
  readonly validForMs: number | null;
}

/** Every attribute that the installation knows, by name: all live sets together. */
export type Vocabulary = { readonly [Owner in AttributeOwner]: ReadonlyMap<string, DeclaredAttribute> };

export const emptyVocabulary: Vocabulary = { lead: new Map(), account: new Map() };

/** The vocabulary of sets that do not contradict each other (`setProblems`). */
export function createVocabulary(sets: readonly AttributeSet[]): Vocabulary {
  const vocabulary = { lead: new Map<string, DeclaredAttribute>(), account: new Map<string, DeclaredAttribute>() };
  for (const attribute of sets.flatMap(({ attributes }) => attributes)) {
    const { of, name, sources, validFor } = attribute;
    vocabulary[of].set(name, {
      ...attribute,
      ranks: ranksOf(sources ?? defaultSourceOrder),
      validForMs: validFor === undefined ? null : durationMs(validFor),
    });
  }
  return vocabulary;
}

/** Why `set` cannot be live beside `others`: a name that one of them has, a conclusion that goes round in a circle. */
export function setProblems(set: AttributeSet, others: readonly AttributeSet[]): FieldProblem[] {
  const owners = new Map(
    others.flatMap(({ key, attributes }) => attributes.map((attribute) => [attributeKey(attribute), key] as const)),
  );
  const problems = set.attributes.flatMap((attribute, index): FieldProblem[] => {
    const owner = owners.get(attributeKey(attribute));
    if (owner === undefined) return [];
    const problem = `"${attribute.name}" of the ${attribute.of} stands in the attributes "${owner}" already: take it out here or there`;
    return [{ path: `attributes.${index}.name`, problem }];
  });
  if (problems.length > 0) return problems;
  const cycle = findInferenceCycle([...set.attributes, ...others.flatMap(({ attributes }) => attributes)]);
  if (cycle === null) return [];
  // What the others have among themselves was refused before: the circle leads through this set.
  const { path, problem } = cycleProblem(cycle, set.attributes);
  return [{ path: ['attributes', ...path].join('.'), problem }];
}
