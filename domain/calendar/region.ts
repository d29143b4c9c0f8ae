import { foldedName } from './folded-name.ts';
import { holidayLibrary } from './holiday-library.ts';

/** English and short names, which the library of holidays does not have. */
const OTHER_NAMES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  AT: {
    '2': ['Carinthia'],
    '3': ['Lower Austria'],
    '4': ['Upper Austria'],
    '6': ['Styria'],
    '7': ['Tyrol'],
    '9': ['Vienna'],
  },
  CH: { BS: ['Basel'], GE: ['Geneva', 'Genf'], LU: ['Lucerne'], TI: ['Tessin'], VD: ['Waadt'], VS: ['Wallis'] },
  DE: {
    BW: ['BaWü'],
    BY: ['Bavaria'],
    HE: ['Hesse'],
    MV: ['Mecklenburg-Western Pomerania'],
    NI: ['Lower Saxony'],
    NW: ['NRW', 'North Rhine-Westphalia'],
    RP: ['Rhineland-Palatinate'],
    SN: ['Saxony'],
    ST: ['Saxony-Anhalt'],
    TH: ['Thuringia'],
  },
};

/** What a state's name may be said without: `Freistaat Bayern`, `Hansestadt Hamburg`, `Kanton Zürich`. */
const KINDS = /^(?:freistaat|hansestadt|freie (?:und )?hansestadt|land|kanton|canton (?:de|du)|canton|state of) /;

const codesByCountry = new Map<string, ReadonlyMap<string, string>>();

/**
 * The code that the library of holidays has for a region of `country` as it was stated: its code (`BY`, also `DE-BY`), or
 * its name in the country's languages, for Germany, Austria and Switzerland in English too. Null for what is neither.
 */
export function regionOf(country: string, stated: string): string | null {
  let codes = codesByCountry.get(country);
  if (codes === undefined) {
    codes = namesOfRegions(country);
    codesByCountry.set(country, codes);
  }
  const name = foldedName(stated);
  const ownCode = name.startsWith(`${country.toLowerCase()} `) ? name.slice(country.length + 1) : name;
  return codes.get(name) ?? codes.get(ownCode) ?? codes.get(withoutKind(name)) ?? null;
}

function namesOfRegions(country: string): ReadonlyMap<string, string> {
  const Holidays = holidayLibrary();
  const library = new Holidays(country);
  const byName = new Map<string, string>();
  for (const language of [...library.getLanguages(), 'en']) {
    for (const [code, name] of Object.entries(library.getStates(country, language) ?? {})) {
      byName.set(withoutKind(foldedName(name)), code);
      byName.set(foldedName(name), code);
    }
  }
  for (const [code, names] of Object.entries(OTHER_NAMES[country] ?? {})) {
    for (const name of names) byName.set(foldedName(name), code);
  }
  for (const code of Object.keys(library.getStates(country) ?? {})) byName.set(foldedName(code), code);
  return byName;
}

function withoutKind(name: string): string {
  return name.replace(KINDS, '');
}
