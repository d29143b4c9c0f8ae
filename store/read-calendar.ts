import type { KnownOverTime } from '../domain/attributes/history.ts';
import { type Calendar, calendarOf } from '../domain/calendar/calendar.ts';
import { residenceOf } from '../domain/calendar/residence.ts';
import type { Instant } from '../domain/instant.ts';
import type { PacingPolicy } from '../domain/pacing/policy.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** By which clock and which holidays a lead lives, as far as is known at `now`. */
export async function readCalendar(
  queryable: Queryable,
  leadId: string,
  policy: PacingPolicy,
  attributes: KnownOverTime,
  now: Instant,
): Promise<Calendar> {
  const [lead] = await queryable.query<{ timeZone: string | null }>(sql`
    SELECT time_zone AS "timeZone" FROM lead WHERE id = ${leadId}::uuid`);
  const { lead: known } = attributes.factsAt(now);
  const { timeZone, country, region } = policy;
  const installation = { timeZone, country: country ?? null, region: region ?? null };
  return calendarOf(residenceOf(lead?.timeZone ?? null, known), installation);
}
