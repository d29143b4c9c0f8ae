import { type Command, InvalidArgumentError } from 'commander';
import type { Duration } from '../domain/instant.ts';
import { openApi } from './api-client.ts';
import { findLeads } from './find-leads.ts';
import { moment } from './moment.ts';
import { dim, green } from './terminal.ts';

export function registerAdjust(program: Command): void {
  program
    .command('adjust')
    .argument('<lead>', 'mail address, external id or lead id')
    .requiredOption('--model <key>', 'the scoring model under which the points count')
    .requiredOption('--points <number>', 'how many, such as 20 or -10', wholeNumber)
    .requiredOption('--reason <text>', 'why, for whoever asks later')
    .option('--valid-for <duration>', 'after that they count no more, such as 30d or 12h', duration)
    .description('give a lead points by hand, or take some')
    .action(adjust);
}

function wholeNumber(text: string): number {
  if (!/^[+-]?\d{1,4}$/.test(text)) throw new InvalidArgumentError('must be a whole number, such as 20 or -10.');
  return Number(text);
}

function duration(text: string): Duration {
  const [, count, unit] = /^(\d{1,5})([dh])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('must be days or hours, such as 30d or 12h.');
  return unit === 'd' ? { days: Number(count) } : { hours: Number(count) };
}

interface Adjustment {
  readonly model: string;
  readonly points: number;
  readonly reason: string;
  readonly validFor?: Duration;
}

async function adjust(lead: string, adjustment: Adjustment): Promise<void> {
  const api = await openApi();
  const [id, another] = await findLeads(api, lead);
  if (another !== undefined) throw new Error(`Several leads are known as ${lead}: give the lead id of one.`);
  const { model, points, reason, validFor } = adjustment;
  const { interactionId, endsAt } = await api.call<{ interactionId: number; endsAt: string | null }>(
    'POST',
    `/api/leads/${id}/score-adjustments`,
    { model, points, reason, ...(validFor && { validFor }) },
  );
  const until = endsAt === null ? '' : ` until ${moment(endsAt)}`;
  console.log(`${green('✓')} ${points > 0 ? '+' : ''}${points} under "${model}"${until}: ${reason}`);
  console.log(dim(`  lead ${id}; to take it back: POST /api/interactions/${interactionId}/discount`));
}
