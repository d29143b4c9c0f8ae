import { OWN_VARIABLES, type Template } from '../domain/definition/template.ts';
import type { FieldProblem } from '../domain/errors.ts';
import type { Sender } from '../domain/sender/sender.ts';
import { type CompiledTemplate, expandContent, placeOf } from './compile-template.ts';
import type { ComposeOptions, OutgoingMail } from './compose.ts';
import type { Includes, Source } from './expand.ts';
import { withoutComments } from './lawful-problems.ts';
import { linksIn, linkWarnings, mailWarnings, sourceWarnings } from './mail-warnings.ts';
import { NOBODY, SAMPLE_URL, type SampleReader } from './sample-mails.ts';
import { tryMails } from './try-mails.ts';

export interface CheckMailInput {
  readonly template: Template;
  readonly compiled: CompiledTemplate;
  readonly includes: Includes;
  readonly sender: Sender;
  /** Readers to try it on, beside one of whom nothing is known. */
  readonly readers?: readonly SampleReader[];
  readonly options?: ComposeOptions;
}

export interface CheckedMail {
  /** What must be mended before it can be published. */
  readonly problems: readonly FieldProblem[];
  /** What should be looked at. */
  readonly warnings: readonly FieldProblem[];
  /** Where its web links lead, but for those to Tend's own pages; `path` is the field. */
  readonly links: readonly { readonly path: string; readonly url: string }[];
}

/**
 * Tries a compiled template on readers, in each of its languages. A variable that is not known of one of them is a problem
 * now, and no mail that is held back at midnight. Problems name variables and places, never a reader or what is known of
 * one.
 */
export function checkMail(input: CheckMailInput): CheckedMail {
  const { template, readers = [] } = input;
  const problems = new Map<string, FieldProblem>();
  const warnings = new Map<string, FieldProblem>();
  const links: { path: string; url: string }[] = [];
  for (const locale of Object.keys(template.locales)) {
    const mails: OutgoingMail[] = [];
    for (const reader of [NOBODY, ...readers]) {
      const tried = tryMails({ ...input, locale, tracking: true }, reader);
      mails.push(...tried.mails);
      for (const variable of tried.missing) {
        const problem = missing(input, locale, variable);
        problems.set(`${problem.path} ${problem.problem}`, problem);
      }
      for (const problem of tried.problems)
        problems.set(`${locale} ${problem}`, { path: `locales.${locale}`, problem });
    }
    for (const mail of mails)
      for (const problem of hiddenDuties(input, locale, mail))
        problems.set(`${problem.path} ${problem.problem}`, problem);
    // Links as they are written, and of nobody: a warning never quotes what is known of a reader.
    const { mails: plain } = tryMails({ ...input, locale, tracking: false }, NOBODY);
    const urls = new Set(plain.flatMap(({ html }) => linksIn(html)).filter(isElsewhere));
    links.push(...[...urls].map((url) => ({ path: `locales.${locale}.mjml`, url })));
    const found = [...sourceWarnings(template, locale), ...mailWarnings(mails, locale), ...linkWarnings(plain, locale)];
    for (const warning of found) warnings.set(`${warning.path} ${warning.problem}`, warning);
  }
  return { problems: [...problems.values()], warnings: [...warnings.values()], links };
}

function isElsewhere(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url) && !url.startsWith(SAMPLE_URL);
}

/** Where the variable stands without a default, in words of whoever wrote it. */
function missing(input: CheckMailInput, locale: string, variable: string): FieldProblem {
  const { field, place } = findVariable(input, locale, variable);
  const mend = input.template.recipient === 'lead' ? mendFor(variable) : mendWithin(variable);
  return {
    path: `locales.${locale}.${field}`,
    problem: `${place}: "${variable}" is not known of every reader, whose mail would be held back: ${mend}`,
  };
}

function mendFor(variable: string): string {
  if (/^(?:imprint|sender)\b/.test(variable))
    return `the sender has none: add it there, or ask for it, {% if ${variable} %}…{% endif %}`;
  if (variable === 'question' || variable.startsWith('question.'))
    return 'only mails that ask have it: add "asks: true" to the template';
  if (variable === 'confirmUrl' || variable === 'renewUrl')
    return 'the mail that asks to confirm a sign-up has confirmUrl, all others renewUrl';
  return `write {{ ${variable} | default: "…" }} or {% if ${variable} %}…{% endif %}, or give it a default for the whole template under variables`;
}

/** In a mail within the company. */
function mendWithin(variable: string): string {
  const [name = ''] = variable.split('.');
  return (OWN_VARIABLES as readonly string[]).includes(name)
    ? 'only mails to leads have it, so take it out'
    : `write {{ ${variable} | default: "…" }} or {% if ${variable} %}…{% endif %}`;
}

function findVariable(
  { template, includes }: CheckMailInput,
  locale: string,
  variable: string,
): { readonly field: string; readonly place: string } {
  const content = template.locales[locale];
  if (content === undefined) return { field: 'mjml', place: 'somewhere' };
  const expanded = expandContent(template, locale, content, includes);
  const own = (text: string | undefined): Source[] => (text === undefined ? [] : [{ kind: 'content', key: '', text }]);
  const fields: [field: string, sources: readonly Source[]][] = [
    ['subject', own(content.subject)],
    ['preview', own(content.preview)],
    ['mjml', expanded.mjml.sources],
    ['text', expanded.text?.sources ?? []],
  ];
  const name = variable.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const bare = new RegExp(`\\{\\{-?\\s*${name}\\b(?![^}]*\\bdefault\\s*:)`);
  const any = new RegExp(`\\{[{%][^}]*\\b${name}\\b`);
  for (const pattern of [bare, any])
    for (const [field, sources] of fields)
      for (const source of sources) {
        const found = pattern.exec(source.text);
        if (found !== null)
          return { field, place: placeOf(source, source.text.slice(0, found.index).split('\n').length) };
      }
  return { field: 'mjml', place: 'somewhere' };
}

/** A way out and an imprint that stand under a condition are not there for everybody. */
function hiddenDuties({ template, sender }: CheckMailInput, locale: string, mail: OutgoingMail): FieldProblem[] {
  if (template.recipient !== 'lead') return [];
  const squeeze = (text: string) =>
    text.replace(/&#39;/g, "'").replace(/&#34;/g, '"').replace(/&amp;/g, '&').replace(/\s+/g, '');
  const way = /^<(.*)>$/.exec(mail.headers['List-Unsubscribe'] ?? '')?.[1];
  const imprints = Object.values(sender.imprint).map((words) => squeeze(words.split('\n')[0] ?? ''));
  const parts = [
    ['mjml', withoutComments(mail.html)],
    ['text', mail.text],
  ] as const;
  return parts.flatMap(([part, content]) => {
    const path = `locales.${locale}.${part === 'text' && template.locales[locale]?.text === undefined ? 'mjml' : part}`;
    const squeezed = squeeze(content);
    const problems: FieldProblem[] = [];
    if (way !== undefined && !content.includes(way))
      problems.push({
        path,
        problem: `the unsubscribe link is not there for every reader (${partName(part)}): take the condition away from it`,
      });
    if (imprints.length > 0 && !imprints.some((words) => squeezed.includes(words)))
      problems.push({
        path,
        problem: `the imprint is not there for every reader (${partName(part)}): take the condition away from it`,
      });
    return problems;
  });
}

function partName(part: 'mjml' | 'text'): string {
  return part === 'text' ? 'text part' : 'HTML part';
}
