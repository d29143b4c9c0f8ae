/** A statement with its parameters. `name` makes PostgreSQL keep the parsed statement per connection. */
export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly name: string;
}

const known = new WeakMap<TemplateStringsArray, { text: string; name: string }>();
let count = 0;

/**
 * Writes a statement as a template: each `${value}` becomes a parameter, never text. Instants are passed through
 * `at(...)`, lists as arrays (`= ANY(${ids}::uuid[])`).
 */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Sql {
  let entry = known.get(strings);
  if (entry === undefined) {
    count += 1;
    entry = { text: strings.reduce((text, part, index) => `${text}$${index}${part}`), name: `tend_${count}` };
    known.set(strings, entry);
  }
  return { ...entry, values };
}

/** An instant (epoch milliseconds) as a parameter for a timestamptz. */
export function at(instant: number): Date;
export function at(instant: number | null): Date | null;
export function at(instant: number | null): Date | null {
  return instant === null ? null : new Date(instant);
}
