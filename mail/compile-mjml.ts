import mjml2html from 'mjml';
import { liquidProblem } from './liquid.ts';

/** What is wrong on a line (from 1) of the document; `tag`: the element or Liquid tag that it is about. */
export interface MjmlProblem {
  readonly line: number;
  readonly tag: string | null;
  readonly problem: string;
}

export type CompiledMjml = { readonly html: string } | { readonly problems: readonly MjmlProblem[] };

/** Compiles a whole MJML document, in which Liquid may stand, to HTML with the same Liquid. */
export async function compileMjml(mjml: string): Promise<CompiledMjml> {
  const include = /<mj-include\b/i.exec(mjml);
  if (include !== null)
    return {
      problems: [
        {
          line: lineAt(mjml, include.index),
          tag: 'mj-include',
          problem: 'mj-include is not available: use {% partial %}, or write its content here',
        },
      ],
    };
  let html: string;
  try {
    ({ html } = await mjml2html(mjml, {
      validationLevel: 'strict',
      ignoreIncludes: true,
      keepComments: false,
      // MJML's default links Google Fonts for its default typeface: each opening would tell Google the reader's
      // address (LG München I, 3 O 17493/20).
      fonts: {},
    }));
  } catch (error) {
    return { problems: mjmlProblems(error) };
  }
  const broken = liquidProblem('html', html);
  if (broken !== null) {
    const problem = `MJML and Liquid don't go together here: ${broken.problem}; put tags around elements into mj-raw`;
    return { problems: [{ line: 0, tag: null, problem }] };
  }
  const lost = lostTags(mjml, html);
  return lost.length > 0 ? { problems: lost } : { html };
}

/** The document with the preview line in its head, on the same lines as before; null when it has one already. */
export function withPreview(mjml: string, preview: string | undefined): string | null {
  if (preview === undefined) return mjml;
  if (/<mj-preview\b/i.test(mjml)) return null;
  const element = `<mj-preview>${preview.replace(/\s*\n\s*/g, ' ')}</mj-preview>`;
  if (/<mj-head\b[^>]*>/i.test(mjml)) return mjml.replace(/<mj-head\b[^>]*>/i, (head) => `${head}${element}`);
  return mjml.replace(/<mjml\b[^>]*>/i, (root) => `${root}<mj-head>${element}</mj-head>`);
}

const LIQUID_TAG = /\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}/g;

/** MJML leaves out text between its elements without a word; a condition that stood there would be gone. */
function lostTags(mjml: string, html: string): MjmlProblem[] {
  const source = mjml.replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ' '));
  const squeeze = (tag: string) => tag.replace(/\s+/g, ' ');
  const left = new Map<string, number>();
  for (const [tag] of html.matchAll(LIQUID_TAG)) left.set(squeeze(tag), (left.get(squeeze(tag)) ?? 0) + 1);
  return [...source.matchAll(LIQUID_TAG)].flatMap(({ 0: tag, index }) => {
    const count = left.get(squeeze(tag)) ?? 0;
    left.set(squeeze(tag), count - 1);
    const problem = `MJML would leave out ${tag}: put tags around elements into mj-raw`;
    return count > 0 ? [] : [{ line: lineAt(source, index), tag, problem }];
  });
}

interface MjmlError {
  readonly line: number;
  readonly message: string;
  readonly tagName: string;
}

function mjmlProblems(error: unknown): MjmlProblem[] {
  if (error instanceof Error && 'errors' in error && Array.isArray(error.errors))
    return (error.errors as MjmlError[]).map(({ line, message, tagName }) => ({
      line,
      tag: tagName,
      problem: message,
    }));
  return [{ line: 0, tag: null, problem: error instanceof Error ? error.message : 'is not MJML' }];
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
