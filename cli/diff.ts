import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { checkDefinitions } from './check-definitions.ts';
import { compareFile, onlyLive } from './compare-definitions.ts';
import { DefinitionFileError, readDefinitionFiles } from './definition-files.ts';
import type { DiffLine } from './line-diff.ts';
import { shippedPaths } from './push.ts';
import { dim, green, red, yellow } from './terminal.ts';

export function registerDiff(program: Command): void {
  program
    .command('diff')
    .addArgument(shippedPaths())
    .description('say what pushing these files would change, and what is live in none of them')
    .action(diff);
}

const MARKS = { new: green('+'), same: dim('='), changed: yellow('~') };

async function diff(paths: readonly string[]): Promise<void> {
  const files = await readDefinitionFiles(paths);
  const { problems } = await checkDefinitions(files);
  if (problems.length > 0) throw new DefinitionFileError(problems.join('\n'));
  const api = await openApi();
  for (const file of files) {
    const { state, lines } = await compareFile(api, file);
    console.log(`${MARKS[state]} ${file.kind.padEnd(14)}${file.key.padEnd(28)}${dim(`${state}  ${file.file}`)}`);
    for (const line of lines) console.log(`    ${lineInColour(line)}`);
  }
  const left = await onlyLive(api, files);
  if (left.length > 0) console.log('\nLive, and in none of these files:');
  for (const { kind, keys } of left) console.log(`  ${kind.padEnd(14)}${keys.join(', ')}`);
}

function lineInColour(line: DiffLine): string {
  switch (line.kind) {
    case 'removed':
      return red(`- ${line.text}`);
    case 'added':
      return green(`+ ${line.text}`);
    case 'kept':
      return `  ${line.text}`;
    case 'skipped':
      return dim(`… ${line.lines} ${line.lines === 1 ? 'line' : 'lines'}`);
  }
}
