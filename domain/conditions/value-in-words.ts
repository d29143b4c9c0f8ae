import type { Duration, Instant } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';

/** A longer text is cut: a trace is read in a list of many. */
const LONGEST = 80;

export function valueInWords(value: Json): string {
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty list' : cut(listInWords(value.map(valueInWords), 'and'));
  return typeof value === 'string' ? `"${cut(value)}"` : cut(JSON.stringify(value));
}

export function typeInWords(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'an object';
  }
}

/** `a, b and c`; of a long list its beginning. */
export function listInWords(items: readonly (string | number)[], last: 'and' | 'or'): string {
  const shown = items.length > 10 ? [...items.slice(0, 8), `${items.length - 8} others`] : items;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} ${last} ${shown.at(-1)}`;
}

/** `2 days 12 hours`. */
export function durationInWords(duration: Duration): string {
  const units = ['days', 'hours', 'minutes', 'seconds'] as const;
  return units
    .flatMap((unit) => {
      const count = duration[unit] ?? 0;
      return count === 0 ? [] : [`${count} ${count === 1 ? unit.slice(0, -1) : unit}`];
    })
    .join(' ');
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `3 Nov 2026`, in UTC. Not by Intl: what it writes differs between versions of Node. */
export function dayInWords(at: Instant): string {
  const date = new Date(at);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
