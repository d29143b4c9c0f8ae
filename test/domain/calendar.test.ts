import { describe, expect, it } from 'vitest';
import { addBusinessDays, isBusinessDay } from '../../domain/calendar/business-days.ts';
import { calendarOf, type Residence } from '../../domain/calendar/calendar.ts';
import { countryCodes, mainZone } from '../../domain/calendar/country-zones.ts';
import { holidayOn } from '../../domain/calendar/holidays.ts';
import {
  dateOf,
  dayOf,
  instantAt,
  localDay,
  minuteOfDay,
  startOfDay,
  weekdayOf,
} from '../../domain/calendar/local-time.ts';
import { dateAt, nextWeekdayAt, yearlyOccurrence } from '../../domain/calendar/next-occurrence.ts';
import { postcodeRegions } from '../../domain/calendar/postcode-regions.ts';
import { postcodeZones } from '../../domain/calendar/postcode-zones.ts';
import { isKnownZone } from '../../domain/calendar/zone-spells.ts';
import { HOUR } from '../../domain/instant.ts';

const at = (text: string) => Date.parse(text);
const day = (text: string) => at(`${text}T00:00Z`) / 86_400_000;
const iso = (instant: number) => new Date(instant).toISOString().replace(':00.000Z', 'Z');
const clock = (hours: number, minutes = 0) => hours * 60 + minutes;

describe('local time', () => {
  it('reads day and minute off the clocks of a zone', () => {
    expect(localDay(at('2026-11-24T23:30Z'), 'Europe/Berlin')).toBe(day('2026-11-25'));
    expect(minuteOfDay(at('2026-11-24T23:30:59Z'), 'Europe/Berlin')).toBe(30);
    expect(localDay(at('2026-11-25T04:59Z'), 'America/New_York')).toBe(day('2026-11-24'));
    expect(minuteOfDay(at('2026-11-25T00:00Z'), 'Asia/Kathmandu')).toBe(clock(5, 45));
    expect(minuteOfDay(at('1969-12-31T23:59Z'), 'UTC')).toBe(clock(23, 59));
  });

  it('takes the instant of the jump for a time that clocks skip in spring', () => {
    const jump = '2027-03-28T01:00Z';
    expect(iso(instantAt(day('2027-03-28'), clock(1, 59), 'Europe/Berlin'))).toBe('2027-03-28T00:59Z');
    for (const minute of [clock(2), clock(2, 30), clock(3)]) {
      expect(iso(instantAt(day('2027-03-28'), minute, 'Europe/Berlin'))).toBe(jump);
    }
    expect(iso(instantAt(day('2027-03-28'), clock(3, 1), 'Europe/Berlin'))).toBe('2027-03-28T01:01Z');
    expect(iso(instantAt(day('2027-03-14'), clock(2, 30), 'America/New_York'))).toBe('2027-03-14T07:00Z');
  });

  it('takes the first of the two instants of a time that exists twice in autumn', () => {
    expect(iso(instantAt(day('2026-10-25'), clock(2, 30), 'Europe/Berlin'))).toBe('2026-10-25T00:30Z');
    expect(iso(instantAt(day('2026-10-25'), clock(3), 'Europe/Berlin'))).toBe('2026-10-25T02:00Z');
    expect(iso(instantAt(day('2026-11-01'), clock(1, 30), 'America/New_York'))).toBe('2026-11-01T05:30Z');
  });

  it('begins a day without a midnight when its clocks begin', () => {
    expect(iso(startOfDay(day('2026-09-06'), 'America/Santiago'))).toBe('2026-09-06T04:00Z');
    expect(minuteOfDay(at('2026-09-06T04:00Z'), 'America/Santiago')).toBe(clock(1));
    expect(iso(startOfDay(day('2026-04-24'), 'Africa/Cairo'))).toBe('2026-04-23T22:00Z');
    expect(localDay(at('2026-04-23T22:00Z') - 1, 'Africa/Cairo')).toBe(day('2026-04-23'));
    // And in autumn the hour before midnight comes twice.
    expect(startOfDay(day('2026-10-30'), 'Africa/Cairo') - startOfDay(day('2026-10-29'), 'Africa/Cairo')).toBe(
      25 * HOUR,
    );
  });

  it('knows the day that Apia left out, half hours and quarters', () => {
    const left = startOfDay(day('2011-12-30'), 'Pacific/Apia');
    expect(left).toBe(startOfDay(day('2011-12-31'), 'Pacific/Apia'));
    expect(localDay(left - 1, 'Pacific/Apia')).toBe(day('2011-12-29'));
    expect(localDay(left, 'Pacific/Apia')).toBe(day('2011-12-31'));
    expect(iso(instantAt(day('2026-10-04'), clock(2, 15), 'Australia/Lord_Howe'))).toBe('2026-10-03T15:30Z');
    expect(iso(instantAt(day('2026-04-05'), clock(1, 45), 'Australia/Lord_Howe'))).toBe('2026-04-04T14:45Z');
    expect(iso(instantAt(day('2026-11-25'), clock(9), 'Asia/Kathmandu'))).toBe('2026-11-25T03:15Z');
  });

  it('counts days and weekdays', () => {
    expect(weekdayOf(0)).toBe(4);
    expect(weekdayOf(-4)).toBe(7);
    expect(weekdayOf(day('2026-11-23'))).toBe(1);
    expect(dayOf(2028, 2, 29)).toBe(day('2028-02-29'));
    expect(dateOf(day('2028-02-29'))).toEqual({ year: 2028, month: 2, day: 29 });
  });

  it('refuses a zone that there is not', () => {
    expect(() => localDay(0, 'Europe/Entenhausen')).toThrow('there is no time zone "Europe/Entenhausen"');
  });
});

