import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { definitionKinds } from '../domain/definition/definition.ts';
import { FILE_KINDS, jsonSchemaOf } from '../domain/definition/json-schema.ts';
import { simulationFileKinds, simulationJsonSchema } from '../domain/simulation/json-schema.ts';
import { dim, green } from './terminal.ts';

export function registerSchemas(program: Command): void {
  program
    .command('schemas')
    .argument('[folder]', 'where to write them', 'schemas')
    .description('write JSON Schemas of the definition files, for editors that complete and check them')
    .action(write);
}

async function write(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const schemas = [
    ...definitionKinds.map((kind) => [FILE_KINDS[kind], jsonSchemaOf(kind)] as const),
    ...simulationFileKinds.map((kind) => [kind, simulationJsonSchema(kind)] as const),
  ];
  for (const [kind, schema] of schemas) {
    const file = path.join(folder, `${kind}.schema.json`);
    await writeFile(file, `${JSON.stringify(schema, null, 2)}\n`);
    console.log(`${green('✓')} ${file}`);
  }
  console.log(
    dim(`First line of a file that uses one:  # yaml-language-server: $schema=${folder}/scoring-model.schema.json`),
  );
}
