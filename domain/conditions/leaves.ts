import type { EventMatch } from '../interaction/event-match.ts';
import type { Condition } from './condition.ts';
import type { EventLeaf, LeadLeaf, Leaf, LeafKind, ScoreLeaf } from './leaf-schema.ts';

/** Where a leaf is within a condition, such as `['all', 1, 'event']`: down to the field that makes it that kind. */
export type LeafPath = readonly (string | number)[];

interface PlacedLeaf {
  readonly kind: LeafKind;
  readonly path: LeafPath;
  readonly leaf: Leaf;
}

function* leavesOf(condition: Condition, path: LeafPath = []): Generator<PlacedLeaf> {
  if ('all' in condition) {
    for (const [index, part] of condition.all.entries()) yield* leavesOf(part, [...path, 'all', index]);
  } else if ('any' in condition) {
    for (const [index, part] of condition.any.entries()) yield* leavesOf(part, [...path, 'any', index]);
  } else if ('not' in condition) {
    yield* leavesOf(condition.not, [...path, 'not']);
  } else {
    const kind = kindOf(condition);
    yield { kind, path: [...path, kind], leaf: condition };
  }
}

function kindOf(leaf: Leaf): LeafKind {
  if ('lead' in leaf) return 'lead';
  if ('account' in leaf) return 'account';
  if ('stage' in leaf) return 'stage';
  if ('score' in leaf) return 'score';
  return 'event' satisfies keyof typeof leaf;
}

/** The attributes that `condition` asks for, each once, in the order in which it names them. */
export function attributesIn(condition: Condition): { readonly lead: string[]; readonly account: string[] } {
  const lead = new Set<string>();
  const account = new Set<string>();
  for (const { leaf } of leavesOf(condition)) {
    if ('lead' in leaf) lead.add(leaf.lead);
    if ('account' in leaf) account.add(leaf.account);
  }
  return { lead: [...lead], account: [...account] };
}

/** The events that `condition` counts. */
export function eventsIn(condition: Condition): EventMatch[] {
  return eventLeavesIn(condition).map(({ event }) => event);
}

/** What `condition` asks about events. */
export function eventLeavesIn(condition: Condition): EventLeaf[] {
  return [...leavesOf(condition)].flatMap(({ leaf }) => ('event' in leaf ? [leaf] : []));
}

/** What `condition` asks about attributes of the lead. */
export function leadLeavesIn(condition: Condition): LeadLeaf[] {
  return [...leavesOf(condition)].flatMap(({ leaf }) => ('lead' in leaf ? [leaf] : []));
}

/** What `condition` asks of scoring models. */
export function scoresIn(condition: Condition): ScoreLeaf[] {
  return [...leavesOf(condition)].flatMap(({ leaf }) => ('score' in leaf ? [leaf] : []));
}

/** The places of the leaves that are not of an `allowed` kind, for who can't answer all that a condition may ask. */
export function leavesNotAllowed(condition: Condition, allowed: ReadonlySet<LeafKind>): LeafPath[] {
  return [...leavesOf(condition)].filter(({ kind }) => !allowed.has(kind)).map(({ path }) => path);
}
