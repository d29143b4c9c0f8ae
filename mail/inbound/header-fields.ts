/** Header fields by lower-case name, in order. Values are unfolded, not decoded. */
export interface HeaderFields {
  /** The first value, or null. */
  get(name: string): string | null;
  all(name: string): readonly string[];
  /** How many fields there are. */
  readonly size: number;
}

/** More than any honest mail has; a bound on what is kept. */
const MAX_FIELDS = 1_000;

/**
 * Reads the fields at the beginning of `text`, up to the first empty line (RFC 5322 §2.2). Lines that are no field are
 * passed over: returned headers come quoted, cut and mangled.
 */
export function readFields(text: string): HeaderFields {
  const names: (readonly [string, string[]])[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line === '') {
      if (names.length > 0) break;
      continue;
    }
    const last = names.at(-1);
    if (/^[ \t]/.test(line)) {
      last?.[1].push(line.trim());
      continue;
    }
    const name = /^([!-9;-~]{1,76})[ \t]{0,3}:/.exec(line);
    if (name === null) continue;
    if (names.length >= MAX_FIELDS) break;
    names.push([(name[1] ?? '').toLowerCase(), [line.slice(name[0].length).trim()]]);
  }
  return fieldsOf(names.map(([name, lines]) => [name, lines.join(' ')] as const));
}

export function fieldsOf(entries: Iterable<readonly [string, string]>): HeaderFields {
  const byName = new Map<string, string[]>();
  let size = 0;
  for (const [name, value] of entries) {
    if (size >= MAX_FIELDS) break;
    size += 1;
    const values = byName.get(name);
    if (values) values.push(value);
    else byName.set(name, [value]);
  }
  return { get: (name) => byName.get(name)?.[0] ?? null, all: (name) => byName.get(name) ?? [], size };
}
