import type { Instant } from '../instant.ts';
import type { Interaction, Json } from '../interaction/interaction.ts';

/** A value that is known, with who said it, when, and how sure it is. */
export interface KnownValue {
  readonly value: Json;
  readonly source: string;
  readonly at: Instant;
  /** 0..1 */
  readonly confidence: number;
}

/** Where a lead stands under one model, as far as conditions ask. */
export interface StandingFacts {
  readonly points: number;
  /** Fit of the profile, A (best) to D; null where the model has no profile. */
  readonly grade: Grade | null;
  /** Behaviour, 1 (most active) to 4; null where the model has no bands. */
  readonly band: Band | null;
}

export const grades = ['A', 'B', 'C', 'D'] as const;
export type Grade = (typeof grades)[number];
export const bands = [1, 2, 3, 4] as const;
export type Band = (typeof bands)[number];

/** Everything that a condition may ask about one lead at one instant. */
export interface Facts {
  readonly now: Instant;
  readonly stage: 'lead' | 'customer' | 'disqualified';
  /** What is known of the lead under this name; null: unknown, which is not "no". */
  lead(name: string): KnownValue | null;
  /** The same of the lead's company. */
  account(name: string): KnownValue | null;
  /** What the lead did so far, in fold order. */
  readonly events: readonly Interaction[];
  /** By model key. */
  readonly standings: ReadonlyMap<string, StandingFacts>;
}
