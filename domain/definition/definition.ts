import { z } from 'zod';

/** What is kept as immutable versions with a draft and a live one. */
export const definitionKinds = [
  'scoring_model',
  'sequence',
  'template',
  'attributes',
  'pacing',
  'mailing',
  'consent',
  'sender',
  'layout',
  'partial',
] as const;
export type DefinitionKind = (typeof definitionKinds)[number];

/** The name of a definition, rule or step in files, addresses and reports. It stays the same over all versions. */
export const definitionKeySchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    'must be lower-case letters, digits and hyphens, at most 63, for example welcome-mail',
  );

/** True for an IANA zone name that this runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A zod refinement: no two items share their `property`; each repeated one is named with its place. */
export function uniqueBy<K extends string>(property: K) {
  return (items: readonly { readonly [key in K]: string }[], context: z.RefinementCtx): void => {
    const seen = new Set<string>();
    items.forEach((item, index) => {
      if (seen.has(item[property])) {
        context.addIssue({
          code: 'custom',
          path: [index, property],
          message: `"${item[property]}" is used twice: each needs its own`,
        });
      }
      seen.add(item[property]);
    });
  };
}
