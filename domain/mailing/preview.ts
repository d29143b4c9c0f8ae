import { HOUR, type Instant } from '../instant.ts';
import type { WithheldReason } from '../sending/gate.ts';
import type { Prospect } from './reach.ts';

/** What would become of a mailing, in numbers of leads. Where it is estimated they stand for all of `leads`. */
export interface MailingPreview {
  /** Who was looked at, of how many there are in its stages. */
  readonly looked: number;
  readonly leads: number;
  /** Only some were looked at, chosen by chance: the numbers are theirs, scaled up. */
  readonly estimated: boolean;
  readonly audience: number;
  /** Would go at its time. */
  readonly onTime: number;
  /** Would go later, by the reason. */
  readonly later: Counts;
  /** Wait until something changes (sales gives the lead back), by the reason. */
  readonly waiting: Counts;
  /** Would be dropped at the deadline: what delays them reaches further. */
  readonly tooLate: Counts;
  /** Would not be sent: no consent, no address, the same content before. */
  readonly never: Counts;
  /** When the mails would go, by the hour in which they do (UTC), ascending; the throttle apart. */
  readonly instants: readonly { readonly at: Instant; readonly leads: number }[];
}

export type Counts = Readonly<Partial<Record<WithheldReason, number>>>;

/** A preview while it is counted. */
export interface PreviewTally {
  looked: number;
  audience: number;
  onTime: number;
  readonly later: Map<WithheldReason, number>;
  readonly waiting: Map<WithheldReason, number>;
  readonly tooLate: Map<WithheldReason, number>;
  readonly never: Map<WithheldReason, number>;
  readonly hours: Map<Instant, number>;
}

export function emptyTally(): PreviewTally {
  return {
    looked: 0,
    audience: 0,
    onTime: 0,
    later: new Map(),
    waiting: new Map(),
    tooLate: new Map(),
    never: new Map(),
    hours: new Map(),
  };
}

/** Adds one lead of the audience. */
export function count(tally: PreviewTally, prospect: Prospect): void {
  tally.audience += 1;
  switch (prospect.kind) {
    case 'goes':
      add(tally.hours, Math.floor(prospect.at / HOUR) * HOUR);
      if (prospect.delayedBy === null) tally.onTime += 1;
      else add(tally.later, prospect.delayedBy);
      return;
    case 'waits':
      add(tally.waiting, prospect.reason);
      return;
    case 'too-late':
      add(tally.tooLate, prospect.reason);
      return;
    case 'never':
      add(tally.never, prospect.reason);
  }
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The tally for all `leads` that there are in its stages. */
export function previewOf(tally: PreviewTally, leads: number): MailingPreview {
  const estimated = tally.looked < leads;
  const scale = (number: number) => (tally.looked === 0 ? 0 : Math.round((number * leads) / tally.looked));
  const counts = (map: ReadonlyMap<WithheldReason, number>): Counts =>
    Object.fromEntries([...map].sort(([, a], [, b]) => b - a).map(([reason, number]) => [reason, scale(number)]));
  return {
    looked: tally.looked,
    leads,
    estimated,
    audience: scale(tally.audience),
    onTime: scale(tally.onTime),
    later: counts(tally.later),
    waiting: counts(tally.waiting),
    tooLate: counts(tally.tooLate),
    never: counts(tally.never),
    instants: [...tally.hours].sort(([a], [b]) => a - b).map(([at, number]) => ({ at, leads: scale(number) })),
  };
}
