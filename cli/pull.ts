import { type Command, Option } from 'commander';
import { openApi } from './api-client.ts';
import { allFileKinds, type FileKind } from './file-kinds.ts';
import { type Pulled, pullDefinitions } from './pull-definitions.ts';
import { dim, green, yellow } from './terminal.ts';

export function registerPull(program: Command): void {
  program
    .command('pull')
    .argument('[folder]', 'where to write them', 'definitions')
    .addOption(new Option('--kind <kind>', 'of this kind only').choices(allFileKinds))
    .option('--key <key>', 'of this key only')
    .option('--force', 'write over files that differ from what is live')
    .description('write what is live as files; files that differ are left alone')
    .action(pull);
}

const MARKS: { readonly [state in Pulled['state']]: string } = {
  written: green('✓'),
  same: dim('='),
  kept: yellow('■'),
};

async function pull(
  folder: string,
  options: { readonly kind?: FileKind; readonly key?: string; readonly force?: boolean },
): Promise<void> {
  const pulled = await pullDefinitions(await openApi(), { folder, ...options });
  for (const { kind, key, file, state } of pulled)
    console.log(`${MARKS[state]} ${kind.padEnd(14)}${key.padEnd(28)}${dim(`${state}  ${file}`)}`);
  if (pulled.length === 0) {
    console.log('Nothing of that is live: "tend pull" without --kind and --key writes all that is.');
    process.exitCode = 1;
  }
  if (pulled.some(({ state }) => state === 'kept')) {
    console.log('Kept files differ from what is live: "tend diff" shows how, "--force" writes over them.');
    process.exitCode = 1;
  }
}
