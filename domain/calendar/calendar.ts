import { countryOf } from './country.ts';
import { mainZone } from './country-zones.ts';
import { postcodeRegions } from './postcode-regions.ts';
import { meaningOf, normalisePostcode } from './postcode-table.ts';
import { postcodeZones } from './postcode-zones.ts';
import { regionOf } from './region.ts';
import { zoneOfRegion } from './region-zones.ts';
import { isKnownZone } from './zone-spells.ts';

/** Where a person lives, as it was stated: any of it may be unknown, misspelt or in another language. */
export interface Residence {
  readonly timeZone: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly postcode: string | null;
}

/** Whose clock and whose public holidays count for a person. */
export interface Calendar {
  /** An IANA zone that this runtime knows. */
  readonly zone: string;
  readonly zoneFrom: 'stated' | 'postcode' | 'country' | 'installation';
  /** ISO 3166-1 alpha-2; null: no public holiday is known. */
  readonly country: string | null;
  /** As the library of holidays names it (`BY`); null: only holidays of the whole country. */
  readonly region: string | null;
}

/** The calendar of those who stated nothing. */
export interface InstallationCalendar {
  /** A valid IANA zone. */
  readonly timeZone: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  readonly region: string | null;
}

/**
 * The calendar of a person. The zone is the stated one; else that of the postcode, where the country has several; else
 * that of the stated region or of most of the country's people; else the installation's. The region is the stated one,
 * else the postcode's. A region or postcode stated without a country is read as one of the installation's country, where
 * it fits there; whatever is stated and does not fit leaves the country unknown, for a wrong country has wrong holidays.
 */
export function calendarOf(residence: Residence, installation: InstallationCalendar): Calendar {
  const stated: Residence = {
    timeZone: zoneOrNull(residence.timeZone),
    country: textOrNull(residence.country),
    region: textOrNull(residence.region),
    postcode: textOrNull(residence.postcode),
  };
  if (stated.country !== null) return calendarIn(countryOf(stated.country), stated, installation);
  const { country } = installation;
  if (country === null || !fits(country, stated, installation.timeZone)) return calendarIn(null, stated, installation);
  const calendar = calendarIn(country, stated, installation);
  const isZoneOfRegion = calendar.region !== null && zoneOfRegion(country, calendar.region) !== null;
  return {
    ...calendar,
    // Nobody said where in the country: that is as the installation has it.
    ...(calendar.zoneFrom === 'country' &&
      !isZoneOfRegion && { zone: installation.timeZone, zoneFrom: 'installation' }),
    region: stated.region === null && stated.postcode === null ? installation.region : calendar.region,
  };
}

/** Whether all that is stated, but for a country, may be of `country`, whose people keep `timeZone`. */
function fits(country: string, { timeZone: zone, region, postcode }: Residence, timeZone: string): boolean {
  if (zone !== null && zone !== timeZone) return false;
  if (region !== null && regionOf(country, region) === null) return false;
  const table = postcodeRegions[country] ?? postcodeZones[country];
  return postcode === null || table === undefined || normalisePostcode(table, postcode) !== null;
}

function calendarIn(country: string | null, stated: Residence, installation: InstallationCalendar): Calendar {
  const region = country === null ? null : regionIn(country, stated);
  return { ...zoneIn(country, region, stated, installation), country, region };
}

function regionIn(country: string, { region, postcode }: Residence): string | null {
  const table = postcodeRegions[country];
  return (
    (region === null ? null : regionOf(country, region)) ??
    (postcode === null || table === undefined ? null : meaningOf(table, postcode))
  );
}

function zoneIn(
  country: string | null,
  region: string | null,
  { timeZone, postcode }: Residence,
  installation: InstallationCalendar,
): Pick<Calendar, 'zone' | 'zoneFrom'> {
  if (timeZone !== null) return { zone: timeZone, zoneFrom: 'stated' };
  if (country === null) return { zone: installation.timeZone, zoneFrom: 'installation' };
  const table = postcodeZones[country];
  const ofPostcode = postcode === null || table === undefined ? null : meaningOf(table, postcode);
  if (ofPostcode !== null) return { zone: ofPostcode, zoneFrom: 'postcode' };
  const ofCountry = (region === null ? null : zoneOfRegion(country, region)) ?? mainZone(country);
  if (ofCountry !== null) return { zone: ofCountry, zoneFrom: 'country' };
  return { zone: installation.timeZone, zoneFrom: 'installation' };
}

function textOrNull(text: string | null): string | null {
  return text === null || text.trim() === '' ? null : text;
}

function zoneOrNull(text: string | null): string | null {
  const zone = text === null ? null : text.trim();
  return zone !== null && isKnownZone(zone) ? zone : null;
}
