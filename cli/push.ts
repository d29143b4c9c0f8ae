import path from 'node:path';
import type { Command } from 'commander';
import { packageRoot } from '../config/package-root.ts';
import { openApi } from './api-client.ts';
import { readDefinitionFiles } from './definition-files.ts';
import { pushDefinitions } from './push-definitions.ts';
import { dim, green } from './terminal.ts';

/** What Tend comes with: the stationery shop of the documentation, and its fast version for `tend demo`. */
export const SHIPPED = ['templates', 'sequences'].map((folder) => path.join(packageRoot, folder));

export function registerPush(program: Command): void {
  program
    .command('push')
    .argument('[paths...]', 'YAML files, or folders with them', SHIPPED)
    .description('store and publish templates, scoring models, sequences and teams from files')
    .action(push);
}

async function push(paths: readonly string[]): Promise<void> {
  const files = await readDefinitionFiles(paths);
  if (files.length === 0) {
    console.log(`There is no .yaml file in ${paths.join(', ')}.`);
    return;
  }
  await pushDefinitions(await openApi(), files, ({ kind, key, version, changed }) => {
    const state = changed
      ? `${version === null ? 'stored' : `version ${version} is live`}`
      : `version ${version} was live already`;
    console.log(`${changed ? green('✓') : dim('=')} ${kind.padEnd(14)}${key.padEnd(28)}${dim(state)}`);
  });
}
