import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { green, yellow } from './terminal.ts';

export function registerPause(program: Command): void {
  program
    .command('pause')
    .requiredOption('--all', 'all marketing mail of this installation')
    .description('stop all marketing mail at once; nobody leaves a sequence, mails are delayed')
    .action(pause);
  program.command('resume').description('let marketing mail go on').action(resume);
}

async function pause(): Promise<void> {
  const api = await openApi();
  const { pausedAt, pausedBy } = await api.call<{ pausedAt: string; pausedBy: string }>('POST', '/api/pause');
  console.log(
    `${yellow('■')} All marketing is paused since ${pausedAt} (by ${pausedBy}). "tend resume" lets it go on.`,
  );
}

async function resume(): Promise<void> {
  const api = await openApi();
  await api.call('POST', '/api/resume');
  console.log(`${green('▶')} Marketing goes on: what was delayed passes the gate again.`);
}
