import { uniformOf } from './hash.ts';

/** One way that a split may send a lead. */
export interface WeighedArm {
  readonly id: string;
  /** Its share, in proportion to the others'; 0: nobody new is sent there. */
  readonly weight: number;
}

/**
 * The arm that `unit` (a lead's id) belongs to, whenever and wherever it is asked: nothing is remembered. Shares follow
 * the weights. `salt` names the split: two splits divide the same people independently of each other.
 *
 * Weighted rendezvous hashing: each arm draws an exponential waiting time of rate `weight` from the hash of salt, unit
 * and arm, and the shortest wins. So an arm that is added, or made heavier, only draws people to itself, and one that
 * is taken out or made lighter only gives people up: nobody moves between the others.
 *
 * D. G. Thaler, C. V. Ravishankar, Using name-based mappings to increase hit rates, IEEE/ACM Trans. Netw. 6 (1998) 1–14;
 * weights: C. Schindelhauer, G. Schomaker, Weighted distributed hash tables, SPAA 2005 (the logarithmic method).
 *
 * Throws where no arm has a weight, which checking the definition refuses.
 */
export function assignArm(arms: readonly WeighedArm[], unit: string, salt: string): string {
  let first: { readonly id: string; readonly time: number } | null = null;
  for (const { id, weight } of arms) {
    if (weight <= 0) continue;
    // As JSON, so that no two different triples are one text.
    const time = -Math.log(uniformOf(JSON.stringify([salt, unit, id]))) / weight;
    // By id where two draw the same, which hardly ever happens: the order in a file must not matter.
    if (first === null || time < first.time || (time === first.time && id < first.id)) first = { id, time };
  }
  if (first === null) throw new Error(`the split ${salt} has no arm with a weight above 0`);
  return first.id;
}
