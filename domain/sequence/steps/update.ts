import { z } from 'zod';
import { attributeNameSchema } from '../../attributes/definition.ts';
import { definitionKeySchema } from '../../definition/definition.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';

const schema = z
  .strictObject({
    ...stepFields,
    kind: z.literal('update'),
    /** Attributes of the lead, by name; null: not known any more. */
    set: z
      .record(
        attributeNameSchema,
        z.union([z.string().max(500), z.number(), z.boolean(), z.null()], {
          error: 'must be a text, a number, true, false or null',
        }),
      )
      .default({}),
    addTags: z.array(definitionKeySchema).max(50).default([]),
    removeTags: z.array(definitionKeySchema).max(50).default([]),
  })
  .superRefine(({ set, addTags, removeTags }, context) => {
    if (Object.keys(set).length + addTags.length + removeTags.length === 0)
      context.addIssue({ code: 'custom', message: 'changes nothing: add set, addTags or removeTags' });
    for (const [index, tag] of removeTags.entries())
      if (addTags.includes(tag))
        context.addIssue({ code: 'custom', path: ['removeTags', index], message: `"${tag}" is added too: keep one` });
  });

export type UpdateStep = z.infer<typeof schema>;

/** The attribute that a tag is: true where the lead has it. Conditions ask `{ lead: tag.vip, is: true }`. */
export function tagAttribute(tag: string): string {
  return `tag.${tag}`;
}

/** Records something about the lead, as a statement of the sequence's. */
export const update: StepKind<UpdateStep> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: () => [],
  pass({ set, addTags, removeTags }, at) {
    const tags = [
      ...addTags.map((tag) => [tagAttribute(tag), true]),
      ...removeTags.map((tag) => [tagAttribute(tag), false]),
    ];
    const values = { ...set, ...Object.fromEntries(tags) };
    return { kind: 'passed', at: at.stepEnteredAt, effect: { kind: 'record', values } };
  },
};
