import type { MailingTime } from '../domain/mailing/mailing-time.ts';

export interface TimeOptions {
  /** As typed: `now`, an instant with its zone, or a local time. */
  readonly at?: string;
  readonly ownClock?: boolean;
  readonly zone?: string;
}

const LOCAL = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})$/;

/**
 * The time that options name; undefined: the mailing's own. A local time needs `--own-clock` or `--zone`, for nobody knows whose
 * it would be.
 */
export function timeOf({ at, ownClock = false, zone }: TimeOptions): MailingTime | undefined {
  const local = LOCAL.exec(at ?? '');
  if (local === null) {
    if (ownClock || zone !== undefined)
      throw new Error('--own-clock and --zone go with a local time: --at 2026-12-01T10:00');
    return at;
  }
  if (ownClock === (zone !== undefined))
    throw new Error(
      "say whose ten o'clock: --own-clock (each lead's) or --zone Europe/Berlin, or write it as 2026-12-01T10:00+01:00",
    );
  const [, date = '', time = ''] = local;
  return zone === undefined ? { date, time } : { date, time, zone };
}

/** `time` for reading. */
export function timeInWords(time: MailingTime): string {
  if (typeof time === 'string') return time;
  return `${time.date} ${time.time}, ${time.zone === undefined ? "by each lead's own clock" : time.zone}`;
}
