import type { Residence } from './calendar.ts';

/** Under which names websites and CRMs tell where somebody lives; the first that is known counts. */
const NAMES = {
  country: ['country', 'countryCode', 'address.country'],
  region: ['region', 'state', 'address.region', 'address.state'],
  postcode: ['postcode', 'postalCode', 'postal_code', 'zip', 'address.postalCode', 'address.postcode'],
} as const;

/** Attributes that tell the calendar of a person: news of one of them may move what is timed by it. */
export const RESIDENCE_ATTRIBUTES: readonly string[] = Object.values(NAMES).flat();

/** Where somebody lives, as far as `known` tells. */
export function residenceOf(
  timeZone: string | null,
  known: (name: string) => { readonly value: unknown } | null,
): Residence {
  const first = (names: readonly string[]): string | null => {
    for (const name of names) {
      const value = known(name)?.value;
      if (typeof value === 'string' && value.trim() !== '') return value.trim();
      if (typeof value === 'number') return String(value);
    }
    return null;
  };
  return { timeZone, country: first(NAMES.country), region: first(NAMES.region), postcode: first(NAMES.postcode) };
}
