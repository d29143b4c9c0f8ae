import { z } from 'zod';
import { conditionSchema } from '../conditions/condition.ts';
import { mailPurposeSchema } from '../consent/mail-purpose.ts';
import { definitionKeySchema } from '../definition/definition.ts';
import { durationSchema, type Instant } from '../instant.ts';
import type { Sequence } from '../sequence/definition.ts';
import { mailingTimeSchema } from './mailing-time.ts';

/** One mail to many people at an instant: a newsletter. */
export const mailingSchema = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  /** The consent purpose under which it goes. */
  purpose: mailPurposeSchema,
  template: definitionKeySchema,
  /** Whom it is for, asked when its time comes. Without: everybody in its stages. Nobody gets it without consent. */
  audience: conditionSchema.optional(),
  /** Leads in one of these stages only. */
  stages: z
    .array(z.enum(['lead', 'customer']))
    .min(1)
    .default(['lead', 'customer']),
  /** When it goes. Without: when somebody schedules it. */
  at: mailingTimeSchema.optional(),
  /** How long after its time the mail may be delayed (by a cap, sales, a night) before it is dropped, on record. */
  deadline: durationSchema.default({ days: 2 }),
  /** 0 to 100: whose mail goes first where a sequence wants to write to the same person. */
  priority: z.number().int('must be a whole number').min(0).max(100).default(50),
});

export type Mailing = z.infer<typeof mailingSchema>;

/** What enrolments in a mailing are kept under. No sequence can be called so: keys have no dots. */
export function mailingSequenceKey(key: string): string {
  return `mailing.${key}`;
}

/** The mailing that enrolments under `sequenceKey` are in; null: it is a sequence. */
export function mailingOf(sequenceKey: string): string | null {
  return sequenceKey.startsWith('mailing.') ? sequenceKey.slice('mailing.'.length) : null;
}

const WAIT = 'its-time';
const MAIL = 'mail';

/**
 * The sequence that a mailing is lived as, so that plan, gate, caps, arbitration and content ledger are those of every
 * mail. Where its time is by each lead's own clock, the enrolment is made before it begins: its first step is entered at the
 * lead's own instant, and its length is nothing.
 */
export function asSequence({ key, name, purpose, stages, template, deadline, priority }: Mailing): Sequence {
  return {
    key: mailingSequenceKey(key),
    name,
    purpose,
    stages,
    entry: [],
    entryWithin: { days: 7 },
    reentry: 'never',
    goal: [],
    exits: [],
    priority,
    streams: [],
    steps: [
      { id: WAIT, kind: 'wait', for: {} },
      { id: MAIL, kind: 'send', template, deadline },
    ],
  };
}

/** Where an enrolment begins whose mail is due at `instant`. */
export function firstStep(instant: Instant, now: Instant): string {
  return instant > now ? WAIT : MAIL;
}
