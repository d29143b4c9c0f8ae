import { durationMs, type Instant } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';
import type { Comparison, Scalar } from './comparison.ts';
import { booleanIn, caseless, endOf, instantIn, isKnown, numberIn, startOf, textIn } from './read-value.ts';
import { allOf, anyOf, type Truth, truth } from './truth.ts';

/**
 * Whether `value` is as `comparison` wants it, at `now`. What is not known leaves all but `exists` unknown; so does a
 * value that a comparison is not made for, as a text is not for `atLeast`: it was asked in vain.
 */
export function compare(comparison: Comparison, value: Json | undefined, now: Instant): Truth {
  const known = isKnown(value) ? value : null;
  if (comparison.exists !== undefined && comparison.exists !== (known !== null)) return 'false';
  let result: Truth = 'true';
  for (const compareAs of ways) {
    const part = compareAs(comparison, known, now);
    if (part === 'false') return 'false';
    if (part === 'unknown') result = 'unknown';
  }
  return result;
}

/** Each looks at its own fields: true where none of them is asked, unknown where they do not suit the value. */
const ways = [asOneOf, asNumber, asText, asDate];

function asOneOf({ is, in: list }: Comparison, value: Json): Truth {
  const first = is === undefined ? 'true' : equals(value, is);
  if (list === undefined || first === 'false') return first;
  let second: Truth = 'false';
  for (const wanted of list) {
    const part = equals(value, wanted);
    if (part === 'false') continue;
    second = part;
    if (part === 'true') break;
  }
  return allOf([first, second]);
}

/**
 * Whether a person would call `value` and `wanted` the same: whatever the case and the blanks around it, and a number
 * also where it came as text. Two texts are compared as texts: the postcode 01067 is not 1067.
 */
export function equals(value: Json, wanted: Scalar): Truth {
  if (typeof value === 'object') return 'unknown';
  switch (typeof wanted) {
    case 'string':
      if (typeof value === 'number' && numberIn(wanted) !== null) return truth(value === numberIn(wanted));
      return truth(caseless(String(value).trim()) === caseless(wanted.trim()));
    case 'number': {
      const number = numberIn(value);
      return number === null ? 'unknown' : truth(number === wanted);
    }
    case 'boolean': {
      const answer = booleanIn(value);
      return answer === null ? 'unknown' : truth(answer === wanted);
    }
  }
}

function asNumber({ atLeast, atMost, above, below }: Comparison, value: Json): Truth {
  if (atLeast === undefined && atMost === undefined && above === undefined && below === undefined) return 'true';
  const number = numberIn(value);
  if (number === null) return 'unknown';
  return truth(
    (atLeast === undefined || number >= atLeast) &&
      (atMost === undefined || number <= atMost) &&
      (above === undefined || number > above) &&
      (below === undefined || number < below),
  );
}

function asText({ contains, startsWith }: Comparison, value: Json): Truth {
  if (contains === undefined && startsWith === undefined) return 'true';
  if (isList(value)) {
    const element = contains === undefined ? 'true' : has(value, contains);
    return startsWith === undefined ? element : allOf([element, 'unknown']);
  }
  const text = textIn(value);
  if (text === null) return 'unknown';
  const read = caseless(text);
  return truth(
    (contains === undefined || read.includes(caseless(String(contains)))) &&
      (startsWith === undefined || read.startsWith(caseless(startsWith.trimStart()))),
  );
}

/** An element of another type is simply another: that it can't be compared leaves nothing open about the list. */
function has(list: readonly Json[], wanted: string | number): Truth {
  return truth(anyOf(list.map((element) => equals(element, wanted))) === 'true');
}

function asDate({ before, after, inLast, inNext }: Comparison, value: Json, now: Instant): Truth {
  if (before === undefined && after === undefined && inLast === undefined && inNext === undefined) return 'true';
  const at = instantIn(value);
  if (at === null) return 'unknown';
  return truth(
    (before === undefined || at < startOf(before)) &&
      (after === undefined || at >= endOf(after)) &&
      (inLast === undefined || (now - durationMs(inLast) < at && at <= now)) &&
      (inNext === undefined || (now < at && at <= now + durationMs(inNext))),
  );
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
