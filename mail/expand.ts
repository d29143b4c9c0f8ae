import type { Layout, Partial } from '../domain/definition/layout.ts';
import { chooseLocale } from '../domain/definition/template.ts';
import { escapeHtml } from './lines.ts';

/** What templates may include, by key. */
export interface Includes {
  readonly layouts: ReadonlyMap<string, Included<Layout>>;
  readonly partials: ReadonlyMap<string, Included<Partial>>;
}

export interface Included<T> {
  readonly definition: T;
  /** Null: not stored yet. */
  readonly version: number | null;
}

export const NOTHING_INCLUDED: Includes = { layouts: new Map(), partials: new Map() };

/** The same with this layout or partial in its place, as a version that is not stored or not live yet. */
export function withIncluded(
  { layouts, partials }: Includes,
  include: {
    readonly kind: 'layout' | 'partial';
    readonly definition: Layout | Partial;
    readonly version: number | null;
  },
): Includes {
  const { kind, definition, version } = include;
  const put = <T extends Layout | Partial>(all: ReadonlyMap<string, Included<T>>) =>
    new Map(all).set(definition.key, { definition: definition as T, version });
  return kind === 'layout' ? { layouts: put(layouts), partials } : { layouts, partials: put(partials) };
}

/** MJML, or the plain text that a template writes itself. */
export type SourceKind = 'mjml' | 'text';

/** A source as somebody wrote it: the template's own field, or what it includes. */
export interface Source {
  /** `layout` or `partial`; `content`: the template itself. */
  readonly kind: 'content' | 'layout' | 'partial';
  readonly key: string;
  readonly text: string;
}

/** Part of an expanded text, from one line of one source. */
export interface Piece {
  readonly source: Source;
  /** From 1, in its source. */
  readonly line: number;
  readonly text: string;
}

/** What can't be expanded, with its place. */
export interface ExpandProblem {
  readonly source: Source;
  readonly line: number;
  readonly problem: string;
}

export interface Expanded {
  readonly text: string;
  /** For each line of `text`, from where its parts are. */
  readonly lines: readonly (readonly Piece[])[];
  /** Each source that went into it, once. */
  readonly sources: readonly Source[];
  readonly problems: readonly ExpandProblem[];
}

export interface ExpandInput {
  readonly kind: SourceKind;
  readonly locale: string;
  readonly defaultLocale: string;
  /** The template's own. */
  readonly content: string;
  readonly subject: string;
  readonly layout: Layout | null;
  readonly partials: Includes['partials'];
}

/** Tags that are gone before MJML and Liquid see anything; `{%-` too, for people are used to it. */
const TAG = /\{%-?\s*(content|partial|word|subject)\b\s*([\s\S]*?)\s*-?%\}/g;
const NAME = /^(['"])([^'"]*)\1$/;
/** Deeper than anybody means it. */
const MOST_DEPTH = 20;

/** The source with its including tags taken out, on the same lines: what is left must be Liquid by itself. */
export function withoutTags(text: string): string {
  return text.replace(TAG, (tag) => tag.replace(/[^\n]/g, ' '));
}

/** The partials that a source names, whether they are there or not. */
export function partialsNamedIn(text: string): string[] {
  return [...text.matchAll(TAG)].flatMap(([, name, rest = '']) => {
    const [, , key] = NAME.exec(rest) ?? [];
    return name === 'partial' && key !== undefined ? [key] : [];
  });
}

/**
 * Puts layout, partials, words and contents together to one source. MJML sees the whole document, so a partial may hold
 * whatever may stand in its place.
 */
export function expand(input: ExpandInput): Expanded {
  const { kind, layout, locale, defaultLocale } = input;
  const pieces: Piece[] = [];
  const problems: ExpandProblem[] = [];
  const sources = new Map<string, Source>();

  /** `within`: the keys of the partials that this one stands in. */
  function add(source: Source, words: Layout['words'], within: readonly string[]): void {
    sources.set(`${source.kind} ${source.key}`, source);
    let end = 0;
    for (const match of source.text.matchAll(TAG)) {
      const [tag, name = '', rest = ''] = match;
      addText(source, end, source.text.slice(end, match.index));
      const report = (problem: string) =>
        void problems.push({ source, line: lineAt(source.text, match.index), problem });
      end = match.index + tag.length;
      if (name === 'content' || name === 'subject') {
        if (rest !== '') report(`write {% ${name} %} alone`);
        else if (name === 'subject')
          addText(source, match.index, kind === 'mjml' ? inMarkup(input.subject) : input.subject);
        else if (source.kind !== 'layout') report('{% content %} belongs into a layout: it stands for a template');
        else add({ kind: 'content', key: '', text: input.content }, undefined, []);
        continue;
      }
      const [, , key] = NAME.exec(rest) ?? [];
      if (key === undefined) report(`needs a name in quotes: {% ${name} 'name' %}`);
      else if (name === 'word') {
        const text = wordIn(words?.[key]);
        if (source.kind === 'content') report('words belong to layouts and partials: write the text itself here');
        else if (text === undefined) report(`there is no word "${key}": add it to the "words" of this ${source.kind}`);
        else addText(source, match.index, kind === 'mjml' ? inMarkup(text) : text);
      } else addPartial(key, within, report);
    }
    addText(source, end, source.text.slice(end));
  }

  function addPartial(key: string, within: readonly string[], report: (problem: string) => void): void {
    const found = input.partials.get(key)?.definition;
    if (found === undefined)
      report(`there is no partial "${key}" that is published: publish it first, or check its name`);
    else if (within.includes(key))
      report(`the partial "${key}" would stand in itself (${[...within, key].join(' → ')}): take one of them out`);
    else if (within.length >= MOST_DEPTH)
      report(`partials stand in each other more than ${MOST_DEPTH} deep: flatten them`);
    else {
      const text = kind === 'mjml' ? found.mjml : found.text;
      if (text === undefined) report(`the partial "${key}" has no "text", and this is one: add it there`);
      else add({ kind: 'partial', key, text }, found.words, [...within, key]);
    }
  }

  function wordIn(texts: Readonly<Record<string, string>> = {}): string | undefined {
    const available = Object.keys(texts);
    const fallback = available.includes(defaultLocale) ? defaultLocale : (available[0] ?? defaultLocale);
    return texts[chooseLocale(available, locale, fallback)];
  }

  function addText(source: Source, index: number, text: string): void {
    const first = lineAt(source.text, index);
    // What was put in for a tag is on the tag's line, however long it is.
    const own = source.text.startsWith(text, index);
    text.split('\n').forEach((part, offset) => {
      pieces.push({ source, line: own ? first + offset : first, text: `${offset > 0 ? '\n' : ''}${part}` });
    });
  }

  const frame = layout === null ? undefined : kind === 'mjml' ? layout.mjml : layout.text;
  if (layout === null || frame === undefined) add({ kind: 'content', key: '', text: input.content }, undefined, []);
  else add({ kind: 'layout', key: layout.key, text: frame }, layout.words, []);
  const lines: Piece[][] = [[]];
  for (const piece of pieces) {
    if (piece.text.startsWith('\n')) lines.push([]);
    if (piece.text.trim() !== '') lines.at(-1)?.push(piece);
  }
  return { text: pieces.map(({ text }) => text).join(''), lines, sources: [...sources.values()], problems };
}

/** Plain text with Liquid as content of the document: what it says itself is escaped; what Liquid puts in is, by Liquid. */
function inMarkup(text: string): string {
  return text
    .split(/(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})/)
    .map((part, index) => (index % 2 === 1 ? part : escapeHtml(part)))
    .join('');
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
