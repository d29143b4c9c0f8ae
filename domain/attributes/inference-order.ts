import { attributesIn } from '../conditions/leaves.ts';
import { type AttributeDefinition, attributeOwners } from './definition.ts';

/** `lead potential`, `account potential`: a person and a company may have attributes of one name. */
export const attributeKey = ({ of, name }: Pick<AttributeDefinition, 'of' | 'name'>) => `${of} ${name}`;

/** An attribute and which of its inferences asks for the next one of the cycle; the last asks for the first. */
export type InferenceCycle = readonly { readonly attribute: AttributeDefinition; readonly inference: number }[];

/** The first cycle among inferences (`need` concluded from `budget` and that from `need`), or null when there is none. */
export function findInferenceCycle(attributes: readonly AttributeDefinition[]): InferenceCycle | null {
  const byKey = new Map(attributes.map((attribute) => [attributeKey(attribute), attribute]));
  const done = new Set<AttributeDefinition>();
  const path: { readonly attribute: AttributeDefinition; inference: number }[] = [];

  function visit(attribute: AttributeDefinition): InferenceCycle | null {
    const start = path.findIndex((step) => step.attribute === attribute);
    if (start !== -1) return path.slice(start);
    if (done.has(attribute)) return null;
    const step = { attribute, inference: 0 };
    path.push(step);
    for (const [index, { when }] of attribute.infer.entries()) {
      step.inference = index;
      const used = attributesIn(when);
      for (const key of attributeOwners.flatMap((of) => used[of].map((name) => attributeKey({ of, name })))) {
        const next = byKey.get(key);
        const cycle = next === undefined ? null : visit(next);
        if (cycle !== null) return cycle;
      }
    }
    path.pop();
    done.add(attribute);
    return null;
  }

  for (const attribute of attributes) {
    const cycle = visit(attribute);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Where to mend a cycle among `attributes`, the path within them, and what is wrong. */
export function cycleProblem(
  cycle: InferenceCycle,
  attributes: readonly AttributeDefinition[],
): { readonly path: readonly (string | number)[]; readonly problem: string } {
  const mendable = Math.max(
    0,
    cycle.findIndex(({ attribute }) => attributes.includes(attribute)),
  );
  const steps = [...cycle.slice(mendable), ...cycle.slice(0, mendable + 1)];
  const [first] = steps;
  const path = first === undefined ? [] : [attributes.indexOf(first.attribute), 'infer', first.inference, 'when'];
  const names = steps.map(({ attribute }) => attribute.name).join(' from ');
  return {
    path,
    problem: `goes round in a circle (${names}): no attribute can rest on itself, so leave one of them out`,
  };
}
