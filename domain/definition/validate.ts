import type { z } from 'zod';
import type { AttributeSet } from '../attributes/definition.ts';
import { attributesSchema } from '../attributes/definition-schema.ts';
import { issueInWords } from '../conditions/issue-in-words.ts';
import type { ConsentPolicy } from '../consent/policy.ts';
import { consentPolicySchema } from '../consent/policy-schema.ts';
import { type FieldProblem, TendError } from '../errors.ts';
import { type Mailing, mailingSchema } from '../mailing/mailing.ts';
import type { PacingPolicy } from '../pacing/policy.ts';
import { pacingSchema } from '../pacing/policy-schema.ts';
import { type ScoringModel, scoringModelSchema } from '../scoring/model.ts';
import type { Sender } from '../sender/sender.ts';
import { senderSchema } from '../sender/sender-schema.ts';
import { type Sequence, sequenceSchema } from '../sequence/definition.ts';
import type { DefinitionKind } from './definition.ts';
import { type Layout, layoutSchema, type Partial, partialSchema } from './layout.ts';
import { type Template, templateSchema } from './template.ts';

export interface DefinitionContents {
  readonly scoring_model: ScoringModel;
  readonly sequence: Sequence;
  readonly template: Template;
  readonly attributes: AttributeSet;
  readonly pacing: PacingPolicy;
  readonly mailing: Mailing;
  readonly consent: ConsentPolicy;
  readonly sender: Sender;
  readonly layout: Layout;
  readonly partial: Partial;
}

/** How each kind is written. */
export const schemas: { readonly [K in DefinitionKind]: z.ZodType<DefinitionContents[K]> } = {
  scoring_model: scoringModelSchema,
  sequence: sequenceSchema,
  template: templateSchema,
  attributes: attributesSchema,
  pacing: pacingSchema,
  mailing: mailingSchema,
  consent: consentPolicySchema,
  sender: senderSchema,
  layout: layoutSchema,
  partial: partialSchema,
};

/** What a kind is called in sentences. */
export const KIND_NAMES: Readonly<Record<DefinitionKind, string>> = {
  scoring_model: 'scoring model',
  sequence: 'sequence',
  template: 'template',
  attributes: 'set of attributes',
  pacing: 'pacing policy',
  mailing: 'mailing',
  consent: 'consent policy',
  sender: 'sender',
  layout: 'layout',
  partial: 'partial',
};

/**
 * Validates a definition as a person wrote it and fills in its defaults. `key` is where it is to be stored; the content
 * may leave its own out, but must not name another.
 *
 * Throws `definition-invalid` with every problem found.
 */
export function validateDefinition<K extends DefinitionKind>(
  kind: K,
  key: string,
  content: unknown,
): DefinitionContents[K] {
  const keyed =
    typeof content === 'object' && content !== null && !Array.isArray(content) ? { key, ...content } : content;
  const parsed = schemas[kind].safeParse(keyed);
  const problems = parsed.success ? [] : fieldProblems(parsed.error);
  if (parsed.success && parsed.data.key !== key) {
    problems.push({
      path: 'key',
      problem: `is "${parsed.data.key}", but it is stored as "${key}": make them agree, or leave it out`,
    });
  }
  if (!parsed.success || problems.length > 0) {
    throw new TendError(
      'definition-invalid',
      `The ${KIND_NAMES[kind]} "${key}" is not valid: mend the fields named.`,
      problems,
    );
  }
  return parsed.data;
}

/** zod's issues as field problems: each with its dotted path. */
export function fieldProblems(error: z.ZodError): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((name) => ({
        path: path === '' ? name : `${path}.${name}`,
        problem: 'is not a field here: leave it out, or check its spelling',
      }));
    }
    return [{ path, problem: issueInWords(issue) }];
  });
}
