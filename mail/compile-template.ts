import mjml2html from 'mjml';
import type { MailContent, Template } from '../domain/definition/template.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import { liquidProblem } from './liquid.ts';
import { questionProblems } from './question-problems.ts';

/** What publishing makes of a template, stored with its version: MJML is compiled once, not once a mail. */
export interface CompiledTemplate {
  readonly format: 1;
  readonly recipient: Template['recipient'];
  /** It puts a question to its reader; absent: it does not. */
  readonly asks?: true;
  readonly defaultLocale: string;
  readonly locales: { readonly [locale: string]: CompiledContent };
}

/** Liquid sources, ready to render. */
export interface CompiledContent {
  readonly subject: string;
  readonly html: string;
  readonly text: string | null;
}

/**
 * Compiles each locale's MJML to HTML and checks all Liquid.
 *
 * Throws `definition-invalid` with every problem found, each with its field and line.
 */
export async function compileTemplate(template: Template): Promise<CompiledTemplate> {
  const problems: FieldProblem[] = [];
  const locales: Record<string, CompiledContent> = {};
  for (const [locale, content] of Object.entries(template.locales)) {
    const path = `locales.${locale}`;
    const before = problems.length;
    const inLiquid = liquidProblems(content, path);
    problems.push(...(inLiquid.length > 0 ? inLiquid : questionProblems(template, content, path)));
    if (template.recipient === 'lead') problems.push(...unsubscribeProblems(content, path));
    const html = await compileMjml(content, path, problems);
    if (problems.length > before || html === null) continue;
    const broken = liquidProblem('html', html);
    if (broken !== null) {
      problems.push({
        path: `${path}.mjml`,
        problem: `MJML and Liquid don't go together here: ${broken.problem}; put tags around elements into mj-raw`,
      });
      continue;
    }
    const lost = lostTags(content.mjml, html);
    if (lost.length > 0) {
      problems.push(
        ...lost.map(({ line, tag }) => ({
          path: `${path}.mjml`,
          problem: `line ${line}: MJML would leave out ${tag}: put tags around elements into mj-raw`,
        })),
      );
      continue;
    }
    locales[locale] = { subject: content.subject, html, text: content.text ?? null };
  }
  if (problems.length > 0) {
    throw new TendError(
      'definition-invalid',
      `The template "${template.key}" can't be compiled: mend the fields named.`,
      problems,
    );
  }
  const { recipient, asks, defaultLocale } = template;
  return { format: 1, recipient, ...(asks === true ? { asks } : {}), defaultLocale, locales };
}

function liquidProblems(content: MailContent, path: string): FieldProblem[] {
  const sources = [
    ['subject', 'text', content.subject],
    ['preview', 'html', content.preview],
    ['mjml', 'html', content.mjml],
    ['text', 'text', content.text],
  ] as const;
  return sources.flatMap(([field, kind, source]) => {
    const found = source === undefined ? null : liquidProblem(kind, source);
    return found === null ? [] : [{ path: `${path}.${field}`, problem: `line ${found.line}: ${found.problem}` }];
  });
}

/** Not every mail program shows the List-Unsubscribe header: the mail itself must say how to end it (Art. 7(3) GDPR). */
function unsubscribeProblems(content: MailContent, path: string): FieldProblem[] {
  const fields = [
    ['mjml', content.mjml],
    ['text', content.text],
  ] as const;
  return fields
    .filter(([, source]) => source !== undefined && !source.includes('unsubscribeUrl'))
    .map(([field]) => ({
      path: `${path}.${field}`,
      problem:
        'a mail to leads needs an unsubscribe link: add one to {{ unsubscribeUrl }} (or set "recipient: rep" or "recipient: colleague")',
    }));
}

async function compileMjml(content: MailContent, path: string, problems: FieldProblem[]): Promise<string | null> {
  const source = withPreview(content);
  if (source === null) {
    problems.push({ path: `${path}.preview`, problem: 'the MJML has an mj-preview of its own: keep one of the two' });
    return null;
  }
  if (/<mj-include\b/i.test(source)) {
    problems.push({
      path: `${path}.mjml`,
      problem: 'mj-include is not available: a published version holds all of its content',
    });
    return null;
  }
  try {
    const { html } = await mjml2html(source, {
      validationLevel: 'strict',
      ignoreIncludes: true,
      keepComments: false,
      // MJML's default links Google Fonts for its default typeface: each opening would tell Google the reader's
      // address (LG München I, 3 O 17493/20).
      fonts: {},
    });
    return html;
  } catch (error) {
    problems.push(...mjmlProblems(error, `${path}.mjml`));
    return null;
  }
}

/** The document with the preview line in its head, on the same lines as before; null when it has one already. */
function withPreview({ mjml, preview }: MailContent): string | null {
  if (preview === undefined) return mjml;
  if (/<mj-preview\b/i.test(mjml)) return null;
  const element = `<mj-preview>${preview}</mj-preview>`;
  if (/<mj-head\b[^>]*>/i.test(mjml)) return mjml.replace(/<mj-head\b[^>]*>/i, (head) => `${head}${element}`);
  return mjml.replace(/<mjml\b[^>]*>/i, (root) => `${root}<mj-head>${element}</mj-head>`);
}

const LIQUID_TAG = /\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}/g;

/** MJML leaves out text between its elements without a word; a condition that stood there would be gone. */
function lostTags(mjml: string, html: string): { readonly line: number; readonly tag: string }[] {
  const source = mjml.replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ' '));
  const squeeze = (tag: string) => tag.replace(/\s+/g, ' ');
  const left = new Map<string, number>();
  for (const [tag] of html.matchAll(LIQUID_TAG)) left.set(squeeze(tag), (left.get(squeeze(tag)) ?? 0) + 1);
  return [...source.matchAll(LIQUID_TAG)].flatMap(({ 0: tag, index }) => {
    const count = left.get(squeeze(tag)) ?? 0;
    left.set(squeeze(tag), count - 1);
    return count > 0 ? [] : [{ line: source.slice(0, index).split('\n').length, tag }];
  });
}

interface MjmlError {
  readonly line: number;
  readonly message: string;
  readonly tagName: string;
}

function mjmlProblems(error: unknown, path: string): FieldProblem[] {
  if (error instanceof Error && 'errors' in error && Array.isArray(error.errors)) {
    return (error.errors as MjmlError[]).map(({ line, message, tagName }) => ({
      path,
      problem: `line ${line}, ${tagName}: ${message}`,
    }));
  }
  return [{ path, problem: error instanceof Error ? error.message : 'is not MJML' }];
}
