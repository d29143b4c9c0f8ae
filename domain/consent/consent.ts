import type { Instant } from '../instant.ts';

/** One entry of the append-only record, as far as decisions need it. */
export interface ConsentRecord {
  readonly purpose: string;
  readonly action: 'granted' | 'withdrawn' | 'changed';
  readonly address: string | null;
  readonly promise: FrequencyPromise | null;
  /** When the person said so; a record may come to us much later. */
  readonly confirmedAt: Instant | null;
  readonly at: Instant;
}

/**
 * "At most `max` mails in `days` days", as the consent's wording said. It binds: two mails in a "weekly" week are
 * unlawful (KG Berlin 5 U 1043/20).
 */
export interface FrequencyPromise {
  readonly max: number;
  readonly days: number;
}

/** What the record says of one channel and purpose. `none`: never asked or never answered, which is not a no. */
export type ConsentState =
  | { readonly kind: 'none' }
  | { readonly kind: 'withdrawn'; readonly at: Instant }
  | {
      readonly kind: 'granted';
      readonly address: string | null;
      readonly promise: FrequencyPromise | null;
      /** When the person said so last. */
      readonly at?: Instant;
      /** From when on it no longer carries a mail (domain/consent/staleness.ts); absent: never. */
      readonly staleAt?: Instant | null;
    };

/** The purpose under which a withdrawal ends every purpose of its channel. */
export const ALL_PURPOSES = 'all';

/**
 * The state of `purpose` after `records`, which are in the order they were recorded. The person's last word counts: a
 * grant given before a withdrawal does not come alive again by being told once more (a retry, an import), nor does one take
 * back what was promised with a later one.
 */
export function consentState(records: readonly ConsentRecord[], purpose: string): ConsentState {
  let state: ConsentState = { kind: 'none' };
  let grantedAt = Number.NEGATIVE_INFINITY;
  let withdrawnAt = Number.NEGATIVE_INFINITY;
  for (const record of records) {
    if (record.purpose !== purpose && !(record.purpose === ALL_PURPOSES && record.action === 'withdrawn')) continue;
    if (record.action === 'withdrawn') {
      // The clocks of two machines differ: what was withdrawn after it was granted is withdrawn no earlier.
      withdrawnAt = Math.max(record.at, grantedAt, withdrawnAt);
      state = { kind: 'withdrawn', at: withdrawnAt };
    } else if (record.action === 'granted') {
      const { address, promise } = record;
      const said = record.confirmedAt ?? record.at;
      if (said <= withdrawnAt || said < grantedAt) continue;
      grantedAt = said;
      state = { kind: 'granted', address, promise, at: said };
    }
  }
  return state;
}
