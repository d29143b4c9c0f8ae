import { DAY, HOUR } from '../domain/instant.ts';
import type { Interaction } from '../domain/interaction/interaction.ts';
import { emptyStanding, foldAll } from '../domain/scoring/fold.ts';
import { scoringModelSchema } from '../domain/scoring/model.ts';
import { EVENT_NAMES, fiftyRules, VARIANTS } from './fifty-rules.ts';
import { machine, wholeNumber, writeFigures } from './report-file.ts';
import { median } from './statistics.ts';

// `npm run bench:fold`: the fold alone, on one core, without any database.
const LEADS = wholeNumber('TEND_BENCH_LEADS', 2_000);
const EVENTS = wholeNumber('TEND_BENCH_EVENTS', 20);
const ROUNDS = wholeNumber('TEND_BENCH_RUNS', 5);
const NOON = Date.UTC(2026, 5, 1, 12);

const histories = Array.from({ length: LEADS }, (_, lead) =>
  Array.from({ length: EVENTS }, (_, index): Interaction => {
    const id = lead * EVENTS + index;
    // Spread over half a year by two primes, so that names and gaps differ from lead to lead.
    const name = EVENT_NAMES[(id * 7_919) % EVENT_NAMES.length] ?? '';
    const occurredAt = NOON + index * ((180 * DAY) / EVENTS) + ((id * 104_729) % 100) * HOUR;
    return { id, source: 'website', messageId: `m${id}`, kind: 'track', name, properties: { path: '/' }, occurredAt };
  }).sort((a, b) => a.occurredAt - b.occurredAt),
);

function rate(work: () => void): number {
  work();
  const rounds = Array.from({ length: ROUNDS }, () => {
    const began = performance.now();
    work();
    return (1_000 * LEADS * EVENTS) / (performance.now() - began);
  });
  return median(rounds);
}

const { cpu, node } = machine();
console.log(
  `${LEADS} leads × ${EVENTS} events, 50 rules, one core of ${cpu}, Node ${node}; median of ${ROUNDS} rounds`,
);
const figures = Object.entries(VARIANTS).map(([variant, parts]) => {
  const model = scoringModelSchema.parse(fiftyRules(parts));
  const whole = rate(() => {
    for (const history of histories) foldAll(model, history);
  });
  const single = rate(() => {
    for (const history of histories) {
      let standing = emptyStanding;
      for (const interaction of history) standing = foldAll(model, [interaction], { from: standing }).standing;
    }
  });
  console.log(
    `  ${variant.padEnd(42)}${Math.round(whole).toLocaleString('en').padStart(10)} events/s whole histories${Math.round(single).toLocaleString('en').padStart(12)} one at a time`,
  );
  return { variant, wholeHistories: Math.round(whole), oneAtATime: Math.round(single) };
});
console.log(`All figures: ${writeFigures('fold', { leads: LEADS, events: EVENTS, rounds: ROUNDS, figures })}`);
