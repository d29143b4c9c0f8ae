import { writeFile } from 'node:fs/promises';
import Table from 'cli-table3';
import { type Command, InvalidArgumentError } from 'commander';
import type { Simulation } from '../domain/simulation/behave.ts';
import { instantOf } from '../domain/simulation/local-words.ts';
import { lifeOf, type Simulated, simulate } from '../domain/simulation/simulate.ts';
import { readPopulation } from './population-file.ts';
import { endLines, timelineLines } from './show-timeline.ts';
import { readWorld } from './simulated-world.ts';
import { simulationReport } from './simulation-report.ts';
import { figureTables, keyFigures } from './simulation-tables.ts';
import { bold, dim, green } from './terminal.ts';

interface Options {
  readonly leads: number;
  readonly days: number;
  readonly start?: string;
  readonly seed: number;
  readonly personas?: string;
  readonly lead?: number;
  readonly steps: boolean;
  readonly report?: string;
}

export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .argument('<paths...>', 'sequences, and what they need: scoring models, templates, attributes, the pacing policy')
    .option('--leads <number>', 'how many leads; with 1 its life is told', wholeNumber(1), 500)
    .option('--days <number>', 'for how long', wholeNumber(1), 90)
    .option('--start <day>', 'the first day, such as 2027-03-01 (default: today)')
    .option('--seed <number>', 'the chance that is drawn from: the same seed gives the same lives', wholeNumber(0), 1)
    .option('--personas <file>', 'who they are and what they do (default: the built-in ones)')
    .option('--lead <number>', 'tell the life of this one of them', wholeNumber(1))
    .option('--steps', 'with the steps of the sequences, where one life is told', false)
    .option('--report <file>', 'write a report with charts, as one HTML file')
    .description('see what sequences will do, before any lead is in them; needs no running installation')
    .action(run);
}

function wholeNumber(least: number) {
  return (text: string): number => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`must be a whole number, ${least} or more`);
  };
}

async function run(paths: readonly string[], options: Options): Promise<void> {
  const { world, notes } = await readWorld(paths);
  const population = await readPopulation(options.personas);
  const day = options.start ?? new Date().toISOString().slice(0, 10);
  const start = /^\d{4}-\d\d-\d\d$/.test(day) ? instantOf(day, world.pacing.timeZone) : null;
  if (start === null) throw new Error(`--start ${day} is no day: write it as 2027-03-01.`);
  const { days, seed } = options;
  const simulation: Simulation = { world, population, start, days, seed };
  for (const note of notes) console.log(dim(note));
  const one = options.lead ?? (options.leads === 1 ? 1 : undefined);
  if (one !== undefined && options.report === undefined) {
    tell(simulation, one, options.steps);
    return;
  }
  const began = performance.now();
  const simulated = withProgress(simulation, options.leads);
  const seconds = (performance.now() - began) / 1000;
  show(simulation, simulated);
  const leadDays = Math.round((options.leads * days) / seconds).toLocaleString('en');
  console.log(
    dim(`\nSeed ${seed}, from ${day}; ${seconds.toFixed(1)} s, ${leadDays} lead-days a second. One of them: --lead 1`),
  );
  if (options.report === undefined) return;
  const command = `tend simulate ${paths.join(' ')} --leads ${options.leads} --days ${days} --start ${day} --seed ${seed}${options.personas === undefined ? '' : ` --personas ${options.personas}`}`;
  const example = lifeOf(simulation, one ?? 1);
  await writeFile(
    options.report,
    simulationReport({ simulation, figures: simulated.figures, example, notes, command }),
  );
  console.log(`${green('✓')} ${options.report}`);
}

function tell(simulation: Simulation, number: number, steps: boolean): void {
  const life = lifeOf(simulation, number);
  console.log(bold(`Lead ${number}, ${life.persona}`) + dim(`, times of ${life.zone}, seed ${simulation.seed}`));
  for (const line of timelineLines(life, { steps })) console.log(line);
  for (const line of endLines(life)) console.log(dim(line));
}

/** Lives them all, with the progress on a line that is rewritten where there is a terminal. */
function withProgress(simulation: Simulation, leads: number): Simulated {
  const rewrites = process.stderr.isTTY === true && process.stderr.columns > 0;
  let told = performance.now();
  const lives = simulate(simulation, leads);
  for (;;) {
    const step = lives.next();
    if (step.done === true) {
      if (rewrites) process.stderr.write('\r\x1b[K');
      return step.value;
    }
    if (!rewrites || performance.now() - told < 100) continue;
    told = performance.now();
    process.stderr.write(`\r${step.value.toLocaleString('en')} of ${leads.toLocaleString('en')} leads`);
  }
}

function show({ population }: Simulation, { figures }: Simulated): void {
  for (const { name, value } of keyFigures(figures, population.sales)) console.log(`${dim(name.padEnd(34))}${value}`);
  const weeks = figures.mailsPerLeadWeek.reduce((sum, one) => sum + one.weeks, 0);
  const distribution = figures.mailsPerLeadWeek.map((one) => ({
    name: `weeks with ${one.mails} ${one.mails === 1 ? 'mail' : 'mails'}`,
    share: one.weeks / Math.max(1, weeks),
  }));
  console.log(`\n${bold('Mails to one lead in one week')}`);
  for (const { name, share } of distribution)
    console.log(
      `${dim(name.padEnd(22))}${`${(100 * share).toFixed(1)} %`.padStart(7)} ${'█'.repeat(Math.round(share * 40))}`,
    );
  for (const { title, note, head, rows } of figureTables(figures)) {
    console.log(`\n${bold(title)}${note === undefined ? '' : dim(`  ${note}`)}`);
    const table = new Table({ head: head.map(dim), style: { head: [], border: [], compact: true }, chars: BARE });
    for (const row of rows)
      table.push(
        row.map((cell, column) =>
          column > 0 && /^[\d.,]+( %)?$/.test(cell) ? { content: cell, hAlign: 'right' as const } : cell,
        ),
      );
    console.log(table.toString());
  }
}

/** Columns without lines around them. */
const BARE = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((part) => [part, part === 'middle' ? ' ' : '']),
);
