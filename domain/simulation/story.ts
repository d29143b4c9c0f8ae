import { z } from 'zod';
import { attributeNameSchema } from '../attributes/definition.ts';
import { definitionKeySchema, isTimeZone } from '../definition/definition.ts';
import { durationMs, durationSchema, type Instant } from '../instant.ts';
import type { Happening } from './happening.ts';
import type { Behaviour } from './lead-life.ts';
import { instantOf } from './local-words.ts';
import type { NewLead } from './subject.ts';
import type { World } from './world.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const values = z.record(attributeNameSchema, z.union([scalar, z.null()]));
/** By the story's clock, or with a zone of its own. */
const localSchema = z
  .string({ error: 'must be a time such as "2027-03-02T09:00", in quotes' })
  .regex(
    /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/,
    'must be a time such as "2027-03-02T09:00", or a day such as "2027-03-02"',
  )
  .refine((text) => instantOf(text, 'UTC') !== null, 'is no date of the calendar');

const WAYS = [
  'event',
  'opens',
  'clicks',
  'unsubscribes',
  'answers',
  'tells',
  'consents',
  'withdraws',
  'enrols',
  'sales',
] as const;

const eventSchema = z
  .strictObject({
    /** After the beginning of the story … */
    after: durationSchema.optional(),
    /** … at this time … */
    at: localSchema.optional(),
    /** … or after the mail that is opened, clicked in, unsubscribed by or answered was sent. */
    afterMail: durationSchema.optional(),
    /** Something that the website sees. */
    event: z.string().trim().min(1).max(200).optional(),
    kind: z.enum(['track', 'page', 'identify'], { error: 'must be track, page or identify' }).optional(),
    properties: z.record(z.string(), scalar).optional(),
    /** When it was done, where Tend hears of it later. */
    occurred: localSchema.optional(),
    /** The mail with this template. */
    opens: definitionKeySchema.optional(),
    clicks: definitionKeySchema.optional(),
    url: z.string().max(2_000).optional(),
    unsubscribes: definitionKeySchema.optional(),
    answers: definitionKeySchema.optional(),
    with: scalar.optional(),
    /** Attributes that the lead tells in a form; or who else tells them. */
    tells: values.optional(),
    by: z.enum(['form', 'website', 'rep', 'api', 'import', 'agency']).optional(),
    /** A purpose, such as newsletter. */
    consents: definitionKeySchema.optional(),
    withdraws: definitionKeySchema.optional(),
    /** By hand, in this sequence. */
    enrols: definitionKeySchema.optional(),
    /** What sales does. */
    sales: z.enum(['accepts', 'won', 'lost', 'recycled', 'rejected']).optional(),
  })
  .superRefine((event, context) => {
    const problem = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', path, message });
    if (WAYS.filter((way) => event[way] !== undefined).length !== 1) problem(`needs one of ${WAYS.join(', ')}`);
    const times = [event.after, event.at, event.afterMail].filter((time) => time !== undefined).length;
    if (times !== 1)
      problem(
        'needs a time: after: { days: 1 } from the beginning on, at: "2027-03-02T09:00", or afterMail: { hours: 2 }',
      );
    if (event.afterMail !== undefined && mailOfEvent(event) === undefined)
      problem('is for opens, clicks, unsubscribes and answers', ['afterMail']);
    if (event.answers !== undefined && event.with === undefined) problem('needs what is answered', ['with']);
  });

type StoryEvent = z.infer<typeof eventSchema>;

/** One lead, told exactly: what it does, and what must come of it. */
export const storySchema = z.strictObject({
  name: z.string().trim().min(1).max(300),
  /** When it begins. Default: the test's start, at 09:00. */
  starts: localSchema.optional(),
  lead: z
    .strictObject({
      attributes: values.default({}),
      timeZone: z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin').optional(),
      /** What it has consented to before. Default: the purposes of all sequences. */
      consents: z.array(definitionKeySchema).optional(),
      promise: z.strictObject({ max: z.number().int().positive(), days: z.number().int().positive() }).optional(),
    })
    .default({ attributes: {} }),
  events: z.array(eventSchema).max(500).default([]),
  /** How long it is watched. Default: as long as the test. */
  days: z.number().int().min(1).max(3_660).optional(),
  /** All mails that it gets, in their order. */
  mails: z
    .array(
      z.strictObject({
        template: definitionKeySchema,
        /** To the minute, by the lead's clock. */
        at: localSchema.optional(),
        /** When it was due, where it had to wait. */
        due: localSchema.optional(),
      }),
    )
    .optional(),
  /** By sequence, how the lead's last pass through it ends. */
  ends: z.record(definitionKeySchema, z.enum(['completed', 'goal', 'left', 'running', 'turned-away'])).optional(),
  stage: z.enum(['lead', 'customer', 'disqualified']).optional(),
  /** How often it is offered to sales. */
  handoffs: z.number().int().min(0).optional(),
});

