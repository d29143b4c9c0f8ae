import type { Instant } from '../instant.ts';
import type { Standing } from './fold.ts';

/**
 * What becomes of leads that a publishing, not anything they did, makes ready for sales: `hand-off`, so many a day;
 * on their `next-interaction`; or `never`, that is, once they have fallen back and qualified anew.
 */
export const heldKinds = ['hand-off', 'next-interaction', 'never'] as const;
export type Held = (typeof heldKinds)[number];

/** How a version of a model was published. */
export interface Publication {
  readonly changed: Held;
  /** At most so many are handed over a day; null: all at once. Only for `hand-off`. */
  readonly perDay: number | null;
  readonly note: string | null;
  /** The version that was live before. */
  readonly previousVersionId: number | null;
}

/**
 * Whether a standing's offer to sales is held back, now that it was folded. `first`: the first time under this version.
 * `previous`: the standing under the version that was live before, if there is one.
 */
export function heldAfter(
  standing: Standing,
  before: { readonly held: Held | null; readonly first: boolean; readonly previous: Standing | null },
  publication: (Publication & { readonly at: Instant }) | null,
): Held | null {
  if (publication === null || !isOfPublishing(standing, publication)) return null;
  const didSomethingSince = standing.last !== null && standing.last.occurredAt >= publication.at;
  if (before.first) {
    if (before.previous?.qualified || didSomethingSince) return null;
    return publication.changed === 'hand-off' && publication.perDay === null ? null : publication.changed;
  }
  return before.held === 'next-interaction' && didSomethingSince ? null : before.held;
}

/** True while a standing has been qualified since before its version was published: not by anything that came after. */
export function isOfPublishing(standing: Standing, publication: { readonly at: Instant }): boolean {
  return standing.qualifiedSince !== null && standing.qualifiedSince < publication.at;
}
