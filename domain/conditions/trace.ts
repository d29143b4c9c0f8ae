import type { Comparison } from './comparison.ts';
import type { Facts, KnownValue, StandingFacts } from './facts.ts';
import type { EventLeaf, ScoreLeaf, Times } from './leaf-schema.ts';
import type { Truth } from './truth.ts';

/** One part of a condition, and how it came to its result. Plain data: it may be stored and sent as JSON. */
interface Part<Kind extends string, Name, Wanted, Found, Child = never> {
  readonly kind: Kind;
  /** The attribute or the scoring model. */
  readonly name: Name;
  readonly result: Truth;
  /** What was asked, as it stands in the condition. */
  readonly wanted: Wanted;
  readonly found: Found;
  /** Why something that is known did not answer the question, as where a text was asked for its size. */
  readonly note: string | null;
  readonly children: readonly Child[];
}

export type JoinPart = Part<'all' | 'any' | 'not', null, null, null, Trace>;
/** `found` is null where nothing was ever said about the attribute. */
export type AttributePart = Part<'lead' | 'account', string, Comparison, KnownValue | null>;
export type StagePart = Part<'stage', null, readonly Facts['stage'][], Facts['stage']>;
export type ScorePart = Part<'score', string, Omit<ScoreLeaf, 'score'>, StandingFacts | null>;
/** `found` is the number of events that were counted. */
export type EventPart = Part<'event', null, EventLeaf & { readonly times: Times }, number>;

export type TracePart = JoinPart | AttributePart | StagePart | ScorePart | EventPart;

/** A part with what it says in plain English. */
export type Trace = TracePart & { readonly text: string };
