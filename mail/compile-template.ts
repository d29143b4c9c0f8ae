import type { MailContent, Template } from '../domain/definition/template.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import { compileMjml, withPreview } from './compile-mjml.ts';
import {
  type Expanded,
  type ExpandProblem,
  expand,
  type Includes,
  NOTHING_INCLUDED,
  type Source,
  type SourceKind,
  withoutTags,
} from './expand.ts';
import { lawfulProblems } from './lawful-problems.ts';
import { liquidProblem } from './liquid.ts';
import { questionProblems } from './question-problems.ts';
import type { UtmParameters } from './utm.ts';

/** What publishing makes of a template, stored with its version: MJML is compiled once, not once a mail. */
export interface CompiledTemplate {
  readonly format: 1;
  readonly recipient: Template['recipient'];
  /** It puts a question to its reader; absent: it does not. */
  readonly asks?: true;
  /** It is no marketing: no unsubscribe link, nothing tracked; absent: it is. */
  readonly service?: true;
  readonly utm?: UtmParameters;
  readonly defaultLocale: string;
  readonly locales: { readonly [locale: string]: CompiledContent };
  /** The layouts and partials that stand in it, in the versions that it was made with; absent: none. */
  readonly uses?: readonly Use[];
}

/** `version` is null for what was not stored when it was made (a check of files). */
export interface Use {
  readonly kind: 'layout' | 'partial';
  readonly key: string;
  readonly version: number | null;
}

/** Liquid sources, ready to render. */
export interface CompiledContent {
  readonly subject: string;
  readonly html: string;
  readonly text: string | null;
  /** What stands for variables that are not known of a reader; absent: nothing does. */
  readonly defaults?: Readonly<Record<string, string>>;
}

/**
 * Puts each locale's contents into the layout, compiles the MJML to HTML and checks all Liquid.
 *
 * Throws `definition-invalid` with every problem found, each with its field and line; where it lies in what the template
 * includes, the layout or partial is named with its own line.
 */
export async function compileTemplate(
  template: Template,
  includes: Includes = NOTHING_INCLUDED,
): Promise<CompiledTemplate> {
  const problems: FieldProblem[] = [];
  const locales: Record<string, CompiledContent> = {};
  const sources: Source[] = [];
  if (template.layout !== undefined && !includes.layouts.has(template.layout)) {
    problems.push({
      path: 'layout',
      problem: `there is no layout "${template.layout}" that is published: publish it first, or check its name`,
    });
  } else {
    for (const [locale, content] of Object.entries(template.locales)) {
      const found = await compileContent(template, locale, content, includes);
      sources.push(...found.sources);
      if ('problems' in found) problems.push(...found.problems);
      else locales[locale] = found.compiled;
    }
  }
  if (problems.length > 0) {
    throw new TendError(
      'definition-invalid',
      `The template "${template.key}" can't be compiled: mend the fields named.`,
      problems,
    );
  }
  const { key, recipient, asks, service, utm, defaultLocale } = template;
  const uses = usesAmong(sources, includes);
  return {
    format: 1,
    recipient,
    ...(asks === true ? { asks } : {}),
    ...(service === true ? { service } : {}),
    ...(utm === undefined ? {} : { utm: { ...utm, campaign: utm.campaign ?? key } as UtmParameters }),
    defaultLocale,
    locales,
    ...(uses.length === 0 ? {} : { uses }),
  };
}

type FoundContent = { readonly sources: readonly Source[] } & (
  | { readonly compiled: CompiledContent }
  | { readonly problems: readonly FieldProblem[] }
);

async function compileContent(
  template: Template,
  locale: string,
  content: MailContent,
  includes: Includes,
): Promise<FoundContent> {
  const path = `locales.${locale}`;
  const expanded = expandContent(template, locale, content, includes);
  const sources = [...expanded.mjml.sources, ...(expanded.text?.sources ?? [])];
  const broken = [
    ...brokenParts(content, path),
    ...brokenIncludes(expanded, path),
    ...misplaced(template, content, path),
  ];
  if (broken.length > 0) return { sources, problems: broken };
  const problems = [...questionProblems(template, whole(content, expanded), path)];
  const mjml = withPreview(expanded.mjml.text, content.preview);
  if (mjml === null)
    return {
      sources,
      problems: [
        ...problems,
        { path: `${path}.preview`, problem: 'the MJML has an mj-preview of its own: keep one of the two' },
      ],
    };
  const compiled = await compileMjml(mjml);
  if ('problems' in compiled) {
    problems.push(
      ...compiled.problems.map(({ line, tag, problem }) => {
        const place = placeIn(expanded.mjml, line, tag);
        const about = tag === null || tag.startsWith('{') ? '' : `, ${tag}`;
        return { path: `${path}.mjml`, problem: `${place === '' ? '' : `${place}${about}: `}${problem}` };
      }),
    );
    return { sources, problems };
  }
  const text = expanded.text?.text ?? null;
  problems.push(...lawfulProblems(template, { html: compiled.html, text }, path));
  if (problems.length > 0) return { sources, problems };
  const defaults = defaultsFor(template, locale);
  return {
    sources,
    compiled: {
      subject: content.subject,
      html: compiled.html,
      text,
      ...(defaults === undefined ? {} : { defaults }),
    },
  };
}

