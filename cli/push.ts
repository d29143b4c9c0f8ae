import path from 'node:path';
import { Argument, type Command } from 'commander';
import { packageRoot } from '../config/package-root.ts';
import { openApi } from './api-client.ts';
import { readDefinitionFiles } from './definition-files.ts';
import { type Pushed, pushDefinitions } from './push-definitions.ts';
import { dim, green, yellow } from './terminal.ts';

/**
 * What a first start loads: the stationery shop of the documentation, and its fast version for `tend demo`. The other
 * examples are for other companies: pushed beside it, each lead would have a standing in every one of them. The shop's
 * pacing policy stays out too: it keeps the two mails of `tend demo` 20 hours apart, and a first look on a Sunday silent.
 */
export const SHIPPED = [
  'templates/team',
  'templates/stationery',
  'sequences/models/stationery.yaml',
  'sequences/stationery',
  'sequences/demo',
].map((entry) => path.join(packageRoot, entry));

/** The files to work on; without any, those. */
export function shippedPaths(): Argument {
  return new Argument('[paths...]', 'YAML or JSON files, or folders with them').default(
    SHIPPED,
    'what a first start loads',
  );
}

export function registerPush(program: Command): void {
  program
    .command('push')
    .addArgument(shippedPaths())
    .option('--enrol-existing', 'leads whose entry condition holds already come into the sequences published')
    .description(
      'store and publish what files define: senders, layouts, templates, attributes, scoring models, sequences, mailings, pacing, teams',
    )
    .action(push);
}

async function push(
  paths: readonly string[],
  { enrolExisting = false }: { readonly enrolExisting?: boolean },
): Promise<void> {
  const files = await readDefinitionFiles(paths);
  if (files.length === 0) {
    console.log(`There is no .yaml or .json file in ${paths.join(', ')}.`);
    return;
  }
  const tell = ({ kind, key, version, changed, warnings }: Pushed) => {
    const state = changed
      ? `${version === null ? 'stored' : `version ${version} is live`}`
      : `version ${version} was live already`;
    console.log(`${changed ? green('✓') : dim('=')} ${kind.padEnd(14)}${key.padEnd(28)}${dim(state)}`);
    for (const warning of warnings) console.log(`  ${yellow('!')} ${warning}`);
  };
  await pushDefinitions(await openApi(), files, tell, enrolExisting ? 'enrol' : 'leave');
}
