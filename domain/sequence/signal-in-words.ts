import { conditionInWords } from '../conditions/condition-in-words.ts';
import { matchInWords } from '../conditions/trace-in-words.ts';
import { isCondition, type Signal } from './signal.ts';

/** What a signal is, in plain English: `event "Order Completed" with total more than 100`. */
export function signalInWords(signal: Signal): string {
  return isCondition(signal) ? `that ${conditionInWords(signal.when)}` : matchInWords(signal);
}
