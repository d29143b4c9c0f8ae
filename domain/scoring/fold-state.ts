import type { Instant } from '../instant.ts';

/**
 * What the fold must remember of a lead's past to go on from: sums, not single points, so that it stays small however
 * long the history. Plain data, kept as JSON beside the standing. `open` is what is provisional still.
 */
export interface FoldState {
  /** By group; points of no group are in `''`. */
  sums: { [group: string]: Sum };
  /** Points that expire, as long as they count. */
  expiring: ExpiringPoints[];
  /** By rule with a limit: awards by period. The period is `lead`, a day's or session's number, or a mail's id. */
  limits: { [rule: string]: { [period: string]: number } };
  /** By rule with a rolling limit: when its awards were. */
  awarded: { [rule: string]: Instant[] };
  /** By recurring rule: the periods seen, each with the last instant in it. */
  recurring: { [rule: string]: [period: number, at: Instant][] };
  /** By silence rule: the reaction that silence is counted from, and how often it has been noted since. */
  silence: { [rule: string]: { since: Instant; by: number; noted: number } };
  /** The person's visits so far; one ends after 30 minutes without an event. */
  session: { number: number; lastAt: Instant } | null;
  /** When a website saw the person last. */
  seenAt: Instant | null;
}

/** Points by how fast they fade (`paceKey`). */
export interface Sum {
  [pace: string]: FadingPoints;
}

/** Points as they were worth at `at`. */
export interface FadingPoints {
  firm: number;
  open: number;
  at: Instant;
}

export interface ExpiringPoints {
  group: string;
  /** Half-life in milliseconds; null: none. */
  halfLife: number | null;
  points: number;
  at: Instant;
  /** The first instant at which they count no more. */
  until: Instant;
  firm: boolean;
}

export const emptyState: FoldState = {
  sums: {},
  expiring: [],
  limits: {},
  awarded: {},
  recurring: {},
  silence: {},
  session: null,
  seenAt: null,
};

/** What the state holds under `key`, and nothing that every object has: a rule may well be called "constructor". */
export function own<V>(record: { readonly [key: string]: V }, key: string): V | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** A copy that can be changed without changing the original. */
export function copyState(state: FoldState): FoldState {
  return {
    sums: mapValues(state.sums, (sum) => mapValues(sum, (points) => ({ ...points }))),
    expiring: state.expiring.map((points) => ({ ...points })),
    limits: mapValues(state.limits, (periods) => ({ ...periods })),
    awarded: mapValues(state.awarded, (instants) => [...instants]),
    recurring: mapValues(state.recurring, (periods) => [...periods]),
    silence: mapValues(state.silence, (silence) => ({ ...silence })),
    session: state.session === null ? null : { ...state.session },
    seenAt: state.seenAt,
  };
}

function mapValues<V>(record: { readonly [key: string]: V }, copy: (value: V) => V): { [key: string]: V } {
  const copied: { [key: string]: V } = {};
  for (const key in record) copied[key] = copy(record[key] as V);
  return copied;
}
