import type { Interval } from '../../scoring/calibration/interval.ts';

/** How an arm has done against the control. */
export type Verdict =
  | { readonly kind: 'better' | 'worse' }
  /** Nothing can be compared yet: an arm has no lead. */
  | { readonly kind: 'no-leads' }
  /** The rates are exactly the same so far: there is no difference whose size could be aimed at. */
  | { readonly kind: 'same' }
  /** Chance alone may have made the difference. So many more leads in each would probably tell, were it really this large. */
  | { readonly kind: 'unclear'; readonly moreHere: number; readonly moreInControl: number };

/**
 * `better than the control 'plain' by 1.2 to 5.8 percentage points`. `found` is the difference, null only where there
 * are no leads; `name` is what the control is called.
 */
export function verdictInWords(verdict: Verdict, found: Interval | null, name: string): string {
  switch (verdict.kind) {
    case 'better':
      return `better than ${name} by ${range(found?.low ?? 0, found?.high ?? 0)}`;
    case 'worse':
      return `worse than ${name} by ${range(-(found?.high ?? 0), -(found?.low ?? 0))}`;
    case 'no-leads':
      return `cannot be held against ${name} yet: one of the two has no lead`;
    case 'same':
      return `no difference to ${name}: so far both do exactly as well`;
    case 'unclear':
      return `no difference to ${name} can be seen yet: ${more(verdict.moreHere, verdict.moreInControl, name)} would be needed to see one of this size`;
    default:
      throw new Error(`unknown verdict ${verdict satisfies never}`);
  }
}

/** Both bounds above 0, as shares. */
function range(low: number, high: number): string {
  return `${points(low)} to ${points(high)} percentage points`;
}

function points(share: number): string {
  const percent = share * 100;
  return percent < 0.05 ? 'less than 0.1' : percent.toFixed(1);
}

/** Two figures are as many as an estimate of this kind bears. */
function more(here: number, inControl: number, name: string): string {
  const [one, other] = [rounded(here), rounded(inControl)];
  if (one === other) return one === 1 ? 'one more lead an arm' : `about ${counted(one)} more leads an arm`;
  return `about ${counted(one)} more leads here and ${counted(other)} in ${name}`;
}

const rounded = (count: number) => Number(count.toPrecision(2));
const counted = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ',');
