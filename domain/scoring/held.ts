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
  /** The version that a rollback goes back to; absent: the one before. One that was rolled back itself is passed over. */
  readonly backToVersionId?: number | null;
}

/** How a lead stood under the version that was live before, when the present one took its place. */
export interface StoodBefore {
  readonly qualified: boolean;
  /** Sales gave it back since it came to qualify: it was not to be offered again before it qualified anew. */
  readonly givenBack: boolean;
  readonly held: Held | null;
}

/**
 * Whether a standing's offer to sales is held back, now that it was folded. `first`: the first time under this version.
 * `previous`: how it stood under the version that was live before, if it did. Whether a lead is scored anew before or
 * after it next does something makes no difference.
 */
export function heldAfter(
  standing: Standing,
  before: { readonly held: Held | null; readonly first: boolean; readonly previous: StoodBefore | null },
  publication: (Publication & { readonly at: Instant }) | null,
): Held | null {
  if (publication === null || !isOfPublishing(standing, publication)) return null;
  const held = before.first ? heldAtFirst(before.previous, publication) : before.held;
  // What Tend recorded itself, a scanner's click or what a system reported, is nothing that the person did.
  const { seenAt } = standing.state;
  const didSomethingSince = seenAt !== null && seenAt >= publication.at;
  return held === 'next-interaction' && didSomethingSince ? null : held;
}

/**
 * Ready before, so not made ready by this publishing: free as it was, given back by sales as it was, or held by an earlier
 * publishing, whose queue goes on in this one's.
 */
function heldAtFirst(previous: StoodBefore | null, { changed, perDay }: Publication): Held | null {
  const made = changed === 'hand-off' && perDay === null ? null : changed;
  if (!previous?.qualified) return made;
  if (previous.givenBack) return 'never';
  return previous.held === 'hand-off' ? made : previous.held;
}

/** True while a standing has been qualified since before its version was published: not by anything that came after. */
export function isOfPublishing(standing: Standing, publication: { readonly at: Instant }): boolean {
  return standing.qualifiedSince !== null && standing.qualifiedSince < publication.at;
}
