import type { Comparison, Scalar } from '../conditions/comparison.ts';
import { type EventMatch, TEND_EVENTS } from '../interaction/event-match.ts';
import { isSilenceRule } from '../scoring/behaviour-rule.ts';
import { needsOf } from '../sequence/needs.ts';
import { eventsAmong } from '../sequence/signal.ts';
import type { World } from './world.ts';

/** Something that a person does on a website. */
export interface Doing {
  readonly event: string;
  readonly kind: 'track' | 'page';
  readonly properties: Readonly<Record<string, Scalar>>;
}

/** An event that `match` means; null where a person's visit to a website can't be it, or none comes to mind. */
export function sampleOf({ kind = 'track', event, properties = {} }: EventMatch): Doing | null {
  // What Tend records itself is no visit.
  if (event === undefined || (kind !== 'track' && kind !== 'page') || TEND_EVENTS.includes(event)) return null;
  const sampled: Record<string, Scalar> = {};
  for (const [name, wanted] of Object.entries(properties)) {
    const value = typeof wanted === 'object' ? valueFor(wanted) : wanted;
    if (value === null) return null;
    if (value !== undefined) sampled[name] = value;
  }
  return { event, kind, properties: sampled };
}

/** Undefined: it must be missing. Null: none comes to mind. */
function valueFor(comparison: Comparison): Scalar | undefined | null {
  const { is, in: list, atLeast, atMost, above, below, contains, startsWith, exists } = comparison;
  if (is !== undefined) return is;
  if (list !== undefined) return list[0] ?? null;
  if (atLeast !== undefined) return atLeast;
  if (atMost !== undefined) return atMost;
  if (above !== undefined) return below === undefined ? above + 1 : (above + below) / 2;
  if (below !== undefined) return below - 1;
  if (contains !== undefined) return String(contains);
  if (startsWith !== undefined) return startsWith;
  if (exists === true) return true;
  return exists === false ? undefined : null;
}

/** By sequence key, what a person can do to come in. */
export function entriesByDoing({ sequences }: World): ReadonlyMap<string, readonly Doing[]> {
  return new Map(
    sequences.map(({ definition }) => [
      definition.key,
      eventsAmong(definition.entry).flatMap((match) => sampleOf(match) ?? []),
    ]),
  );
}

/** How often people do something by themselves, against what scoring models give points for. */
const OF_MODELS = 1;
/** A goal or what a step waits for: an order, an answer. */
const OF_SEQUENCES = 0.15;
/** What takes a lead out, such as a complaint. */
const OF_EXITS = 0.02;

/** What scoring models and sequences ask for that people do, but for what they come in by; by its likelihood. */
export function doingsOf(world: World): readonly { readonly doing: Doing; readonly weight: number }[] {
  const entries = new Set([...entriesByDoing(world).values()].flat().map(({ event }) => event));
  const doings = new Map<string, { readonly doing: Doing; readonly weight: number }>();
  const add = (match: EventMatch, weight: number) => {
    const doing = sampleOf(match);
    if (doing === null || entries.has(doing.event)) return;
    const key = JSON.stringify(doing);
    if (!doings.has(key)) doings.set(key, { doing, weight });
  };
  for (const { definition } of world.sequences) for (const match of eventsAmong(definition.exits)) add(match, OF_EXITS);
  for (const { definition } of world.models)
    for (const rule of definition.rules) if (!isSilenceRule(rule)) add(rule.on, rule.points > 0 ? OF_MODELS : OF_EXITS);
  for (const { definition } of world.sequences)
    for (const match of needsOf(definition).events) add(match, OF_SEQUENCES);
  return [...doings.values()];
}
