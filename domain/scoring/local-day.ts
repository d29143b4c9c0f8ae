import { IANAZone } from 'luxon';
import { DAY, type Instant, MINUTE } from '../instant.ts';

const zones = new Map<string, IANAZone>();

/** The number of the calendar day (days since 1970-01-01) that `instant` falls on in `timeZone`. */
export function localDay(instant: Instant, timeZone: string): number {
  let zone = zones.get(timeZone);
  if (zone === undefined) {
    zone = IANAZone.create(timeZone);
    zones.set(timeZone, zone);
  }
  return Math.floor((instant + zone.offset(instant) * MINUTE) / DAY);
}
