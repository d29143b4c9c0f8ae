import type { FieldProblem } from '../../domain/errors.ts';
import type { Json, Properties } from '../../domain/interaction/interaction.ts';

/** Segment's limit for one event. */
export const MOST_EVENT_BYTES = 32 * 1024;
/** Deeper than any real event; PostgreSQL and every reader recurse over it. */
const MOST_DEPTH = 20;

/** Keeps account of one event while it is cleaned. */
export interface Cleaning {
  readonly problems: FieldProblem[];
  /** Bytes of keys and values so far, about as JSON would count them. */
  bytes: number;
}

/**
 * A copy of `value` that PostgreSQL can keep: NUL, which its texts cannot hold, becomes U+FFFD, and so does half a
 * surrogate pair. What nests too deeply is a problem under `path`.
 */
export function cleanProperties(value: unknown, path: string, cleaning: Cleaning): Properties {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    cleaning.problems.push({ path, problem: 'must be an object' });
    return {};
  }
  return cleanObject(value, path, cleaning, 1);
}

export function cleanText(text: string): string {
  return SUSPECT.test(text) ? text.replace(UNKEEPABLE, '\uFFFD') : text;
}

/** Nearly every text passes the first, cheaper test. */
const SUSPECT = /[\0\ud800-\udfff]/;
const UNKEEPABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function cleanObject(value: object, path: string, cleaning: Cleaning, depth: number): Properties {
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    // Assigning it would change the copy's prototype instead of adding a field.
    if (key === '__proto__') continue;
    cleaning.bytes += key.length + 4;
    copy[cleanText(key)] = cleanValue((value as Record<string, unknown>)[key], path, cleaning, depth);
  }
  return copy;
}

function cleanValue(value: unknown, path: string, cleaning: Cleaning, depth: number): Json {
  switch (typeof value) {
    case 'string':
      cleaning.bytes += value.length < 64 ? value.length : Buffer.byteLength(value);
      return cleanText(value);
    case 'number':
      cleaning.bytes += 8;
      // JSON.parse makes Infinity of 1e999, which JSON cannot write.
      return Number.isFinite(value) ? value : null;
    case 'boolean':
      cleaning.bytes += 4;
      return value;
    case 'object': {
      if (value === null) return null;
      if (depth >= MOST_DEPTH) {
        const problem = `nests deeper than ${MOST_DEPTH} levels`;
        if (!cleaning.problems.some((other) => other.path === path)) cleaning.problems.push({ path, problem });
        return null;
      }
      if (Array.isArray(value)) return value.map((item) => cleanValue(item, path, cleaning, depth + 1));
      return cleanObject(value, path, cleaning, depth + 1);
    }
    default:
      return null;
  }
}
