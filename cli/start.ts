import { relative } from 'node:path';
import type { Command } from 'commander';
import { isLoopback } from '../config/loopback.ts';
import { readSettings, unknownSettings } from '../config/settings.ts';
import { createInstallation, type StartedInstallation } from '../embedded/installation.ts';
import { onStopRequest } from '../embedded/stop-request.ts';
import { afterStart } from './after-start.ts';
import { announceEvent } from './supervisor-lines.ts';
import { bold, complain, dim, green, seconds, terminalSteps, yellow } from './terminal.ts';

export function registerStart(program: Command): void {
  program
    .command('start')
    .description('start everything on this machine: PostgreSQL, Temporal, mailbox, worker, API')
    .action(start);
}

/** Runs until it is asked to stop. The exit code is 1 if the start failed. */
async function start(): Promise<void> {
  const began = performance.now();
  const settings = readSettings();
  console.log(`\n${bold('Tend')} ${dim(`is starting, with data in ${shown(settings.home)}`)}\n`);
  for (const line of warnings(settings.host)) console.log(`${yellow('!')} ${line}`);

  const steps = terminalSteps();
  const installation = createInstallation(process.env, steps, announceEvent);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= installation.stop();
    return stopped;
  };
  onStopRequest({
    stop: async (why) => {
      console.log(`\n${dim(`Stopping everything (${why}). A second Ctrl-C kills at once.`)}`);
      await stop();
      console.log(`${green('✓')} Stopped. The data stay in ${shown(settings.home)}.`);
      process.exit(0);
    },
    force: () => {
      installation.kill();
      console.log('Killed. The next start cleans up.');
      process.exit(1);
    },
  });

  try {
    const started = await installation.start();
    await steps.run('Sequences', (say) => afterStart(started.settings, started.addresses.api, say));
    console.log(welcome(started, performance.now() - began));
  } catch (error) {
    if (stopped !== undefined) return; // it was stopped while starting, and says so itself
    complain(error);
    await stop();
    process.exit(1);
  }
}

function warnings(host: string): readonly string[] {
  const unknown = unknownSettings().map(
    (name) => `${name} is no setting of Tend; docs/configuration.md lists them all.`,
  );
  const open = !isLoopback(host) || host === '0.0.0.0' || host === '::';
  return [
    ...unknown,
    ...(open ? [`Listening on ${host}: mailbox and Temporal ask for no password; keep others from their ports.`] : []),
  ];
}

function welcome({ settings, addresses }: StartedInstallation, ms: number): string {
  const row = (title: string, text: string): string => `  ${dim(title.padEnd(12))}${text}`;
  return [
    '',
    `${green('●')} ${bold('Tend is running')}  ${dim(`ready in ${seconds(ms)}`)}`,
    '',
    row('API', addresses.api),
    ...(addresses.mailbox ? [row('Mailbox', addresses.mailbox)] : []),
    ...(addresses.temporalPage ? [row('Temporal', addresses.temporalPage)] : []),
    row('Data', `${shown(settings.home)}  ${dim('logs in logs/')}`),
    row('Keys', 'npm run tend -- keys'),
    '',
    row('Try first', bold('npm run tend -- demo')),
    row('or by hand', `curl ${addresses.api}/v1/identify -H 'content-type: application/json' \\`),
    row('', `  -u "$(npm run -s tend -- keys show write):" \\`),
    row('', `  -d '{"userId":"tanja","traits":{"email":"tanja@example.org"}}'`),
    '',
    dim('  Ctrl-C stops everything; starting again goes on where it was.'),
    '',
  ].join('\n');
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}
