import { z } from 'zod';
import { dateAt } from '../calendar/next-occurrence.ts';
import { isTimeZone } from '../definition/definition.ts';
import type { Instant } from '../instant.ts';
import { minutesOf } from '../pacing/time-of-week.ts';

/**
 * When a mailing goes: one instant for everybody (`2026-12-01T10:00+01:00`, or date and time with a zone), or a date and
 * time by each lead's own clock.
 */
export type MailingTime = string | { readonly date: string; readonly time: string; readonly zone?: string | undefined };

const INSTANT = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

const instantSchema = z
  .string()
  .regex(INSTANT, { error: 'must be an instant with its zone, such as 2026-12-01T10:00+01:00', abort: true })
  .refine((text) => isDate(text.slice(0, 10)), 'names a day that the calendar does not have');

const dateSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'must be a date such as 2026-12-01', abort: true })
  .refine(isDate, 'names a day that the calendar does not have');

const timeSchema = z
  .string({ error: 'must be a time of day such as "10:00", in quotes' })
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "10:00"');

export const mailingTimeSchema: z.ZodType<MailingTime> = z.union(
  [
    instantSchema,
    z.strictObject({
      date: dateSchema,
      time: timeSchema,
      /** By the clock of this zone, for everybody. Without it: by each lead's own. */
      zone: z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin').optional(),
    }),
  ],
  {
    error:
      'must be an instant with its zone, such as 2026-12-01T10:00+01:00, or { date: 2026-12-01, time: "10:00" } by each lead\'s own clock, with zone: Europe/Berlin by that one',
  },
);

/** It goes by each lead's own clock. */
export function isByOwnClock(time: MailingTime): boolean {
  return typeof time !== 'string' && time.zone === undefined;
}

/** The instant that `time` is for a lead in `zone`. */
export function instantIn(time: MailingTime, zone: string): Instant {
  if (typeof time === 'string') return Date.parse(time);
  const [year = 0, month = 0, day = 0] = time.date.split('-').map(Number);
  return dateAt({ year, month, day }, 0, minutesOf(time.time), time.zone ?? zone);
}

/** Where on earth it is this time first, and where last. */
const FIRST_ZONE = 'Pacific/Kiritimati';
const LAST_ZONE = 'Etc/GMT+12';

/** The instant at which it is `time` for the first people: from then on the mailing is under way. */
export function beginsAt(time: MailingTime): Instant {
  return instantIn(time, FIRST_ZONE);
}

/** The instant at which it is `time` for the last people. */
export function endsAt(time: MailingTime): Instant {
  return instantIn(time, LAST_ZONE);
}

function isDate(text: string): boolean {
  const instant = Date.parse(`${text}T00:00Z`);
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text);
}