export type Story = z.infer<typeof storySchema>;

function mailOfEvent({ opens, clicks, unsubscribes, answers }: StoryEvent): string | undefined {
  return opens ?? clicks ?? unsubscribes ?? answers;
}

/** The lead of a story, its behaviour, and how long it is watched. */
export function leadOfStory(
  story: Story,
  world: World,
  test: { readonly start: Instant; readonly days: number },
): { readonly lead: NewLead; readonly behaviour: Behaviour; readonly until: Instant; readonly zone: string } {
  const zone = story.lead.timeZone ?? world.pacing.timeZone;
  const starts = story.starts === undefined ? null : instantOf(story.starts, zone);
  const arrivesAt = starts ?? test.start;
  const lead: NewLead = {
    number: 1,
    persona: story.name,
    id: `story ${story.name}`,
    arrivesAt,
    address: 'story@simulated.example',
    timeZone: story.lead.timeZone ?? null,
  };
  const purposes =
    story.lead.consents ?? [...new Set(world.sequences.map(({ definition }) => definition.purpose))].sort();
  const { promise, attributes } = story.lead;
  const happenings: Happening[] = purposes.map((purpose) => ({
    at: arrivesAt,
    kind: 'consent',
    action: 'granted',
    purpose,
    promise,
  }));
  if (Object.keys(attributes).length > 0)
    happenings.push({ at: arrivesAt, kind: 'told', of: 'lead', values: attributes, source: 'form' });
  const waiting = story.events.filter(({ afterMail }) => afterMail !== undefined);
  for (const event of story.events) {
    if (event.afterMail !== undefined) continue;
    const at = event.at === undefined ? null : instantOf(event.at, zone);
    happenings.push(happeningOf(event, at ?? arrivesAt + durationMs(event.after ?? {}), zone));
  }
  return {
    lead,
    until: arrivesAt + (story.days ?? test.days) * 86_400_000,
    zone,
    behaviour: {
      happenings,
      onMail(mail, now) {
        const due = waiting.filter((event) => mailOfEvent(event) === mail.template);
        for (const event of due) waiting.splice(waiting.indexOf(event), 1);
        return due.map((event) => happeningOf(event, now + durationMs(event.afterMail ?? {}), zone));
      },
    },
  };
}

function happeningOf(event: StoryEvent, at: Instant, zone: string): Happening {
  const { opens, clicks, url, unsubscribes, answers, tells, by = 'form', consents, withdraws, enrols, sales } = event;
  if (opens !== undefined) return { at, kind: 'reaction', reaction: 'opens', mail: opens };
  if (clicks !== undefined) return { at, kind: 'reaction', reaction: 'clicks', mail: clicks, url };
  if (unsubscribes !== undefined) return { at, kind: 'reaction', reaction: 'unsubscribes', mail: unsubscribes };
  if (answers !== undefined) return { at, kind: 'answer', mail: answers, value: event.with ?? null };
  if (tells !== undefined) return { at, kind: 'told', of: 'lead', values: tells, source: by };
  if (consents !== undefined) return { at, kind: 'consent', action: 'granted', purpose: consents };
  if (withdraws !== undefined) return { at, kind: 'consent', action: 'withdrawn', purpose: withdraws };
  if (enrols !== undefined) return { at, kind: 'enrol', sequence: enrols };
  if (sales === 'accepts') return { at, kind: 'accept' };
  if (sales !== undefined) return { at, kind: 'outcome', outcome: sales };
  const occurredAt = event.occurred === undefined ? undefined : (instantOf(event.occurred, zone) ?? undefined);
  return {
    at,
    kind: 'interaction',
    event: event.event ?? '',
    as: event.kind ?? 'track',
    properties: event.properties ?? {},
    occurredAt,
  };
}
