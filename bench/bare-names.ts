export const BARE_SIGNAL = 'count';
export const BARE_QUEUE = 'bare';
export const BARE_MAIL_QUEUE = 'bare-mail';

/** Asks the bare worker to count from nothing up to this many signals. */
export interface Expect {
  readonly expect: number;
}

/** The bare worker has counted as many as were expected. */
export interface Counted {
  readonly counted: number;
  /** When, in epoch milliseconds. */
  readonly at: number;
}
