import Table from 'cli-table3';
import type { Summary } from './summary.ts';

/** Prints the summary as tables. */
export function printSummary({ mixes, latency, http, targets }: Summary): void {
  const rates = table([
    'mix',
    'bare /s',
    'accepted /s',
    'scored /s',
    'settled /s',
    'scored ÷ bare',
    'settled ÷ bare',
    'history',
  ]);
  for (const mix of mixes) {
    rates.push([
      mix.mix,
      whole(mix.bare),
      whole(mix.accepted),
      whole(mix.scored),
      whole(mix.settled),
      `${mix.scoredRatio.toFixed(1)} ×`,
      `${mix.settledRatio.toFixed(1)} ×`,
      `${whole(mix.historyEvents)} events, ${(mix.historyBytes / 1024).toFixed(1)} KB`,
    ]);
  }
  console.log(`\nEvents per second, and as a ratio to the bare loop of signals\n${rates.toString()}`);

  const times = table([`at ${whole(latency.rate)} events/s`, 'p50', 'p99']);
  times.push(['event to standing', milliseconds(latency.standingP50), milliseconds(latency.standingP99)]);
  times.push([
    'threshold-crossing event to handoff',
    milliseconds(latency.handoffP50),
    milliseconds(latency.handoffP99),
  ]);
  console.log(times.toString());
  console.log(`HTTP: /v1/batch ${whole(http.batchEvents)} events/s, /v1/track ${whole(http.trackRequests)} requests/s`);

  const marks = table(['target', 'wanted', 'found', '']);
  for (const { what, wanted, found, met } of targets) marks.push([what, wanted, found, met ? '✓' : 'missed']);
  console.log(marks.toString());
}

function table(head: string[]): Table.Table {
  const colAligns = head.map((_, index) => (index === 0 ? 'left' : 'right') as Table.HorizontalAlignment);
  return new Table({ head, colAligns, style: { head: [], border: [] } });
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;
