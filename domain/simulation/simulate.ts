import { DAY } from '../instant.ts';
import { leadOf, type Simulation } from './behave.ts';
import type { Expectation } from './expectation.ts';
import { countFigures, type Figures } from './figures.ts';
import type { Verdict } from './judge.ts';
import { liveLead } from './lead-life.ts';
import type { Life } from './life.ts';

/** Lives the lead of this number: the same life alone and among thousands. */
export function lifeOf(simulation: Simulation, number: number): Life {
  const { world, start, days } = simulation;
  const { lead, behaviour } = leadOf(simulation, number);
  return liveLead(world, lead, behaviour, start + days * DAY);
}

export interface Simulated {
  readonly figures: Figures;
  /** In the order of the expectations. */
  readonly verdicts: readonly Verdict[];
}

/** Lives `leads` of them, a lead at a time: after each it yields the number lived. No life is kept. */
export function* simulate(
  simulation: Simulation,
  leads: number,
  expectations: readonly Expectation[] = [],
): Generator<number, Simulated> {
  const count = countFigures(simulation.world, simulation.start, simulation.days);
  const judges = expectations.map(({ judge }) => judge(simulation.world));
  for (let number = 1; number <= leads; number += 1) {
    const life = lifeOf(simulation, number);
    count.add(life);
    for (const judge of judges) judge.look(life);
    yield number;
  }
  const figures = count.figures();
  return { figures, verdicts: judges.map((judge) => judge.verdict(figures)) };
}
