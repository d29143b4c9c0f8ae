import { setTimeout as pause } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { ReplayReport } from '../domain/scoring/replay-report.ts';
import { type ApiClient, openApi } from './api-client.ts';
import { progressLine } from './progress-line.ts';
import { bold, dim, green, yellow } from './terminal.ts';

export function registerReplay(program: Command): void {
  program
    .command('replay')
    .argument('<key>', 'the scoring model')
    .option('--version <number>', 'a version of it (default: the draft)', wholeNumber)
    .option('--per-week <leads>', 'how many leads sales can take a week', wholeNumber)
    .description("play a scoring model's draft over all recorded history: what would publishing it change?")
    .action(replay);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1 up.');
  return Number(text);
}

interface Replay {
  readonly id: string;
  readonly version: number;
  readonly against: number | null;
  readonly state: 'waiting' | 'running' | 'done' | 'cancelled' | 'failed';
  readonly leads: number;
  readonly leadsDone: number;
  readonly error: string | null;
  readonly words: string | null;
  readonly report: ReplayReport | null;
}

const LOOK_MS = 300;

async function replay(key: string, options: { readonly version?: number; readonly perWeek?: number }): Promise<void> {
  const api = await openApi();
  const { id } = await api.call<{ id: string }>(
    'POST',
    `/api/scoring-models/${encodeURIComponent(key)}/replay`,
    options,
  );
  const ended = await follow(api, id);
  const versions = `version ${ended.version}${ended.against === null ? '' : ` instead of ${ended.against}`}`;
  if (ended.state === 'failed') throw new Error(`the replay failed after ${ended.leadsDone} leads: ${ended.error}`);
  if (ended.state === 'cancelled') {
    console.log(`${yellow('■')} Cancelled after ${count(ended.leadsDone)} of ${count(ended.leads)} leads.`);
    process.exitCode = 1;
    return;
  }
  if (ended.report === null || ended.words === null) return;
  console.log(`${green('✓')} ${bold(key)} ${dim(versions)}\n  ${ended.words}.`);
  printPlaces(ended.report);
  printSamples(ended.report);
}

/** Shows progress until the replay ends; Ctrl-C ends it. A second Ctrl-C ends this command only. */
async function follow(api: ApiClient, id: string): Promise<Replay> {
  let cancelled = false;
  const cancel = () => {
    cancelled = true;
  };
  process.once('SIGINT', cancel);
  const shown = progressLine();
  try {
    for (;;) {
      const replay = await (cancelled
        ? api.call<Replay>('POST', `/api/replays/${id}/cancel`)
        : api.call<Replay>('GET', `/api/replays/${id}`));
      shown.say(progressInWords(replay));
      if (replay.state !== 'waiting' && replay.state !== 'running') return replay;
      await pause(LOOK_MS);
    }
  } finally {
    shown.end();
    process.off('SIGINT', cancel);
  }
}

function progressInWords({ state, leads, leadsDone }: Replay): string {
  if (state === 'waiting') return 'waits for its turn';
  const share = leads === 0 ? 0 : Math.floor((100 * leadsDone) / leads);
  return `${count(leadsDone)} of ${count(leads)} leads, ${share} %`;
}

function printPlaces({ places }: ReplayReport): void {
  const moves = Object.entries(places)
    .flatMap(([from, row]) => Object.entries(row).map(([to, leads]) => ({ from, to, leads })))
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => b.leads - a.leads);
  if (moves.length === 0) return;
  console.log();
  for (const { from, to, leads } of moves) console.log(`  ${`${from} → ${to}`.padEnd(24)}${count(leads).padStart(10)}`);
}

function printSamples({ samples }: ReplayReport): void {
  if (samples.length === 0) return;
  console.log(`\n  ${dim('for example')}`);
  for (const { lead, from, to, qualifiedBefore, qualifiedAfter } of samples) {
    const turn = qualifiedBefore === qualifiedAfter ? '' : qualifiedAfter ? 'ready for sales' : 'no longer ready';
    console.log(`  ${lead}  ${`${from} → ${to}`.padEnd(24)}${dim(turn)}`);
  }
}

function count(leads: number): string {
  return leads.toLocaleString('en');
}
