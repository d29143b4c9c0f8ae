import { countryCodes } from './country-zones.ts';
import { foldedName } from './folded-name.ts';

/** What people write and Unicode's lists do not have as the name of a country. */
const OTHER_NAMES = {
  AE: ['UAE', 'VAE'],
  AT: ['AUT'],
  BY: ['Weißrussland'],
  CH: ['CHE'],
  CZ: ['Czech Republic', 'Tschechische Republik'],
  DE: ['BRD', 'DEU', 'Federal Republic of Germany', 'Bundesrepublik Deutschland'],
  GB: ['UK', 'GBR', 'Great Britain', 'Großbritannien', 'England', 'Scotland', 'Schottland', 'Wales'],
  HK: ['Hong Kong', 'Hongkong'],
  MO: ['Macau', 'Macao'],
  NL: ['Holland', 'The Netherlands'],
  RU: ['Russian Federation', 'Russische Föderation'],
  TR: ['Turkey'],
  US: ['USA', 'United States of America', 'Vereinigte Staaten von Amerika', 'Amerika', 'America'],
  VN: ['Viet Nam'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const codes: ReadonlySet<string> = new Set(countryCodes);
let codesByName: ReadonlyMap<string, string> | undefined;

/**
 * The ISO 3166-1 alpha-2 code of a country as it was stated: a code in any case, or an English or German name. Null for
 * what is neither.
 */
export function countryOf(stated: string): string | null {
  const code = stated.trim().toUpperCase();
  if (codes.has(code)) return code;
  codesByName ??= namesOfCountries();
  return codesByName.get(foldedName(stated)) ?? null;
}

function namesOfCountries(): ReadonlyMap<string, string> {
  const byName = new Map<string, string>();
  for (const language of ['en', 'de']) {
    const names = new Intl.DisplayNames(language, { type: 'region', fallback: 'none' });
    for (const code of countryCodes) {
      const name = names.of(code);
      if (name !== undefined) byName.set(foldedName(name), code);
    }
  }
  for (const [code, names] of Object.entries(OTHER_NAMES)) for (const name of names) byName.set(foldedName(name), code);
  return byName;
}
