import type { Command } from 'commander';
import { checkDefinitions } from './check-definitions.ts';
import { checkLinks } from './check-links.ts';
import { readAllFiles } from './definition-files.ts';
import { shippedPaths } from './push.ts';
import { dim, green, red, yellow } from './terminal.ts';

export function registerValidate(program: Command): void {
  program
    .command('validate')
    .addArgument(shippedPaths())
    .option('--check-links', 'ask also whether the pages are there that templates link to')
    .description('check files before they are pushed; needs no running installation')
    .action(validate);
}

async function validate(
  paths: readonly string[],
  { checkLinks: live = false }: { readonly checkLinks?: boolean },
): Promise<void> {
  const read = await readAllFiles(paths);
  const checked = await checkDefinitions(read.files);
  const problems = [...read.problems, ...checked.problems];
  for (const problem of problems) console.log(`${red('✗')} ${problem}`);
  const warnings = [...checked.warnings, ...(live ? await checkLinks(checked.links) : [])];
  for (const warning of warnings) console.log(`${yellow('!')} ${warning}`);
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