describe('public holidays', () => {
  const bavaria = { country: 'DE', region: 'BY' };
  const berlin = { country: 'DE', region: 'BE' };

  it('are those of the region', () => {
    expect(holidayOn(day('2026-06-04'), bavaria)).toBe('Fronleichnam');
    expect(holidayOn(day('2026-06-04'), berlin)).toBeNull();
    expect(holidayOn(day('2026-06-04'), { country: 'DE', region: null })).toBeNull();
    expect(holidayOn(day('2026-10-03'), { country: 'DE', region: null })).toBe('Tag der Deutschen Einheit');
    expect(holidayOn(day('2026-10-03'), { country: 'US', region: null })).toBeNull();
    expect(holidayOn(day('2026-11-26'), { country: 'US', region: null })).toBe('Thanksgiving Day');
    expect(holidayOn(day('2026-10-03'), { country: null, region: null })).toBeNull();
  });

  it('fall on local days, whatever the zone of the process', () => {
    expect(holidayOn(day('2026-12-31'), bavaria)).toBeNull();
    expect(holidayOn(day('2027-01-01'), bavaria)).toBe('Neujahr');
    expect(holidayOn(day('2027-01-02'), bavaria)).toBeNull();
    expect(holidayOn(day('2027-01-01'), { country: 'NZ', region: null })).not.toBeNull();
  });

  it('last for several days, begin the evening before, or go over into the new year', () => {
    const free = (from: string, country: string) =>
      [-1, 0, 1, 2, 3, 4].map((more) => holidayOn(day(from) + more, { country, region: null }) !== null);
    expect(free('2026-03-20', 'EG')).toEqual([false, true, true, true, false, false]);
    // Three and a half days in Turkey: the half one is the afternoon before.
    expect(free('2026-03-20', 'TR')).toEqual([false, true, true, true, false, false]);
    expect(holidayOn(day('2027-01-02'), { country: 'SZ', region: null })).toBe('Incwala');
  });

  it('are no days on which only banks close or the afternoon is free', () => {
    expect(holidayOn(day('2026-12-24'), { country: 'DE', region: null })).toBeNull();
    expect(holidayOn(day('2026-12-24'), { country: 'IS', region: null })).toBeNull();
    expect(holidayOn(day('2026-12-25'), { country: 'IS', region: null })).not.toBeNull();
  });
});

