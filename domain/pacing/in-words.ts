import type { Duration } from '../instant.ts';
import type { ClockSpan, SendWindow } from './policy.ts';

/** `3 in 7 days`, `1 newsletter in 1 day`. */
export function capInWords({
  max,
  days,
  purpose,
}: {
  readonly max: number;
  readonly days: number;
  readonly purpose?: string | undefined;
}): string {
  const what = purpose === undefined ? String(max) : `${max} ${purpose}`;
  return `${what} in ${counted(days, 'day')}`;
}

/** `20 hours`, `1 day 12 hours`. */
export function durationInWords({ days = 0, hours = 0, minutes = 0, seconds = 0 }: Duration): string {
  return [counted(days, 'day'), counted(hours, 'hour'), counted(minutes, 'minute'), counted(seconds, 'second')]
    .filter((part) => !part.startsWith('0 '))
    .join(' ');
}

/** `20:00 to 08:00`. */
export function clockInWords({ from, to }: ClockSpan): string {
  return `${from} to ${to}`;
}

/** `mon tue 08:00 to 20:00, sat 10:00 to 14:00`. */
export function windowsInWords(windows: readonly SendWindow[]): string {
  return windows.map((window) => [...(window.weekdays ?? []), clockInWords(window)].join(' ')).join(', ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
