import type { Instant } from '../instant.ts';
import type { CompiledModel } from './compile-model.ts';
import { type FoldState, own } from './fold-state.ts';

/** What the state's points are worth at one instant. `firm` is without the provisional ones. */
export interface Worth {
  readonly points: number;
  readonly firm: number;
}

/** The key of a sum in the state: its half-life in milliseconds, or `steady`. */
export function paceKey(halfLife: number | null): string {
  return halfLife === null ? 'steady' : String(halfLife);
}

/** What is left of a point after `elapsed` milliseconds: a half after each half-life. */
export function leftAfter(elapsed: number, halfLife: number | null): number {
  return halfLife === null ? 1 : 2 ** (-elapsed / halfLife);
}

/**
 * What all points are worth at `at`: within a group the fading points are added up and held to the group's limits, then
 * the groups are added up and held to the total's. Limits are applied to the sum of an instant, never to a single
 * award: that way no order of arrival, and nothing that fades or expires, can take a sum over its limit.
 */
export function worthAt(model: CompiledModel, state: FoldState, at: Instant): Worth {
  let points = 0;
  let firm = 0;
  for (const group of model.groups) {
    let all = 0;
    let sure = 0;
    const sum = own(state.sums, group.id);
    if (sum !== undefined) {
      for (const halfLife of group.halfLives) {
        const fading = sum[paceKey(halfLife)];
        if (fading === undefined) continue;
        const left = leftAfter(at - fading.at, halfLife);
        all += (fading.firm + fading.open) * left;
        sure += fading.firm * left;
      }
    }
    for (const one of state.expiring) {
      if (one.group !== group.id || at >= one.until) continue;
      const value = one.points * leftAfter(at - one.at, one.halfLife);
      all += value;
      if (one.firm) sure += value;
    }
    points += group.hold(all);
    firm += group.hold(sure);
  }
  return { points: model.total(points), firm: model.total(firm) };
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * The least and the most that firm points can be worth from `from` to `to` (both inclusive; `to` may be infinite) as
 * long as nothing new is awarded and nothing expires. Each sum is monotone in time, falling where it is positive and
 * rising where it is negative, so its ends bound it; limits keep the order.
 */
export function firmBounds(model: CompiledModel, state: FoldState, from: Instant, to: Instant): Bounds {
  let least = 0;
  let most = 0;
  for (const group of model.groups) {
    let low = 0;
    let high = 0;
    const add = (points: number, since: Instant, halfLife: number | null) => {
      const early = points * leftAfter(from - since, halfLife);
      const late = points * leftAfter(to - since, halfLife);
      low += Math.min(early, late);
      high += Math.max(early, late);
    };
    const sum = own(state.sums, group.id);
    if (sum !== undefined) {
      for (const halfLife of group.halfLives) {
        const fading = sum[paceKey(halfLife)];
        if (fading !== undefined) add(fading.firm, fading.at, halfLife);
      }
    }
    for (const one of state.expiring) {
      if (one.group === group.id && one.firm && from < one.until) add(one.points, one.at, one.halfLife);
    }
    least += group.hold(low);
    most += group.hold(high);
  }
  return { least: model.total(least), most: model.total(most) };
}
