import type { Json } from '../domain/interaction/interaction.ts';

/** What of a JSON Schema says in which order its fields are written. */
interface Shape {
  readonly $ref?: string;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
  readonly properties?: { readonly [name: string]: Shape };
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly const?: Json;
}

/**
 * `value` with the fields of each object in the order of `schema` (JSON Schema): PostgreSQL keeps documents in an order of
 * its own, and people read a rule's id before its limit. Fields that the schema does not know come last, by name.
 */
export function inSchemaOrder(value: Json, schema: object): Json {
  return ordered(value, [schema], schema);
}

function ordered(value: Json, shapes: readonly Shape[], root: Shape): Json {
  if (value === null || typeof value !== 'object') return value;
  const branches = shapes.flatMap((shape) => branchesOf(shape, root));
  if (Array.isArray(value)) {
    const items = branches.flatMap(({ items }) => (items === undefined ? [] : [items]));
    return value.map((item: Json) => ordered(item, items, root));
  }
  const fields = value as { readonly [name: string]: Json };
  const { properties = {}, additionalProperties } = bestFor(fields, branches);
  const rank = new Map(Object.keys(properties).map((name, index) => [name, index]));
  const place = (name: string) => rank.get(name) ?? rank.size;
  return Object.fromEntries(
    Object.entries(fields)
      .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
      .map(([name, item]) => {
        const shape = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
        return [name, ordered(item, typeof shape === 'object' ? [shape] : [], root)];
      }),
  );
}

/** What a schema allows, one by one. */
function branchesOf(shape: Shape, root: Shape): Shape[] {
  if (shape.$ref !== undefined) return branchesOf(referred(shape.$ref, root), root);
  const several = [...(shape.anyOf ?? []), ...(shape.oneOf ?? []), ...(shape.allOf ?? [])];
  const own = shape.properties !== undefined || shape.items !== undefined || shape.additionalProperties !== undefined;
  return [...(own ? [shape] : []), ...several.flatMap((one) => branchesOf(one, root))];
}

function referred(reference: string, root: Shape): Shape {
  let found: unknown = root;
  for (const part of reference.split('/').slice(1)) found = (found as { readonly [name: string]: unknown })[part];
  return found as Shape;
}

/** The branch that knows most of the fields, and says of none that it must be something else. */
function bestFor(fields: { readonly [name: string]: Json }, branches: readonly Shape[]): Shape {
  const known = ({ properties = {} }: Shape) =>
    Object.entries(fields).reduce((sum, [name, value]) => {
      const wanted = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (wanted === undefined) return sum;
      return wanted.const === undefined || wanted.const === value ? sum + 1 : sum - 100;
    }, 0);
  return [...branches].sort((a, b) => known(b) - known(a))[0] ?? {};
}