interface ExpandedContent {
  readonly mjml: Expanded;
  /** Null: the template writes none, and it is made from the HTML. */
  readonly text: Expanded | null;
}

/** One locale's contents within the template's layout, which must be among `includes`. */
export function expandContent(
  { layout, defaultLocale }: Template,
  locale: string,
  content: MailContent,
  includes: Includes,
): ExpandedContent {
  const make = (kind: SourceKind, source: string) =>
    expand({
      kind,
      locale,
      defaultLocale,
      content: source,
      subject: content.subject,
      layout: layout === undefined ? null : (includes.layouts.get(layout)?.definition ?? null),
      partials: includes.partials,
    });
  return { mjml: make('mjml', content.mjml), text: content.text === undefined ? null : make('text', content.text) };
}

/** The content as a question's checks see it: with what it includes. */
function whole(content: MailContent, { mjml, text }: ExpandedContent): MailContent {
  return { ...content, mjml: mjml.text, ...(text === null ? {} : { text: text.text }) };
}

/** Each part must be Liquid by itself. */
function brokenParts(content: MailContent, path: string): FieldProblem[] {
  const sources = [
    ['subject', 'text', content.subject],
    ['preview', 'html', content.preview],
    ['mjml', 'html', withoutTags(content.mjml)],
    ['text', 'text', content.text === undefined ? undefined : withoutTags(content.text)],
  ] as const;
  return sources.flatMap(([field, kind, source]) => {
    const found = source === undefined ? null : liquidProblem(kind, source);
    return found === null ? [] : [{ path: `${path}.${field}`, problem: `line ${found.line}: ${found.problem}` }];
  });
}

/** So must each thing that it includes, for a tag opened in one can't be closed in another; and all of it must be there. */
function brokenIncludes({ mjml, text }: ExpandedContent, path: string): FieldProblem[] {
  const fields = [
    ['mjml', 'html', mjml],
    ['text', 'text', text],
  ] as const;
  return fields.flatMap(([field, kind, expanded]) => {
    if (expanded === null) return [];
    const inLiquid = expanded.sources.flatMap((source): ExpandProblem[] => {
      const found = source.kind === 'content' ? null : liquidProblem(kind, withoutTags(source.text));
      return found === null ? [] : [{ source, ...found }];
    });
    return [...expanded.problems, ...inLiquid].map(({ source, line, problem }) => ({
      path: `${path}.${field}`,
      problem: `${placeOf(source, line)}: ${problem}`,
    }));
  });
}

/** A whole document within a layout, or contents without one, and what MJML says of it helps nobody. */
function misplaced({ layout }: Template, { mjml }: MailContent, path: string): FieldProblem[] {
  const isWhole = /^\s*<mjml\b/i.test(mjml);
  if (layout !== undefined && isWhole)
    return [
      {
        path: `${path}.mjml`,
        problem: `is a whole document, and the template has the layout "${layout}": keep what stands within its column, or leave the layout out`,
      },
    ];
  if (
    layout === undefined &&
    /^\s*<mj-(?:text|button|image|section|column|table|divider|spacer|raw|hero|wrapper)\b/i.test(mjml)
  )
    return [
      {
        path: `${path}.mjml`,
        problem:
          'is no whole document: name the layout that it stands in (layout: …), or write <mjml><mj-body> around it',
      },
    ];
  return [];
}

/** Where the line of an expanded document comes from: that part of it which names `tag`, else its first. */
function placeIn({ lines }: Expanded, line: number, tag: string | null): string {
  const pieces = lines[line - 1] ?? [];
  const named = tag === null ? undefined : pieces.find(({ text }) => text.includes(tag));
  const piece = named ?? pieces[0];
  return piece === undefined ? (line > 0 ? `line ${line}` : '') : placeOf(piece.source, piece.line);
}

/** A line of a source, in words. */
export function placeOf({ kind, key }: Source, line: number): string {
  return kind === 'content' ? `line ${line}` : `${kind} "${key}", line ${line}`;
}

/** What stands for unknown variables in this locale. */
function defaultsFor({ variables, defaultLocale }: Template, locale: string): Record<string, string> | undefined {
  if (variables === undefined) return undefined;
  const language = locale.split('-')[0] ?? locale;
  const entries = Object.entries(variables).flatMap(([name, { default: given }]) => {
    const text = typeof given === 'string' ? given : (given[locale] ?? given[language] ?? given[defaultLocale]);
    return text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(entries);
}

function usesAmong(sources: readonly Source[], { layouts, partials }: Includes): Use[] {
  const uses = new Map<string, Use>();
  for (const { kind, key } of sources) {
    if (kind === 'content') continue;
    const version = (kind === 'layout' ? layouts : partials).get(key)?.version ?? null;
    uses.set(`${kind} ${key}`, { kind, key, version });
  }
  return [...uses.values()].sort((a, b) => (`${a.kind} ${a.key}` < `${b.kind} ${b.key}` ? -1 : 1));
}
