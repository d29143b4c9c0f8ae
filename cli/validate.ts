import type { Command } from 'commander';
import { checkDefinitions } from './check-definitions.ts';
import { readAllFiles } from './definition-files.ts';
import { shippedPaths } from './push.ts';
import { dim, green, red } from './terminal.ts';

export function registerValidate(program: Command): void {
  program
    .command('validate')
    .addArgument(shippedPaths())
    .description('check files before they are pushed; needs no running installation')
    .action(validate);
}

async function validate(paths: readonly string[]): Promise<void> {
  const read = await readAllFiles(paths);
  const checked = await checkDefinitions(read.files);
  const problems = [...read.problems, ...checked.problems];
  for (const problem of problems) console.log(`${red('✗')} ${problem}`);
  for (const note of checked.notes) console.log(dim(`  ${note}`));
  const files = read.files.length + read.problems.length;
  if (problems.length > 0) {
    console.log(`${count(problems.length, 'problem')} in ${count(files, 'file')}.`);
    process.exitCode = 1;
  } else if (files === 0) console.log(`There is no .yaml or .json file in ${paths.join(', ')}.`);
  else console.log(`${green('✓')} ${count(files, 'file')} valid.`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
