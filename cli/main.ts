/** The `tend` command. Each subcommand is a file of this folder that registers itself here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../config/package-root.ts';
import { registerAdjust } from './adjust.ts';
import { registerCalibrate } from './calibrate.ts';
import { registerDemo } from './demo.ts';
import { registerDiff } from './diff.ts';
import { registerDkim } from './dkim.ts';
import { registerDoctor } from './doctor.ts';
import { registerEnrol } from './enrol.ts';
import { registerEnrolment } from './enrolment.ts';
import { registerErase } from './erase.ts';
import { registerExplain } from './explain.ts';
import { registerExport } from './export.ts';
import { registerInbound } from './inbound.ts';
import { registerKeys } from './keys.ts';
import { registerMailing } from './mailing.ts';
import { registerPause } from './pause.ts';
import { registerPreview } from './preview.ts';
import { registerPull } from './pull.ts';
import { registerPush } from './push.ts';
import { registerReplay } from './replay.ts';
import { registerSchemas } from './schemas.ts';
import { registerSenders } from './senders.ts';
import { registerSequence } from './sequence.ts';
import { registerSequences } from './sequences.ts';
import { registerSettle } from './settle.ts';
import { registerSimulate } from './simulate.ts';
import { registerStart } from './start.ts';
import { registerStatus } from './status.ts';
import { registerStop } from './stop.ts';
import { registerSuppressions } from './suppressions.ts';
import { complain } from './terminal.ts';
import { registerTest } from './test.ts';
import { registerValidate } from './validate.ts';
import { registerWalk } from './walk.ts';
import { registerWhy } from './why.ts';

const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };

const program = new Command('tend')
  .description('Lead nurturing: scores leads on every interaction, nurtures them by mail, hands them to sales.')
  .version(version)
  // `tend replay shop --version 3` means the model's version, not this program's.
  .enablePositionalOptions();

const commands = [
  registerStart,
  registerStop,
  registerStatus,
  registerKeys,
  registerPush,
  registerValidate,
  registerDiff,
  registerPull,
  registerReplay,
  registerPreview,
  registerDemo,
  registerWhy,
  registerMailing,
  registerWalk,
  registerCalibrate,
  registerEnrol,
  registerExplain,
  registerAdjust,
  registerSettle,
  registerSuppressions,
  registerExport,
  registerErase,
  registerSequences,
  registerSequence,
  registerEnrolment,
  registerInbound,
  registerSenders,
  registerSchemas,
  registerSimulate,
  registerTest,
  registerPause,
  registerDoctor,
  registerDkim,
];
for (const register of commands) register(program);
pointToHelp(program, 'tend');

try {
  await program.parseAsync();
} catch (error) {
  complain(error);
  process.exitCode = 1;
}

/** Whoever mistypes is shown the help of that command, not of all. */
function pointToHelp(command: Command, name: string): void {
  command.showHelpAfterError(
    `(${name} --help shows ${command.commands.length > 0 ? 'the commands' : 'what it takes'})`,
  );
  for (const each of command.commands) pointToHelp(each, `${name} ${each.name()}`);
}
