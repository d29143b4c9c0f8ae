import type { AttributeSet } from '../domain/attributes/definition.ts';
import { setProblems } from '../domain/attributes/vocabulary.ts';
import type { ConsentPolicy } from '../domain/consent/policy.ts';
import type { Template } from '../domain/definition/template.ts';
import { fieldProblems, validateDefinition } from '../domain/definition/validate.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import { repSchema } from '../domain/handoff/rep.ts';
import type { Mailing } from '../domain/mailing/mailing.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import { checkMails } from './check-mails.ts';
import type { CheckedFiles, ValidFile } from './checked-files.ts';
import { type DefinitionFile, problemLines } from './definition-files.ts';
import { fileKinds, isVersioned } from './file-kinds.ts';
import { type NamedTemplate, templatesNamedBy, templatesOfPolicy } from './templates-named.ts';

/** Checks files as pushing them would, by themselves and against each other, without an installation. */
export async function checkDefinitions(files: readonly DefinitionFile[]): Promise<CheckedFiles> {
  const problems: string[] = twice(files);
  const valid: ValidFile[] = [];
  for (const file of files) {
    const found = check(file);
    if ('problems' in found) problems.push(...problemLines(file, found.problems));
    else valid.push({ file, content: found.content });
  }
  problems.push(...sharedAttributes(valid));
  const mails = await checkMails(valid, files);
  const templates = checkTemplates(valid, files);
  return {
    problems: [...problems, ...mails.problems, ...templates.problems].sort(byPlace),
    warnings: [...mails.warnings].sort(byPlace),
    links: mails.links,
    notes: [...mails.notes, ...templates.notes],
  };
}

type Found = { readonly content: unknown } | { readonly problems: readonly FieldProblem[] };

function check({ kind, key, content }: DefinitionFile): Found {
  if (!isVersioned(kind)) return checkTeam(content);
  try {
    return { content: validateDefinition(fileKinds[kind].definition, key, content) };
  } catch (error) {
    if (!(error instanceof TendError)) throw error;
    return { problems: error.fields.length > 0 ? error.fields : [{ path: '', problem: error.detail }] };
  }
}

function checkTeam({ reps = [], ...more }: Record<string, unknown>): Found {
  const unknown = Object.keys(more).map((path) => ({ path, problem: 'is not a field here: a team has reps' }));
  if (!Array.isArray(reps))
    return { problems: [...unknown, { path: 'reps', problem: 'must be a list of representatives' }] };
  const problems = reps.flatMap((rep: unknown, index): FieldProblem[] => {
    const parsed = repSchema.safeParse(rep);
    if (!parsed.success)
      return fieldProblems(parsed.error).map(({ path, problem }) => ({
        path: path === '' ? `reps.${index}` : `reps.${index}.${path}`,
        problem,
      }));
    const first = reps.findIndex((other: { key?: unknown } | null) => other?.key === parsed.data.key);
    return first === index
      ? []
      : [{ path: `reps.${index}.key`, problem: `"${parsed.data.key}" is used twice: each needs its own` }];
  });
  return unknown.length + problems.length > 0 ? { problems: [...unknown, ...problems] } : { content: { reps } };
}

/** Two files for one thing: the second would be pushed over the first. */
function twice(files: readonly DefinitionFile[]): string[] {
  const seen = new Map<string, string>();
  return files.flatMap((file) => {
    const name = `${file.kind} ${file.key}`;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, file.file);
    return first === undefined
      ? []
      : problemLines(file, [{ path: 'key', problem: `is that of ${first} too: take one of the two files away` }]);
  });
}

/** All sets of attributes are one vocabulary. */
function sharedAttributes(valid: readonly ValidFile[]): string[] {
  const sets = valid.filter(({ file }) => file.kind === 'attributes');
  return sets.flatMap(({ file, content }, index) => {
    const others = sets.slice(0, index).map(({ content }) => content as AttributeSet);
    return problemLines(file, setProblems(content as AttributeSet, others));
  });
}

/** The templates that sequences, mailings and the consent policy name, where both are among the files; where one is not, only the installation can tell. */
function checkTemplates(
  valid: readonly ValidFile[],
  files: readonly DefinitionFile[],
): Pick<CheckedFiles, 'problems' | 'notes'> {
  const templates = new Map(
    valid.filter(({ file }) => file.kind === 'template').map(({ file, content }) => [file.key, content as Template]),
  );
  const written = new Set(files.filter(({ kind }) => kind === 'template').map(({ key }) => key));
  const problems: string[] = [];
  const notes: string[] = [];
  for (const { file, content } of valid) {
    for (const { path, key, toLead, service } of namedBy(file, content)) {
      const found = templates.get(key);
      if (!written.has(key))
        notes.push(`${file.placeOf(path)}: ${path} names the template "${key}", which is not among these files`);
      else if (found !== undefined && (found.recipient === 'lead') !== toLead)
        problems.push(...problemLines(file, [{ path, problem: wrongRecipient(key, toLead) }]));
      else if (found !== undefined && service !== undefined && (found.service === true) !== service)
        problems.push(...problemLines(file, [{ path, problem: wrongService(key, service) }]));
    }
  }
  return { problems, notes };
}

function namedBy({ kind }: DefinitionFile, content: unknown): NamedTemplate[] {
  if (kind === 'sequence') return templatesNamedBy(content as Sequence);
  if (kind === 'consent') return templatesOfPolicy(content as ConsentPolicy);
  return kind === 'mailing' ? [{ path: 'template', key: (content as Mailing).template, toLead: true }] : [];
}

function wrongRecipient(key: string, toLead: boolean): string {
  return toLead
    ? `names the template "${key}", which is for representatives: take one for leads`
    : `names the template "${key}", which is for leads: take one for representatives`;
}

function wrongService(key: string, service: boolean): string {
  return service
    ? `names the template "${key}", which is no service mail: a mail that asks for consent carries no advertising, so take one with service: true`
    : `names the template "${key}", which is a service mail: one that goes out under consent must let its reader unsubscribe`;
}

/** By file, then by line and column as numbers. */
function byPlace(a: string, b: string): number {
  const place = (line: string) => /^(.*?):(\d+):(\d+): /.exec(line);
  const [x, y] = [place(a), place(b)];
  if (x === null || y === null || x[1] !== y[1]) return a < b ? -1 : 1;
  return Number(x[2]) - Number(y[2]) || Number(x[3]) - Number(y[3]);
}
