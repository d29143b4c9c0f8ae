import { z } from 'zod';
import { LONGEST_ATTRIBUTE_NAME } from '../../attributes/definition.ts';
import { addBusinessDays } from '../../calendar/business-days.ts';
import { dateAt, nextWeekdayAt, yearlyOccurrence } from '../../calendar/next-occurrence.ts';
import { oneOf, problemsOf } from '../../conditions/one-of.ts';
import { durationMs, durationSchema, type Instant } from '../../instant.ts';
import { ATTRIBUTES_RECORDED } from '../../interaction/interaction.ts';
import { minutesOf, weekdaySchema, weekdays } from '../../pacing/time-of-week.ts';
import { type DateOfYear, dateOfYearIn } from '../date-of-year.ts';
import type { Position, StepContext, StepKind, Watched } from '../step-kind.ts';
import { NOTHING_WATCHED } from '../step-kind.ts';
import { ambiguousTarget, stepFields, targetSchema, timeOfDaySchema } from './fields.ts';

const untilTimeSchema = z.strictObject({
  weekdays: z.array(weekdaySchema).min(1).optional(),
  at: timeOfDaySchema,
});

const untilDateSchema = z.strictObject({
  /** An attribute of the lead that is a date, such as birthday. */
  date: z.string().min(1).max(LONGEST_ATTRIBUTE_NAME),
  /** Each year, as a birthday, not on that one date. */
  yearly: z.boolean().default(false),
  /** Days after (before, where negative) the date. */
  plusDays: z.number().int('must be a whole number of days').min(-3_660).max(3_660).default(0),
  at: timeOfDaySchema.default('09:00'),
  /** Where to go on when the date is not known: `next`, `end` or a later step. */
  ifUnknown: targetSchema.default('next'),
});

const untilSchema = oneOf(z.union([untilTimeSchema, untilDateSchema]), (input) => {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return [
      {
        path: [],
        message:
          'must be a time of day, such as { weekdays: [tue], at: "09:00" }, or a date, such as { date: birthday, yearly: true }',
      },
    ];
  return problemsOf('date' in input ? untilDateSchema : untilTimeSchema, input);
});

const schema = z
  .strictObject({
    ...stepFields,
    kind: z.literal('wait'),
    for: durationSchema.optional(),
    /** Monday to Friday without public holidays, by the lead's calendar. */
    businessDays: z.number().int('must be a whole number').min(1).max(365).optional(),
    until: untilSchema.optional(),
  })
  .refine(
    (step) => [step.for, step.businessDays, step.until].filter((way) => way !== undefined).length === 1,
    'needs one of for, businessDays and until',
  );

export type WaitStep = z.infer<typeof schema>;

/** A pause: for a while, for some business days, until a time of the week, or until a date that is known of the lead. */
export const wait: StepKind<WaitStep> = {
  schema,
  takesTime: true,
  goesOn: () => true,
  targets({ until }) {
    if (until === undefined || !('date' in until) || until.ifUnknown === 'next') return [];
    return [{ path: ['until', 'ifUnknown'], to: until.ifUnknown }];
  },
  watches,
  problems: ({ until }, steps) =>
    until === undefined || !('date' in until) ? [] : ambiguousTarget(['until', 'ifUnknown'], until.ifUnknown, steps),
  pass(step, at, context) {
    const end = endOf(step, at, context);
    if (end === 'unknown') {
      const { until } = step;
      const to = until === undefined || !('date' in until) || until.ifUnknown === 'next' ? undefined : until.ifUnknown;
      return { kind: 'passed', at: since(at, context), to, outcome: 'date-unknown' };
    }
    // A date that lies back when it is told lets go when it is told, and takes nobody back in time.
    if (context.now >= end) return { kind: 'passed', at: Math.max(end, at.stepEnteredAt, saidAt(step, context)) };
    return { kind: 'waits', until: end, watched: watches(step) };
  },
};

/** When the date that is waited for was told; the beginning of time where none is. */
function saidAt({ until }: WaitStep, { facts, now }: StepContext): Instant {
  if (until === undefined || !('date' in until)) return 0;
  return Math.min(now, facts.lead(until.date)?.at ?? 0);
}

/** Since when there is no date to wait for: from the beginning of the step, or, where it was taken back meanwhile, now. */
function since({ stepEnteredAt }: Position, { now, stoodHere }: StepContext): Instant {
  return stoodHere ? Math.max(now, stepEnteredAt) : stepEnteredAt;
}

/** A date that is told anew while it is waited for changes the wait. */
function watches({ until }: WaitStep): Watched {
  if (until === undefined || !('date' in until)) return NOTHING_WATCHED;
  return { ...NOTHING_WATCHED, events: [{ event: ATTRIBUTES_RECORDED }] };
}

function endOf(step: WaitStep, at: Position, { calendar, facts }: StepContext): Instant | 'unknown' {
  const from = at.stepEnteredAt;
  if (step.for !== undefined) return from + durationMs(step.for);
  if (step.businessDays !== undefined) return addBusinessDays(from, step.businessDays, calendar);
  const { until } = step;
  if (until === undefined) return from;
  const minute = minutesOf(until.at);
  // Who comes round to it at the very instant that it waited for waits for the next one: else a loop would take no time.
  const first = at.visit > 1 ? from + 1 : from;
  if (!('date' in until)) {
    const days = (until.weekdays ?? weekdays).map((day) => weekdays.indexOf(day) + 1);
    return nextWeekdayAt(first, days, minute, calendar.zone);
  }
  const date = dateOfYearIn(facts.lead(until.date)?.value ?? null);
  if (date === null) return 'unknown';
  const { plusDays } = until;
  if (until.yearly) return yearlyOccurrence(date, plusDays, minute, calendar.zone, first);
  return hasYear(date) ? dateAt(date, plusDays, minute, calendar.zone) : 'unknown';
}

function hasYear(date: DateOfYear): date is DateOfYear & { readonly year: number } {
  return date.year !== null;
}
