import Table from 'cli-table3';
import type { Command } from 'commander';
import type { CalibrationReport } from '../domain/scoring/calibration/calibrate.ts';
import type { CellRate } from '../domain/scoring/calibration/cell-rates.ts';
import { number, percent, range, signed } from '../domain/scoring/calibration/in-words.ts';
import type { Interval } from '../domain/scoring/calibration/interval.ts';
import type { Lift } from '../domain/scoring/calibration/lift.ts';
import { openApi } from './api-client.ts';
import { bold, dim, green, red } from './terminal.ts';

/** As the API gives it: instants as text. */
type Report = Omit<CalibrationReport, 'since' | 'until'> & {
  readonly since: string;
  readonly until: string;
  readonly notes: readonly string[];
};

export function registerCalibrate(program: Command): void {
  program
    .command('calibrate')
    .argument('<model>', 'key of a live scoring model')
    .option('--since <day>', 'look at leads offered from this day on (default: two years back)')
    .option('--outcomes <list>', 'outcomes to count, with won among them (default: won,lost,recycled,rejected)')
    .description('hold a scoring model against what sales made of its leads; changes nothing')
    .action(calibrate);
}

async function calibrate(model: string, options: { since?: string; outcomes?: string }): Promise<void> {
  const api = await openApi();
  const query = new URLSearchParams(options).toString();
  const address = `/api/scoring-models/${encodeURIComponent(model)}/calibration`;
  for (const line of reportLines(await api.call<Report>('GET', query === '' ? address : `${address}?${query}`))) {
    console.log(line);
  }
}

function reportLines(report: Report): string[] {
  const { modelName, model, modelVersion, since, handoffs, won, rate, missing, lifts, cells, suggestions } = report;
  const some = cells.filter(({ n }) => n > 0);
  return [
    `${bold(modelName)} ${dim(`(${model}, version ${modelVersion})`)}`,
    `  ${handoffs} closed handoffs offered since ${since.slice(0, 10)}, ${won} won${rate === null ? '' : `: ${rateText(rate)}`}`,
    ...(missing === null ? [] : [`  ${missing}`]),
    '',
    liftTable(lifts),
    ...(some.length === 0 ? [] : ['', cellTable(some)]),
    '',
    bold('Suggestions'),
    ...(suggestions.length === 0 ? ['  None: these outcomes are no sufficient reason to change anything.'] : []),
    ...suggestions.map(({ words }) => `  • ${words}`),
    '',
    ...report.notes.map((note) => dim(`  ${note}`)),
  ];
}

const NO_LINES_BETWEEN = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const table = (head: string[]) => new Table({ head, style: { head: [], border: [] }, chars: NO_LINES_BETWEEN });

function liftTable(lifts: readonly Lift[]): string {
  const rows = table(['', 'points', 'with', 'without', 'won with', 'won without', 'lift', '']);
  for (const lift of lifts) {
    const { kind, id, points, evidence, missing } = lift;
    const start = [`${kind} ${id}`, points === null ? '' : signed(points), lift.with, lift.without];
    if (evidence === null) rows.push([...start, '', '', '', dim(missing ?? '')]);
    else {
      const { rateWith, rateWithout, lift: ratio } = evidence;
      rows.push([
        ...start,
        rateText(rateWith),
        rateText(rateWithout),
        `${number(ratio.estimate)} (${range(ratio)})`,
        verdict(evidence.distinguishable, ratio),
      ]);
    }
  }
  return rows.toString();
}

function verdict(distinguishable: boolean, { estimate }: Interval): string {
  if (!distinguishable) return dim('may be chance');
  return estimate > 1 ? green('won more often') : red('won less often');
}

function cellTable(cells: readonly CellRate[]): string {
  const rows = table(['cell', 'handoffs', 'won']);
  for (const { cell, n, rate, missing } of cells)
    rows.push([cell, n, rate === null ? dim(missing ?? '') : rateText(rate)]);
  return rows.toString();
}

function rateText({ estimate, low, high }: Interval): string {
  return `${percent(estimate)} (${percent(low)}–${percent(high)})`;
}