describe('business days', () => {
  const bavaria = { zone: 'Europe/Berlin', country: 'DE', region: 'BY' };
  const add = (from: string, n: number) => iso(addBusinessDays(at(from), n, bavaria));

  it('leave out weekends and holidays', () => {
    expect(isBusinessDay(day('2026-06-03'), bavaria)).toBe(true);
    expect(isBusinessDay(day('2026-06-04'), bavaria)).toBe(false);
    expect(isBusinessDay(day('2026-06-06'), bavaria)).toBe(false);
    expect(add('2026-06-03T08:00Z', 1)).toBe('2026-06-05T08:00Z');
    expect(add('2026-06-05T08:00Z', 1)).toBe('2026-06-08T08:00Z');
    expect(add('2026-12-23T09:00:07.500Z', 2)).toBe('2026-12-28T09:00:07.500Z');
  });

  it('are counted from a Saturday as from the Friday before', () => {
    expect(add('2026-11-21T09:00Z', 0)).toBe('2026-11-21T09:00Z');
    expect(add('2026-11-21T09:00Z', 1)).toBe('2026-11-23T09:00Z');
    expect(add('2026-11-20T09:00Z', 1)).toBe('2026-11-23T09:00Z');
    expect(() => addBusinessDays(0, -1, bavaria)).toThrow('-1 is no number of business days');
  });

  it('keep the local time over a change of clocks, and skip a day that is not there', () => {
    expect(add('2027-03-25T08:00Z', 1)).toBe('2027-03-30T07:00Z');
    const apia = { zone: 'Pacific/Apia', country: null, region: null };
    expect(iso(addBusinessDays(at('2011-12-29T20:00Z'), 1, apia))).toBe('2012-01-01T20:00Z');
  });
});

describe('the next occurrence', () => {
  it('of a weekday is today if its time is still to come or now', () => {
    const tuesday = (from: string) => iso(nextWeekdayAt(at(from), [2, 4], clock(10), 'Europe/Berlin'));
    expect(tuesday('2026-11-24T08:59:59Z')).toBe('2026-11-24T09:00Z');
    expect(tuesday('2026-11-24T09:00:00Z')).toBe('2026-11-24T09:00Z');
    expect(tuesday('2026-11-24T09:00:00.001Z')).toBe('2026-11-26T09:00Z');
    expect(tuesday('2026-11-26T09:01Z')).toBe('2026-12-01T09:00Z');
    expect(iso(nextWeekdayAt(at('2027-03-27T12:00Z'), [7], clock(2, 30), 'Europe/Berlin'))).toBe('2027-03-28T01:00Z');
    expect(() => nextWeekdayAt(0, [], 0, 'UTC')).toThrow('no weekday');
  });

  it('of a Friday is a week later where a zone left the Friday out', () => {
    expect(iso(nextWeekdayAt(at('2011-12-29T12:00Z'), [5], clock(10), 'Pacific/Apia'))).toBe('2012-01-05T20:00Z');
  });

  it('of a birthday is this year or next', () => {
    const birthday = (from: string, offset: number, date = { month: 12, day: 27 }) =>
      iso(yearlyOccurrence(date, offset, clock(9), 'Europe/Berlin', at(from)));
    expect(birthday('2026-11-25T00:00Z', 0)).toBe('2026-12-27T08:00Z');
    expect(birthday('2026-12-27T08:00Z', 0)).toBe('2026-12-27T08:00Z');
    expect(birthday('2026-12-27T08:00:01Z', 0)).toBe('2027-12-27T08:00Z');
    expect(birthday('2026-12-28T00:00Z', 7)).toBe('2027-01-03T08:00Z');
    expect(birthday('2026-12-28T00:00Z', -7)).toBe('2027-12-20T08:00Z');
    expect(birthday('2026-11-25T00:00Z', 400)).toBe('2027-01-31T08:00Z');
    expect(birthday('2026-11-25T00:00Z', -400)).toBe('2027-11-23T08:00Z');
    expect(birthday('2026-11-25T00:00Z', 0, { month: 2, day: 29 })).toBe('2027-02-28T08:00Z');
    expect(birthday('2027-11-25T00:00Z', 0, { month: 2, day: 29 })).toBe('2028-02-29T08:00Z');
    expect(birthday('2027-11-25T00:00Z', 1, { month: 2, day: 29 })).toBe('2028-03-01T08:00Z');
  });

  it('of a date with an offset', () => {
    expect(iso(dateAt({ year: 2027, month: 3, day: 1 }, -2, clock(9), 'Europe/Berlin'))).toBe('2027-02-27T08:00Z');
  });
});

