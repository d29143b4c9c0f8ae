import type { Instant } from '../instant.ts';
import type { EarlierPasses } from './entry.ts';

/** What `rows`, passes through one sequence, come to. */
export function passesOf(
  rows: readonly { readonly startedAt: Instant; readonly endedAt: Instant | null }[],
): EarlierPasses {
  const ended = rows.flatMap(({ endedAt }) => endedAt ?? []);
  return {
    any: rows.length > 0,
    active: ended.length < rows.length,
    lastStartedAt: rows.length === 0 ? null : Math.max(...rows.map(({ startedAt }) => startedAt)),
    lastEndedAt: ended.length === 0 ? null : Math.max(...ended),
  };
}
