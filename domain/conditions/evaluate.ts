import { compare } from './compare.ts';
import { type Comparison, partsOf } from './comparison.ts';
import type { Condition } from './condition.ts';
import type { Facts, KnownValue } from './facts.ts';
import type { Leaf } from './leaf-schema.ts';
import { countEvents, leafTruth, timesOf } from './leaf-truth.ts';
import { isKnown } from './read-value.ts';
import type { Trace, TracePart } from './trace.ts';
import { inWords, mismatchInWords } from './trace-in-words.ts';
import { allOf, anyOf, not, type Truth } from './truth.ts';

/** True where `condition` certainly holds. What is unknown is not enough. */
export function isTrue(condition: Condition, facts: Facts): boolean {
  return truthOf(condition, facts) === 'true';
}

/** The result of `evaluate` without its trace; looks at no more parts than decide it. */
export function truthOf(condition: Condition, facts: Facts): Truth {
  if ('all' in condition) return joined(condition.all, facts, 'true', 'false');
  if ('any' in condition) return joined(condition.any, facts, 'false', 'true');
  if ('not' in condition) return not(truthOf(condition.not, facts));
  return leafTruth(condition, facts);
}

/** `neutral` while every part says so; `decisive` as soon as one does. */
function joined(parts: readonly Condition[], facts: Facts, neutral: Truth, decisive: Truth): Truth {
  let result = neutral;
  for (const part of parts) {
    const one = truthOf(part, facts);
    if (one === decisive) return decisive;
    if (one === 'unknown') result = 'unknown';
  }
  return result;
}

/**
 * Whether `condition` holds, and why: a trace of every part, also of those that do not matter for the result. Where
 * only the result is wanted, `isTrue` is faster.
 */
export function evaluate(condition: Condition, facts: Facts): Trace {
  const part = partOf(condition, facts);
  return { ...part, text: inWords(part) };
}

function partOf(condition: Condition, facts: Facts): TracePart {
  if ('all' in condition) return joinOf('all', condition.all, facts);
  if ('any' in condition) return joinOf('any', condition.any, facts);
  if ('not' in condition) return joinOf('not', [condition.not], facts);
  return leafOf(condition, facts);
}

function joinOf(kind: 'all' | 'any' | 'not', parts: readonly Condition[], facts: Facts): TracePart {
  const children = parts.map((part) => evaluate(part, facts));
  const results = children.map(({ result }) => result);
  const result = kind === 'any' ? anyOf(results) : kind === 'all' ? allOf(results) : not(allOf(results));
  return { kind, name: null, result, wanted: null, found: null, note: null, children };
}

function leafOf(leaf: Leaf, facts: Facts): TracePart {
  const rest = { result: leafTruth(leaf, facts), note: null, children: [] };
  if ('lead' in leaf) {
    const { lead: name, ...wanted } = leaf;
    const found = facts.lead(name);
    return { ...rest, kind: 'lead', name, wanted, found, note: noteOn(wanted, found, facts) };
  }
  if ('account' in leaf) {
    const { account: name, ...wanted } = leaf;
    const found = facts.account(name);
    return { ...rest, kind: 'account', name, wanted, found, note: noteOn(wanted, found, facts) };
  }
  if ('stage' in leaf) return { ...rest, kind: 'stage', name: null, wanted: leaf.stage, found: facts.stage };
  if ('score' in leaf) {
    const { score: name, ...wanted } = leaf;
    return { ...rest, kind: 'score', name, wanted, found: facts.standings.get(name) ?? null };
  }
  const wanted = { ...leaf, times: timesOf(leaf) };
  return { ...rest, kind: 'event', name: null, wanted, found: countEvents(leaf, facts) };
}

/** The comparisons that are not made for the value that was found: they alone leave a known value's leaf unknown. */
function noteOn(wanted: Comparison, found: KnownValue | null, facts: Facts): string | null {
  if (found === null || !isKnown(found.value)) return null;
  const { value } = found;
  const unsuited = partsOf(wanted).filter((part) => compare(part, value, facts.now) === 'unknown');
  return unsuited.length === 0 ? null : mismatchInWords(value, unsuited);
}
