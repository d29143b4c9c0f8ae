import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { moment } from './moment.ts';
import { green, yellow } from './terminal.ts';

export function registerEnrolment(program: Command): void {
  const enrolment = program
    .command('enrolment')
    .description('steer one lead in one sequence, by the id that "tend why <lead>" shows');
  enrolment.command('pause').argument('<id>').description('hold it where it is').action(pause);
  enrolment.command('resume').argument('<id>').description('let it go on from where it stood').action(resume);
  enrolment
    .command('remove')
    .argument('<id>')
    .option('--reason <text>', 'why; kept with the enrolment')
    .description('take the lead out of the sequence')
    .action(remove);
  enrolment
    .command('advance')
    .argument('<id>')
    .option('--to <step>', "a step's id, or end (without it: the step that follows)")
    .description('take the lead past its present step')
    .action(advance);
}

async function steer<T>(id: string, verb: string, body: object = {}): Promise<T> {
  return (await openApi()).call<T>('POST', `/api/enrolments/${encodeURIComponent(id)}/${verb}`, body);
}

async function pause(id: string): Promise<void> {
  const { leadId, sequence, pausedAt } = await steer<{ leadId: string; sequence: string; pausedAt: string }>(
    id,
    'pause',
  );
  console.log(`${yellow('■')} Lead ${leadId} is held in ${sequence} since ${moment(pausedAt)}.`);
}

async function resume(id: string): Promise<void> {
  const { leadId, sequence } = await steer<{ leadId: string; sequence: string }>(id, 'resume');
  console.log(`${green('▶')} Lead ${leadId} goes on in ${sequence}.`);
}

async function remove(id: string, { reason }: { readonly reason?: string }): Promise<void> {
  const { leadId, sequence, mailBeingSent } = await steer<{ leadId: string; sequence: string; mailBeingSent: boolean }>(
    id,
    'remove',
    reason === undefined ? {} : { reason },
  );
  const rest = mailBeingSent ? ' A mail that is being sent at this moment may still arrive.' : '';
  console.log(`${green('✓')} Lead ${leadId} is out of ${sequence}.${rest}`);
}

async function advance(id: string, { to }: { readonly to?: string }): Promise<void> {
  const done = await steer<{ leadId: string; sequence: string; from: string; to: string }>(
    id,
    'advance',
    to === undefined ? {} : { to },
  );
  console.log(`${green('✓')} Lead ${done.leadId} went from ${done.from} to ${done.to} in ${done.sequence}.`);
}
