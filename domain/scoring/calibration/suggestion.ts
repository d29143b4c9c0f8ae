import type { Effect } from './effect.ts';
import type { Reason } from './suggested-points.ts';

/** Something to think about. None is ever applied by itself: whoever agrees changes the model's file and replays it. */
export type Suggestion = PointsSuggestion | CapSuggestion | CellSuggestion;

export interface PointsSuggestion {
  readonly kind: 'points';
  readonly part: 'rule' | 'criterion';
  readonly id: string;
  readonly name: string;
  readonly reason: Reason;
  readonly from: number;
  readonly to: number;
  readonly effect: Effect;
  readonly words: string;
}

/** A cap that holds down leads who are won more often than others. */
export interface CapSuggestion {
  readonly kind: 'cap';
  readonly id: string;
  readonly name: string;
  readonly words: string;
}

/** A cell that is won more often than one that counts as better. */
export interface CellSuggestion {
  readonly kind: 'cells';
  readonly better: string;
  readonly worse: string;
  readonly words: string;
}
