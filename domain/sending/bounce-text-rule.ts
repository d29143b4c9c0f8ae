import type { BounceReason } from './bounce-reason.ts';

/** Words by which servers say why. Rules are tried in order; the first that fits decides. */
export interface BounceTextRule extends BounceReason {
  /** Tried on at most 2,000 characters without links, addresses and codes, white space made one blank. */
  readonly says: RegExp;
  /** Only where the server called the failure permanent (5yz), or passing (4yz). */
  readonly only?: 'permanent' | 'passing';
}

/** One of these words. None repeats what repeats: time stays linear. */
export const anyOf = (...words: readonly string[]) => new RegExp(words.join('|'), 'i');
