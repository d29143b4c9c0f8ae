import { z } from 'zod';
import { definitionKeySchema, uniqueBy } from '../definition/definition.ts';
import { durationSchema } from '../instant.ts';
import { eventMatchSchema } from '../interaction/event-match.ts';

const stepId = definitionKeySchema;

/** One mail. */
const sendStepSchema = z.strictObject({
  id: stepId,
  kind: z.literal('send'),
  template: definitionKeySchema,
  /** How long the mail may be delayed before it is dropped, on record. */
  deadline: durationSchema.default({ days: 14 }),
});

/** A pause. */
const waitStepSchema = z.strictObject({ id: stepId, kind: z.literal('wait'), for: durationSchema });

/** Waits until an event occurs in this enrolment, at most until the timeout. */
const waitForStepSchema = z.strictObject({
  id: stepId,
  kind: z.literal('waitFor'),
  event: eventMatchSchema,
  timeout: durationSchema,
  /** Where to go on when the event occurred / when time ran out: a later step's id or `end`. Default: the next step. */
  onEvent: z.string().optional(),
  onTimeout: z.string().optional(),
});

export const stepSchema = z.discriminatedUnion('kind', [sendStepSchema, waitStepSchema, waitForStepSchema]);

/** Who gets which mail, when, until what. */
export const sequenceSchema = z
  .strictObject({
    key: definitionKeySchema,
    name: z.string().trim().min(1).max(200),
    /** The consent purpose under which its mails go. */
    purpose: definitionKeySchema,
    /** Leads in one of these stages only; a lead that leaves them leaves the sequence. */
    stages: z
      .array(z.enum(['lead', 'customer']))
      .min(1)
      .default(['lead']),
    /** Events that enrol a lead. Without one, leads come in by the API. */
    entry: z.array(eventMatchSchema).max(50).default([]),
    /** An entry event older than this, when it arrives, enrols nobody: an import of years must not mail thousands. */
    entryWithin: durationSchema.default({ days: 7 }),
    reentry: z.enum(['never', 'after-end']).default('never'),
    steps: z.array(stepSchema).min(1).max(500).superRefine(uniqueBy('id')),
  })
  .superRefine((sequence, context) => {
    const place = new Map(sequence.steps.map((step, index) => [step.id, index]));
    sequence.steps.forEach((step, index) => {
      if (step.id === END) {
        context.addIssue({
          code: 'custom',
          path: ['steps', index, 'id'],
          message: '"end" means the end of the sequence: take another id',
        });
      }
      if (step.kind !== 'waitFor') return;
      for (const branch of ['onEvent', 'onTimeout'] as const) {
        const target = step[branch];
        if (target === undefined || target === END) continue;
        const targetPlace = place.get(target);
        const path = ['steps', index, branch];
        if (targetPlace === undefined)
          context.addIssue({ code: 'custom', path, message: `there is no step "${target}"` });
        else if (targetPlace <= index)
          context.addIssue({
            code: 'custom',
            path,
            message: `"${target}" is not a later step: a sequence only goes forward`,
          });
      }
    });
  });

export const END = 'end';
export type Sequence = z.infer<typeof sequenceSchema>;
export type Step = z.infer<typeof stepSchema>;
