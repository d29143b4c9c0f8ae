import type { Instant } from '../domain/instant.ts';

/** An instant as sentences name it: `2026-11-24 22:00:00 UTC`. */
export function moment(instant: Instant): string {
  return new Date(instant)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}
