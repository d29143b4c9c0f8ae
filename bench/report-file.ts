import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, hostname, totalmem } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../config/package-root.ts';

/** What a figure is worth nothing without. */
export function machine() {
  return {
    host: hostname(),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
}

/** Writes all figures to `.tend/bench/<date>-<name>-<host>.json`, or to the file named by TEND_BENCH_OUT. Returns which. */
export function writeFigures(name: string, figures: object): string {
  const at = new Date().toISOString();
  const date = at.slice(0, 19).replaceAll(':', '');
  const given = process.env.TEND_BENCH_OUT;
  const file = given
    ? path.resolve(given)
    : path.join(packageRoot, '.tend', 'bench', `${date}-${name}-${hostname()}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at, machine: machine(), ...figures }, null, 2)}\n`);
  return file;
}

/** A whole number from 1 up, by an environment variable. */
export function wholeNumber(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number from 1 up`);
  return value;
}
