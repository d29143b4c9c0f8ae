import { z } from 'zod';
import { issueInWords } from './issue-in-words.ts';

/** Something wrong in what a person wrote: where, and what would be right. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * A union that tells what is wrong with the option the author meant, where `z.union` alone would say "Invalid input".
 * `problemsIn` finds the problems before the union is tried; what it passes, the union must take. JSON Schema shows
 * the union.
 */
export function oneOf<T>(union: z.ZodType<T>, problemsIn: (input: unknown) => readonly Problem[]): z.ZodType<T> {
  return z.preprocess((input, context) => {
    for (const { path, message } of problemsIn(input)) context.addIssue({ code: 'custom', path: [...path], message });
    return input;
  }, union);
}

/** What `schema` finds wrong with `input`. */
export function problemsOf(schema: z.ZodType, input: unknown): readonly Problem[] {
  const issues = schema.safeParse(input).error?.issues ?? [];
  const misspelt = new Set(issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => path.join('.')));
  return issues.flatMap((issue): readonly Problem[] => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...path, key], message: UNKNOWN_FIELD }));
    // Where `atleast` was written, that `atLeast` is missing goes without saying.
    return issue.code === 'custom' && misspelt.has(path.join('.')) ? [] : [{ path, message: issueInWords(issue) }];
  });
}

export const UNKNOWN_FIELD = 'is not a field here: leave it out, or check its spelling';
