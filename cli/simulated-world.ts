import type { AttributeSet } from '../domain/attributes/definition.ts';
import type { ConsentPolicy } from '../domain/consent/policy.ts';
import type { Template } from '../domain/definition/template.ts';
import { validateDefinition } from '../domain/definition/validate.ts';
import { TendError } from '../domain/errors.ts';
import type { PacingPolicy } from '../domain/pacing/policy.ts';
import type { ScoringModel } from '../domain/scoring/model.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import { type World, worldOf } from '../domain/simulation/world.ts';
import { DefinitionFileError, problemLines, readDefinitionFiles } from './definition-files.ts';
import { fileKinds } from './file-kinds.ts';
import { templatesNamedBy } from './templates-named.ts';

/** A world from files, and what was taken for granted of it. */
export interface WorldFromFiles {
  readonly world: World;
  /** In sentences: what is not among the files, and what that means. */
  readonly notes: readonly string[];
}

/**
 * Reads what is published in a world from files and folders, as it would be pushed.
 *
 * @throws DefinitionFileError naming every problem with its file and line
 */
export async function readWorld(paths: readonly string[]): Promise<WorldFromFiles> {
  const files = await readDefinitionFiles(paths);
  const problems: string[] = [];
  const notes: string[] = [];
  const read = { sequences: [] as Sequence[], models: [] as ScoringModel[], attributes: [] as AttributeSet[] };
  const templates: Pick<Template, 'key' | 'lineage' | 'repeatable'>[] = [];
  const policies: PacingPolicy[] = [];
  const consentPolicies: ConsentPolicy[] = [];
  for (const file of files) {
    const { kind, key, content } = file;
    try {
      if (kind === 'sequence') read.sequences.push(validateDefinition(fileKinds[kind].definition, key, content));
      if (kind === 'scoring-model') read.models.push(validateDefinition(fileKinds[kind].definition, key, content));
      if (kind === 'attributes') read.attributes.push(validateDefinition(fileKinds[kind].definition, key, content));
      if (kind === 'template') templates.push(validateDefinition(fileKinds[kind].definition, key, content));
      if (kind === 'pacing') policies.push(validateDefinition(fileKinds[kind].definition, key, content));
      if (kind === 'consent') consentPolicies.push(validateDefinition(fileKinds[kind].definition, key, content));
    } catch (error) {
      if (!(error instanceof TendError)) throw error;
      problems.push(
        ...problemLines(file, error.fields.length > 0 ? error.fields : [{ path: '', problem: error.detail }]),
      );
    }
  }
  problems.push(...moreThanOne('pacing', policies), ...moreThanOne('consent', consentPolicies));
  if (problems.length > 0) throw new DefinitionFileError(problems.join('\n'));
  if (read.sequences.length === 0)
    throw new DefinitionFileError(`There is no sequence in ${paths.join(', ')}: nothing to simulate.`);

  const known = new Set(templates.map(({ key }) => key));
  const named = new Set(
    read.sequences.flatMap((sequence) =>
      templatesNamedBy(sequence)
        .filter(({ toLead }) => toLead)
        .map(({ key }) => key),
    ),
  );
  const missing = [...named].filter((key) => !known.has(key)).sort();
  if (missing.length > 0) notes.push(`Not among the files, taken as published: ${missing.join(', ')}.`);
  for (const key of missing) templates.push({ key, lineage: key });
  if (read.models.length === 0)
    notes.push('No scoring model is among the files: nobody is offered to sales by points.');
  if (policies.length === 0) notes.push('No pacing policy is among the files: nothing is held back for it.');
  const [pacing] = policies;
  const [consentPolicy] = consentPolicies;
  return { world: worldOf({ ...read, templates, pacing, consentPolicy }), notes };
}

function moreThanOne(kind: string, policies: readonly { readonly key: string }[]): string[] {
  if (policies.length < 2) return [];
  const keys = policies.map(({ key }) => key).join(', ');
  return [
    `There are ${policies.length} ${kind} policies (${keys}): only one is live at a time, so give only that one.`,
  ];
}
