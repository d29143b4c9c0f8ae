import type { Instant } from '../instant.ts';
import type { Figures } from './figures.ts';
import type { Life } from './life.ts';
import type { World } from './world.ts';

/** Whether what was expected holds, and one lead to show where it does not. */
export interface Verdict {
  readonly holds: boolean;
  /** What was found, in words and figures. */
  readonly found: string;
  /** The number of a lead of whom it does not hold, or who shows it best. */
  readonly lead: number | null;
  /** When it shows in that lead's life. */
  readonly at: Instant | null;
}

/** Looks at every life, then says. */
export interface Judge {
  look(life: Life): void;
  verdict(figures: Figures): Verdict;
}

export type NewJudge = (world: World) => Judge;

/** What is wrong in one life. */
export interface Breach {
  readonly at: Instant;
  readonly text: string;
}

/** Holds where it holds of every lead. */
export function ofEveryLead(breachIn: (life: Life, world: World) => Breach | null): NewJudge {
  return (world) => {
    let [leads, breaches] = [0, 0];
    let first: { readonly lead: number; readonly breach: Breach } | null = null;
    return {
      look(life) {
        leads += 1;
        const breach = breachIn(life, world);
        if (breach === null) return;
        breaches += 1;
        first ??= { lead: life.number, breach };
      },
      verdict() {
        if (first === null) return { holds: true, found: `holds for all of ${leads} leads`, lead: null, at: null };
        const { lead, breach } = first;
        return {
          holds: false,
          found: `${breaches} of ${leads} leads; lead ${lead} ${breach.text}`,
          lead,
          at: breach.at,
        };
      },
    };
  };
}

/** Holds where the share of leads of whom something holds is within bounds. */
export function ofShare(bound: 'at least' | 'at most', percent: number, isSo: (life: Life) => boolean): NewJudge {
  return () => {
    let [leads, so] = [0, 0];
    let lead: number | null = null;
    return {
      look(life) {
        leads += 1;
        const holds = isSo(life);
        so += Number(holds);
        // Of too few one who is not among them, of too many one who is.
        if (holds === (bound === 'at most')) lead ??= life.number;
      },
      verdict() {
        const share = leads === 0 ? 0 : (100 * so) / leads;
        const holds = bound === 'at least' ? share >= percent : share <= percent;
        const found = `${so} of ${leads} leads (${Math.round(share * 10) / 10} %)`;
        return { holds, found, lead: holds ? null : lead, at: null };
      },
    };
  };
}

/** Holds where one figure of all is within a bound. */
export function ofFigure(of: (figures: Figures) => { readonly holds: boolean; readonly found: string }): NewJudge {
  return () => ({
    look() {},
    verdict: (figures) => ({ ...of(figures), lead: null, at: null }),
  });
}
