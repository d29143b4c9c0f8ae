import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, hostname, totalmem } from 'node:os';
import path from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { packageRoot } from '../config/package-root.ts';
import { MIXES, QUICK_MIXES } from './mixes.ts';
import { type Round, runRound } from './round.ts';
import { summarise } from './summary.ts';
import { printSummary } from './tables.ts';

// `npm run bench`: Tend beside a bare loop of signals on the same servers. docs/benchmarks.md says what it measures.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const quick = process.env.TEND_BENCH_QUICK === '1';
const runs = quick ? 1 : wholeNumber('TEND_BENCH_RUNS', 5);
const began = Date.now();
const machine = {
  host: hostname(),
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
};
console.log(`${runs} run${runs === 1 ? '' : 's'} on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}`);

const rounds: Round[] = [];
for (let number = 1; number <= runs; number += 1) {
  const say = (line: string) => console.log(`  ${((Date.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
  console.log(`Run ${number} of ${runs}`);
  rounds.push(await runRound({ number, mixes: quick ? QUICK_MIXES : MIXES, httpSeconds: quick ? 2 : 6, say }));
}

const summary = summarise(rounds);
printSummary(summary);
const file = outputFile();
mkdirSync(path.dirname(file), { recursive: true });
writeFileSync(
  file,
  `${JSON.stringify({ at: new Date(began).toISOString(), machine, quick, summary, rounds }, null, 2)}\n`,
);
console.log(`All figures: ${file}`);
process.exit(0);

function outputFile(): string {
  const given = process.env.TEND_BENCH_OUT;
  if (given) return path.resolve(given);
  const date = new Date(began).toISOString().slice(0, 19).replaceAll(':', '');
  return path.join(packageRoot, '.tend', 'bench', `${date}-${machine.host}.json`);
}

function wholeNumber(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number from 1 up`);
  return value;
}
