import { fieldProblems } from '../domain/definition/validate.ts';
import { builtInPopulation } from '../domain/simulation/built-in-population.ts';
import { type Population, populationSchema } from '../domain/simulation/persona.ts';
import { DefinitionFileError, problemLines, readPlacedFile } from './definition-files.ts';

/**
 * Reads who is simulated; the built-in people without a file.
 *
 * @throws DefinitionFileError naming every problem with its line
 */
export async function readPopulation(file: string | undefined): Promise<Population> {
  if (file === undefined) return builtInPopulation;
  const read = await readPlacedFile(file, 'kind: personas').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new DefinitionFileError(`There is no file ${file}.`);
    throw error;
  });
  if (typeof read === 'string') throw new DefinitionFileError(read);
  if (read.kind !== 'personas') throw new DefinitionFileError(`${read.placeOf('kind')}: kind must be personas`);
  const parsed = populationSchema.safeParse(read.content);
  if (!parsed.success) throw new DefinitionFileError(problemLines(read, fieldProblems(parsed.error)).join('\n'));
  return parsed.data;
}
