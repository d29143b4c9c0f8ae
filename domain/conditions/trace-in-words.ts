import type { EventMatch } from '../interaction/event-match.ts';
import type { Json } from '../interaction/interaction.ts';
import { type Comparison, comparisonKeys } from './comparison.ts';
import type { KnownValue, StandingFacts } from './facts.ts';
import type { ScoreLeaf, Times } from './leaf-schema.ts';
import { isKnown } from './read-value.ts';
import type { EventPart, JoinPart, TracePart } from './trace.ts';
import type { Truth } from './truth.ts';
import { dayInWords, durationInWords, listInWords, typeInWords, valueInWords } from './value-in-words.ts';

/** What a part of a trace says, in a sentence for a person. */
export function inWords(part: TracePart): string {
  switch (part.kind) {
    case 'all':
    case 'any':
    case 'not':
      return joinInWords(part);
    case 'lead':
    case 'account': {
      const found = part.found !== null && isKnown(part.found.value) ? knownInWords(part.found) : 'not known';
      const note = part.note === null ? '' : `; ${part.note}`;
      return `${part.kind}'s ${part.name} is ${found}: wanted ${comparisonInWords(part.wanted)}${note}`;
    }
    case 'stage':
      return `stage is ${part.found}: wanted ${listInWords(part.wanted, 'or')}`;
    case 'score':
      return `${standingInWords(part.name, part.found)}: wanted ${scoreInWords(part.wanted)}`;
    case 'event':
      return eventInWords(part);
  }
}

function joinInWords({ kind, result, children }: JoinPart): string {
  const parts = children.length;
  const count = (wanted: Truth) => children.filter((child) => child.result === wanted).length;
  const [yes, no, open] = [count('true'), count('false'), count('unknown')];
  switch (kind) {
    case 'not':
      return `the opposite of: ${children.map(({ text }) => text).join()}`;
    case 'all':
      if (result === 'true') return parts === 1 ? 'the one condition holds' : `all ${parts} conditions hold`;
      if (result === 'false') return `${no} of ${parts} conditions ${no === 1 ? 'fails' : 'fail'}: all must hold`;
      return `${open} of ${parts} conditions ${open === 1 ? 'is' : 'are'} not known, and none fails: all must hold`;
    case 'any':
      if (result === 'true') return `${yes} of ${parts} conditions ${yes === 1 ? 'holds' : 'hold'}: one is enough`;
      if (result === 'false')
        return parts === 1 ? 'the one condition does not hold' : `none of ${parts} conditions holds`;
      return `${open} of ${parts} conditions ${open === 1 ? 'is' : 'are'} not known, and none holds: one must`;
  }
}

function knownInWords({ value, source, at, confidence }: KnownValue): string {
  const sure = confidence < 1 ? `, ${Math.round(confidence * 100)} % sure` : '';
  return `${valueInWords(value)} (${source}, ${dayInWords(at)}${sure})`;
}

/** Why `value` did not suit these comparisons. */
export function mismatchInWords(value: Json, unsuited: readonly Comparison[]): string {
  const asked = listInWords(unsuited.map(comparisonInWords), 'and');
  return `${valueInWords(value)} is ${typeInWords(value)}, which can't be held against ${asked}`;
}

/** What a value must be like, as the end of "it is …". */
export function comparisonInWords(comparison: Comparison): string {
  return comparisonKeys.flatMap((key) => fieldInWords(key, comparison)).join(' and ');
}

function fieldInWords(key: keyof Comparison, comparison: Comparison): string[] {
  const say = <T>(wanted: T | undefined, words: (wanted: T) => string) => (wanted === undefined ? [] : [words(wanted)]);
  switch (key) {
    case 'is':
      return say(comparison.is, valueInWords);
    case 'in':
      return say(comparison.in, (values) => `one of ${listInWords(values.map(valueInWords), 'or')}`);
    case 'atLeast':
      return say(comparison.atLeast, (bound) => `at least ${bound}`);
    case 'atMost':
      return say(comparison.atMost, (bound) => `at most ${bound}`);
    case 'above':
      return say(comparison.above, (bound) => `more than ${bound}`);
    case 'below':
      return say(comparison.below, (bound) => `less than ${bound}`);
    case 'contains':
      return say(comparison.contains, (part) => `something with ${valueInWords(part)} in it`);
    case 'startsWith':
      return say(comparison.startsWith, (start) => `a text that starts with ${valueInWords(start)}`);
    case 'before':
      return say(comparison.before, (date) => `a date before ${date}`);
    case 'after':
      return say(comparison.after, (date) => `a date after ${date}`);
    case 'inLast':
      return say(comparison.inLast, (duration) => `a date in the last ${durationInWords(duration)}`);
    case 'inNext':
      return say(comparison.inNext, (duration) => `a date in the next ${durationInWords(duration)}`);
    case 'exists':
      return say(comparison.exists, (exists) => (exists ? 'anything that is known' : 'nothing to be known'));
  }
}

function standingInWords(model: string, standing: StandingFacts | null): string {
  if (standing === null) return `there is no score under "${model}"`;
  const grade = standing.grade === null ? 'no grade' : `grade ${standing.grade}`;
  const band = standing.band === null ? 'no band' : `band ${standing.band}`;
  return `score under "${model}" is ${standing.points} points, ${grade}, ${band}`;
}

/** What a score must be like, as the end of "it has …". */
export function scoreInWords({ points, grade, band, cell }: Omit<ScoreLeaf, 'score'>): string {
  const parts: string[] = [];
  if (points !== undefined) parts.push(`${comparisonInWords(points)} points`);
  if (grade !== undefined) parts.push(`grade ${listInWords(grade, 'or')}`);
  if (band !== undefined) parts.push(`band ${listInWords(band, 'or')}`);
  if (cell !== undefined) parts.push(`cell ${listInWords(cell, 'or')}`);
  return parts.join(' and ');
}

function eventInWords({ found, wanted }: EventPart): string {
  const period = wanted.within === undefined ? '' : ` in the last ${durationInWords(wanted.within)}`;
  const happened = found === 0 ? 'did not happen' : `happened ${timesInWords(found)}`;
  return `${matchInWords(wanted.event)} ${happened}${period}: wanted ${timesWantedInWords(wanted.times)}`;
}

/** Which events are meant: `event "Product Viewed" with category "pens"`. */
export function matchInWords({ kind, event, properties = {} }: EventMatch): string {
  const name = event === undefined ? `any ${kind} event` : `event "${event}"${kind === undefined ? '' : ` (${kind})`}`;
  const wanted = Object.entries(properties).map(
    ([property, value]) => `${property} ${typeof value === 'object' ? comparisonInWords(value) : valueInWords(value)}`,
  );
  return wanted.length === 0 ? name : `${name} with ${listInWords(wanted, 'and')}`;
}

/** How often: `at least twice`, `never`. */
export function timesWantedInWords({ atLeast = 0, atMost }: Times): string {
  if (atMost === undefined) return `at least ${timesInWords(atLeast)}`;
  if (atMost === 0) return 'never';
  if (atLeast === 0) return `at most ${timesInWords(atMost)}`;
  return atLeast === atMost ? timesInWords(atLeast) : `${atLeast} to ${timesInWords(atMost)}`;
}

function timesInWords(count: number): string {
  return count === 0 ? 'never' : count === 1 ? 'once' : `${count} times`;
}
