import { type Command, InvalidArgumentError } from 'commander';
import type { Duration } from '../domain/instant.ts';
import { openApi } from './api-client.ts';
import { followWork } from './follow-work.ts';
import { type MigrateOptions, migrate, versionNumber } from './migrate.ts';
import { moment } from './moment.ts';
import { type SplitOptions, split } from './split.ts';
import { green, yellow } from './terminal.ts';

export function registerSequence(program: Command): void {
  const sequence = program.command('sequence').description('steer a live sequence');
  sequence
    .command('pause')
    .argument('<key>')
    .description('hold everybody in it where they are; nobody leaves, and nothing of it is sent')
    .action(pause);
  sequence
    .command('resume')
    .argument('<key>')
    .option('--over <time>', 'spread the mails of those it held over this time, such as 30m, 6h or 2d', duration)
    .description('let it go on from where it stood, without a flood of mails')
    .action(resume);
  sequence
    .command('migrate')
    .argument('<key>')
    .option('--default <fate>', 'stay (as it is without this), same-step, restart or leave', 'stay')
    .option(
      '--step <step=fate>',
      'another fate for those at one step; to:<step> for a step of the new version',
      collect,
      [],
    )
    .option(
      '--from <version>',
      'those on this version only',
      (text, all: number[]) => [...all, versionNumber(text)],
      [],
    )
    .option('--apply', 'do it; without this it is shown only')
    .description('take leads in flight over to the live version')
    .action((key: string, options: MigrateOptions) => migrate(key, options));
  sequence
    .command('split')
    .argument('<key>')
    .argument('<step>', 'the split')
    .option('--event <name>', 'count who did this, instead of who reached the goal')
    .option('--days <days>', 'within so many days of being drawn (14)')
    .option('--winner <arm>', "send everybody who comes to it from now on this arm's way")
    .option('--no-winner', 'draw again')
    .description('how the arms of a split do, and who wins')
    .action((key: string, step: string, options: SplitOptions) => split(key, step, options));
}

function collect(text: string, all: readonly string[]): string[] {
  return [...all, text];
}

const UNITS = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' } as const;

/** `30m` as a duration, for commander. */
export function duration(text: string): Duration {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined)
    throw new InvalidArgumentError('must be a time such as 90s, 30m, 6h or 2d.');
  return { [UNITS[unit as keyof typeof UNITS]]: Number(count) };
}

async function pause(key: string): Promise<void> {
  const api = await openApi();
  const { pausedAt } = await api.call<{ pausedAt: string }>('POST', `/api/sequences/${encodeURIComponent(key)}/pause`);
  await followWork(api, key, 'pause');
  console.log(
    `${yellow('■')} ${key} is paused since ${moment(pausedAt)}. Nobody leaves it; who comes in waits. "tend sequence resume ${key}" lets it go on.`,
  );
}

async function resume(key: string, { over }: { readonly over?: Duration }): Promise<void> {
  const api = await openApi();
  const { changed } = await api.call<{ changed: boolean }>(
    'POST',
    `/api/sequences/${encodeURIComponent(key)}/resume`,
    over === undefined ? {} : { over },
  );
  await followWork(api, key, 'resume');
  console.log(changed ? `${green('▶')} ${key} goes on.` : `${key} was not paused.`);
}