describe('the calendar of a person', () => {
  const installation = { timeZone: 'Europe/Berlin', country: 'DE', region: 'HE' };
  const nothing: Residence = { timeZone: null, country: null, region: null, postcode: null };
  const of = (residence: Partial<Residence>, ours = installation) => {
    const { zone, zoneFrom, country, region } = calendarOf({ ...nothing, ...residence }, ours);
    return [zone, zoneFrom, country, region];
  };

  it('is the installation’s where nothing is stated', () => {
    expect(of({})).toEqual(['Europe/Berlin', 'installation', 'DE', 'HE']);
    expect(of({ country: ' ', postcode: '' })).toEqual(['Europe/Berlin', 'installation', 'DE', 'HE']);
    expect(of({ timeZone: 'Europe/Berlin' })).toEqual(['Europe/Berlin', 'stated', 'DE', 'HE']);
    expect(of({ timeZone: 'Europe/Entenhausen' })).toEqual(['Europe/Berlin', 'installation', 'DE', 'HE']);
  });

  it('has no holidays where the country is not to be told', () => {
    expect(of({ timeZone: 'Asia/Tokyo' })).toEqual(['Asia/Tokyo', 'stated', null, null]);
    expect(of({ country: 'Entenhausen' })).toEqual(['Europe/Berlin', 'installation', null, null]);
    expect(of({ postcode: 'SW1A 1AA' })).toEqual(['Europe/Berlin', 'installation', null, null]);
    expect(of({ region: 'Texas' })).toEqual(['Europe/Berlin', 'installation', null, null]);
  });

  it('reads a region or postcode without a country as the installation’s', () => {
    expect(of({ postcode: '80331' })).toEqual(['Europe/Berlin', 'installation', 'DE', 'BY']);
    expect(of({ region: 'Bayern' })).toEqual(['Europe/Berlin', 'installation', 'DE', 'BY']);
    const american = { timeZone: 'America/New_York', country: 'US', region: 'NY' };
    expect(of({ postcode: '90210' }, american)).toEqual(['America/Los_Angeles', 'postcode', 'US', null]);
    expect(of({ region: 'California' }, american)).toEqual(['America/Los_Angeles', 'country', 'US', 'CA']);
  });

  it('takes a country by code or by its English or German name', () => {
    for (const country of ['de', 'DE', 'Germany', 'Deutschland', ' GERMANY ', 'Bundesrepublik Deutschland']) {
      expect(of({ country })).toEqual(['Europe/Berlin', 'country', 'DE', null]);
    }
    const code = (country: string) => of({ country })[2];
    expect(['Österreich', 'Oesterreich', 'Schweiz', 'Switzerland', 'Türkei', 'Turkey', 'UK', 'USA'].map(code)).toEqual([
      'AT',
      'AT',
      'CH',
      'CH',
      'TR',
      'TR',
      'GB',
      'US',
    ]);
    expect(of({ country: 'Japan' })).toEqual(['Asia/Tokyo', 'country', 'JP', null]);
    expect(of({ country: 'Russland' })).toEqual(['Europe/Moscow', 'country', 'RU', null]);
  });

  it('takes a region by code or name before the postcode', () => {
    for (const region of ['BY', 'by', 'DE-BY', 'Bayern', 'Bavaria', 'Freistaat Bayern']) {
      expect(of({ country: 'DE', region, postcode: '10115' })[3]).toBe('BY');
    }
    const region = (country: string, stated: string) => of({ country, region: stated })[3];
    expect(region('DE', 'Baden-Wuerttemberg')).toBe('BW');
    expect(region('DE', 'Hamburg')).toBe('HH');
    expect(region('DE', 'Entenhausen')).toBeNull();
    expect(region('CH', 'Zürich')).toBe('ZH');
    expect(region('CH', 'Genève')).toBe('GE');
    expect(region('AT', 'Wien')).toBe('9');
    expect(of({ country: 'US', region: 'Hawaii' })).toEqual(['Pacific/Honolulu', 'country', 'US', 'HI']);
  });

  it('tells the Land by the German postcode', () => {
    const lands = {
      ...{ '01067': 'SN', '03042': 'BB', '06108': 'ST', '07743': 'TH', '07919': 'SN', '1067': 'SN', 'D-80331': 'BY' },
      ...{ '10115': 'BE', '12529': 'BB', '12555': 'BE', '14467': 'BB', '18055': 'MV', '19348': 'BB', '20095': 'HH' },
      ...{ '22844': 'SH', '23966': 'MV', '24103': 'SH', '26121': 'NI', '27498': 'SH', '27499': 'HH', '27568': 'HB' },
      ...{ '28195': 'HB', '30159': 'NI', '32049': 'NW', '34117': 'HE', '36433': 'TH', '37073': 'NI', '39104': 'ST' },
      ...{ '50667': 'NW', '51598': 'RP', '53604': 'NW', '55116': 'RP', '55246': 'HE', '57319': 'NW', '60311': 'HE' },
      ...{ '63739': 'BY', '66111': 'SL', '66482': 'RP', '68159': 'BW', '69483': 'HE', '70173': 'BW', '76829': 'RP' },
      ...{ '88131': 'BY', '88147': 'BW', '89073': 'BW', '89231': 'BY', '96515': 'TH', '97070': 'BY', '97877': 'BW' },
      ...{ '99084': 'TH', '00000': null, '123': null, ABCDE: null },
    };
    for (const [postcode, land] of Object.entries(lands)) {
      expect([postcode, of({ country: 'DE', postcode })[3]]).toEqual([postcode, land]);
    }
    expect(of({ country: 'AT', postcode: '1010' })[3]).toBe('9');
    expect(of({ country: 'AT', postcode: '5280' })[3]).toBe('4');
    expect(of({ country: 'AT', postcode: '9900' })[3]).toBe('7');
    expect(of({ country: 'CH', postcode: '8001' })[3]).toBe('ZH');
    expect(of({ country: 'CH', postcode: '8580' })[3]).toBeNull();
  });

  it('tells the zone by the postcode in countries with several', () => {
    const zone = (country: string, postcode: string) => of({ country, postcode }).slice(0, 2).join(' from ');
    const zones = {
      ...{ 'US 10001': 'America/New_York', 'US 60601': 'America/Chicago', 'US 80202': 'America/Denver' },
      ...{ 'US 90210-1234': 'America/Los_Angeles', 'US 32501': 'America/Chicago', 'US 33101': 'America/New_York' },
      ...{ 'US 85001': 'America/Phoenix', 'US 99501': 'America/Anchorage', 'US 96813': 'Pacific/Honolulu' },
      ...{ 'US 79901': 'America/Denver', 'US 2108': 'America/New_York', 'US 37402': 'America/New_York' },
      ...{ 'CA K1A 0B1': 'America/Toronto', 'CA V6B': 'America/Vancouver', 'CA A1A 1A1': 'America/St_Johns' },
      ...{ 'CA A0P 1A0': 'America/Goose_Bay', 'CA X1A 2B3': 'America/Edmonton', 'CA s4p 3y2': 'America/Regina' },
      ...{ 'AU 6000': 'Australia/Perth', 'AU 800': 'Australia/Darwin', 'AU 2898': 'Australia/Lord_Howe' },
      ...{ 'ES 35001': 'Atlantic/Canary', 'ES 28001': 'Europe/Madrid', 'PT 9500-150': 'Atlantic/Azores' },
      ...{ 'PT 9000-001': 'Atlantic/Madeira', 'PT 1000-001': 'Europe/Lisbon', 'FR 97400': 'Indian/Reunion' },
      ...{ 'FR 75001': 'Europe/Paris', 'BR 69005-070': 'America/Manaus', 'BR 01310-100': 'America/Sao_Paulo' },
      ...{ 'MX 22000': 'America/Tijuana', 'ID 80111': 'Asia/Makassar', 'RU 690001': 'Asia/Vladivostok' },
    };
    for (const [address, expected] of Object.entries(zones)) {
      const [country = '', ...postcode] = address.split(' ');
      expect([address, zone(country, postcode.join(' '))]).toEqual([address, `${expected} from postcode`]);
    }
    expect(zone('US', '09012')).toBe('America/New_York from country');
    expect(zone('US', 'unknown')).toBe('America/New_York from country');
    expect(of({ country: 'US', postcode: '90210', timeZone: 'Europe/Paris' }).slice(0, 2)).toEqual([
      'Europe/Paris',
      'stated',
    ]);
  });

  it('has tables of zones that there are and of beginnings that do not overlap', () => {
    const zones = Object.values(postcodeZones).flatMap(({ beginnings }) => Object.keys(beginnings));
    const main = countryCodes.map((code) => mainZone(code) ?? code);
    expect([...zones, ...main].filter((zone) => !isKnownZone(zone))).toEqual([]);
    for (const { beginnings } of [...Object.values(postcodeRegions), ...Object.values(postcodeZones)]) {
      const rows = Object.values(beginnings)
        .flatMap((list) => list.split(/\s+/))
        .map((item) => item.split('-'))
        .map(([from = '', to = from]) => ({ from, to }))
        .sort((a, b) => a.from.length - b.from.length || (a.from < b.from ? -1 : 1));
      for (const [index, { from, to }] of rows.entries()) {
        expect([from, from.length === to.length && from <= to]).toEqual([from, true]);
        const next = rows[index + 1];
        if (next?.from.length === from.length) expect([to, next.from, next.from > to]).toEqual([to, next.from, true]);
      }
    }
  });
});
