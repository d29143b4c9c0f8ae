import type { Condition } from './condition.ts';
import type { Leaf } from './leaf-schema.ts';
import { timesOf } from './leaf-truth.ts';
import { comparisonInWords, matchInWords, scoreInWords, timesWantedInWords } from './trace-in-words.ts';
import { durationInWords, listInWords } from './value-in-words.ts';

/** What a condition asks, in plain English: `lead's need is "now" and score under "cloud" has band 1 or 2`. */
export function conditionInWords(condition: Condition): string {
  if ('all' in condition) return joined(condition.all, 'and');
  if ('any' in condition) return joined(condition.any, 'or');
  if ('not' in condition) return `not (${conditionInWords(condition.not)})`;
  return leafInWords(condition);
}

function joined(parts: readonly Condition[], word: 'and' | 'or'): string {
  const words = parts.map((part) => {
    const text = conditionInWords(part);
    return 'all' in part || 'any' in part ? `(${text})` : text;
  });
  return words.join(` ${word} `);
}

function leafInWords(leaf: Leaf): string {
  if ('lead' in leaf) {
    const { lead, ...wanted } = leaf;
    return `lead's ${lead} is ${comparisonInWords(wanted)}`;
  }
  if ('account' in leaf) {
    const { account, ...wanted } = leaf;
    return `account's ${account} is ${comparisonInWords(wanted)}`;
  }
  if ('stage' in leaf) return `stage is ${listInWords(leaf.stage, 'or')}`;
  if ('score' in leaf) {
    const { score, ...wanted } = leaf;
    return `score under "${score}" has ${scoreInWords(wanted)}`;
  }
  const period = leaf.within === undefined ? '' : ` in the last ${durationInWords(leaf.within)}`;
  return `${matchInWords(leaf.event)} happened ${timesWantedInWords(timesOf(leaf))}${period}`;
}
