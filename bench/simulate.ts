import path from 'node:path';
import { readWorld } from '../cli/simulated-world.ts';
import { packageRoot } from '../config/package-root.ts';
import { sequenceSchema } from '../domain/sequence/definition.ts';
import type { Simulation } from '../domain/simulation/behave.ts';
import { builtInPopulation } from '../domain/simulation/built-in-population.ts';
import { simulate } from '../domain/simulation/simulate.ts';
import type { World } from '../domain/simulation/world.ts';
import { machine, wholeNumber, writeFigures } from './report-file.ts';
import { median } from './statistics.ts';

// `npm run bench:simulate`: the simulator on one core, without any database.
const LEADS = wholeNumber('TEND_BENCH_LEADS', 300);
const DAYS = wholeNumber('TEND_BENCH_DAYS', 90);
const ROUNDS = wholeNumber('TEND_BENCH_RUNS', 3);
const START = Date.UTC(2027, 2, 1);

const shipped = ['sequences/stationery', 'sequences/models/stationery.yaml', 'sequences/pacing.yaml', 'templates'];
const { world } = await readWorld(shipped.map((entry) => path.join(packageRoot, entry)));

/** Ten sequences that every lead comes into, by its sign-up or by its points, with waits, branches, a split and a stream each. */
function tenSequences(): World['sequences'] {
  return Array.from({ length: 10 }, (_, index) => ({
    versionId: index + 1,
    definition: sequenceSchema.parse({
      key: `s${index}`,
      name: `Sequence ${index}`,
      purpose: 'newsletter',
      entry:
        index < 5
          ? [{ event: 'Newsletter Subscribed' }]
          : [{ when: { score: 'stationery', points: { atLeast: index } } }],
      priority: 10 * index,
      goal: [{ event: 'Order Completed' }],
      streams: [
        {
          id: 'letters',
          tracks: [
            { id: 'cold', contents: ['paper-guide', 'pen-guide'] },
            { id: 'warm', when: { score: 'stationery', points: { atLeast: 20 } }, contents: ['ink-workshop'] },
          ],
        },
      ],
      steps: [
        { id: 'hello', kind: 'send', template: index % 2 === 0 ? 'newsletter' : 'pen-guide' },
        { id: 'look', kind: 'waitFor', event: { event: 'Branch Searched' }, timeout: { days: 4 + index } },
        { id: 'way', kind: 'branch', arms: [{ when: { lead: 'birthday', exists: true }, to: 'half' }] },
        { id: 'rest', kind: 'wait', for: { days: 3 } },
        {
          id: 'half',
          kind: 'split',
          arms: [
            { id: 'a', to: 'tuesday' },
            { id: 'b', to: 'letter' },
          ],
        },
        { id: 'tuesday', kind: 'wait', until: { weekdays: ['tue'], at: '10:00' } },
        { id: 'letter', kind: 'send', stream: 'letters', onExhausted: 'next' },
        { id: 'later', kind: 'wait', for: { days: 9 } },
        { id: 'again', kind: 'goTo', step: 'later', atMost: 3 },
        { id: 'last', kind: 'send', stream: 'letters', onExhausted: 'end' },
      ],
    }),
  }));
}

function measure(name: string, sequences: World['sequences']) {
  const population = { ...builtInPopulation, arriveWithin: { days: 1 } };
  const simulation: Simulation = { world: { ...world, sequences }, population, start: START, days: DAYS, seed: 1 };
  let mails = 0;
  const rounds = Array.from({ length: ROUNDS + 1 }, () => {
    const began = performance.now();
    const lives = simulate(simulation, LEADS);
    let step = lives.next();
    while (step.done !== true) step = lives.next();
    mails = step.value.figures.mails;
    return (1_000 * LEADS * DAYS) / (performance.now() - began);
  });
  // The first round warms up.
  const leadDays = Math.round(median(rounds.slice(1)));
  const a = Math.round(leadDays / DAYS);
  console.log(
    `  ${name.padEnd(34)}${leadDays.toLocaleString('en').padStart(10)} lead-days/s (${a.toLocaleString('en')} leads of ${DAYS} days a second, ${(mails / LEADS).toFixed(1)} mails a lead)`,
  );
  return { name, sequences: sequences.length, leadDaysPerSecond: leadDays, mailsPerLead: mails / LEADS };
}

const { cpu, node } = machine();
console.log(`${LEADS} leads × ${DAYS} days, one core of ${cpu}, Node ${node}; median of ${ROUNDS} rounds`);
const figures = [
  measure('the shipped stationery sequences', world.sequences),
  measure('ten sequences a lead', tenSequences()),
];
console.log(`All figures: ${writeFigures('simulate', { leads: LEADS, days: DAYS, rounds: ROUNDS, figures })}`);
