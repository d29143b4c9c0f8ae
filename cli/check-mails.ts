import type { Layout, Partial } from '../domain/definition/layout.ts';
import type { Template } from '../domain/definition/template.ts';
import { TendError } from '../domain/errors.ts';
import { DEFAULT_SENDER, type Sender } from '../domain/sender/sender.ts';
import { layoutProblems, partialProblems } from '../mail/check-include.ts';
import { type CheckedMail, checkMail } from '../mail/check-mail.ts';
import { compileTemplate } from '../mail/compile-template.ts';
import { type Includes, partialsNamedIn } from '../mail/expand.ts';
import { SAMPLE_SENDER } from '../mail/sample-mails.ts';
import type { PlacedLink } from './check-links.ts';
import type { CheckedFiles, ValidFile } from './checked-files.ts';
import { type DefinitionFile, problemLines } from './definition-files.ts';

/**
 * Compiles templates with the layouts and partials among the files, and tries them on a reader of whom nothing is known. What
 * includes something that is not among them can be judged only where Tend runs.
 */
export async function checkMails(valid: readonly ValidFile[], files: readonly DefinitionFile[]): Promise<CheckedFiles> {
  const includes = includesAmong(valid);
  const senders = new Map(contentsOf<Sender>(valid, 'sender').map((sender) => [sender.key, sender]));
  const problems: string[] = [];
  const warnings: string[] = [];
  const notes: string[] = [];
  const links: PlacedLink[] = [];
  const written = (kind: string, key: string) => files.some((file) => file.kind === kind && file.key === key);

  for (const { file, content } of valid) {
    const named = namedBy(file, content, includes);
    const missing = named.filter(({ kind, key }) => !includesHas(includes, kind, key));
    const elsewhere = missing.filter(({ kind, key }) => !written(kind, key));
    notes.push(
      ...elsewhere.map(
        ({ kind, key, path }) => `${file.placeOf(path)}: names the ${kind} "${key}", which is not among these files`,
      ),
    );
    if (file.kind === 'template') {
      // The default is most often the installation's own, and in no file.
      const { sender } = content as Template;
      if (sender !== undefined && !written('sender', sender))
        notes.push(`${file.placeOf('sender')}: the sender "${sender}" is not among these files`);
    }
    // One that stands in a file with a problem of its own is told of there.
    if (missing.length > 0) continue;
    const found = await problemsOf(file, content, includes, senders);
    problems.push(...problemLines(file, found.problems));
    warnings.push(...problemLines(file, found.warnings));
    links.push(...found.links.map(({ path, url }) => ({ place: file.placeOf(path), url })));
  }
  return { problems, warnings, links, notes };
}

const NOTHING: CheckedMail = { problems: [], warnings: [], links: [] };

async function problemsOf(
  { kind }: DefinitionFile,
  content: unknown,
  includes: Includes,
  senders: ReadonlyMap<string, Sender>,
): Promise<CheckedMail> {
  if (kind === 'layout') return { ...NOTHING, problems: await layoutProblems(content as Layout, includes) };
  if (kind === 'partial') return { ...NOTHING, problems: partialProblems(content as Partial, includes) };
  if (kind !== 'template') return NOTHING;
  const template = content as Template;
  try {
    const compiled = await compileTemplate(template, includes);
    const sender = senders.get(template.sender ?? DEFAULT_SENDER) ?? SAMPLE_SENDER;
    return checkMail({ template, compiled, includes, sender });
  } catch (error) {
    if (!(error instanceof TendError)) throw error;
    return { ...NOTHING, problems: error.fields.length > 0 ? error.fields : [{ path: '', problem: error.detail }] };
  }
}

interface Named {
  readonly kind: 'layout' | 'partial';
  readonly key: string;
  readonly path: string;
}

/** What a file includes, with what that includes in turn. */
function namedBy({ kind }: DefinitionFile, content: unknown, includes: Includes): Named[] {
  const found = new Map<string, Named>();
  const add = (named: Named): void => {
    if (found.has(`${named.kind} ${named.key}`)) return;
    found.set(`${named.kind} ${named.key}`, named);
    const all = named.kind === 'layout' ? includes.layouts : includes.partials;
    const inner = all.get(named.key)?.definition;
    if (inner !== undefined) addTexts([inner.mjml, inner.text], named.path);
  };
  const addTexts = (texts: readonly (string | undefined)[], path: string): void => {
    for (const text of texts) for (const key of partialsNamedIn(text ?? '')) add({ kind: 'partial', key, path });
  };
  if (kind === 'template') {
    const { layout, locales } = content as Template;
    if (layout !== undefined) add({ kind: 'layout', key: layout, path: 'layout' });
    for (const [locale, { mjml, text }] of Object.entries(locales)) addTexts([mjml, text], `locales.${locale}.mjml`);
  }
  if (kind === 'layout' || kind === 'partial') {
    const { mjml, text } = content as Layout;
    addTexts([mjml, text], 'mjml');
  }
  return [...found.values()];
}

function includesHas({ layouts, partials }: Includes, kind: Named['kind'], key: string): boolean {
  return (kind === 'layout' ? layouts : partials).has(key);
}

function includesAmong(valid: readonly ValidFile[]): Includes {
  const of = <T extends Layout | Partial>(kind: string) =>
    new Map(contentsOf<T>(valid, kind).map((definition) => [definition.key, { definition, version: null }]));
  return { layouts: of<Layout>('layout'), partials: of<Partial>('partial') };
}

function contentsOf<T>(valid: readonly ValidFile[], kind: string): T[] {
  return valid.filter(({ file }) => file.kind === kind).map(({ content }) => content as T);
}
