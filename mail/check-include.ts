import type { Layout, Partial } from '../domain/definition/layout.ts';
import { type Template, templateSchema } from '../domain/definition/template.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import { compileTemplate } from './compile-template.ts';
import { expand, type Includes, type SourceKind, withIncluded, withoutTags } from './expand.ts';
import { liquidProblem } from './liquid.ts';

/** What must be there for any template, so that a layout is judged by itself. */
const SAMPLE_CONTENT = '<mj-text>Sample <a href="{{ unsubscribeUrl }}">out</a> {{ imprint }}</mj-text>';
const CONTENT_TAG = /\{%-?\s*content\s*-?%\}/g;

/** What is wrong with a layout, whatever stands in it. */
export async function layoutProblems(layout: Layout, includes: Includes): Promise<FieldProblem[]> {
  const counts = [
    ['mjml', layout.mjml] as const,
    ...(layout.text === undefined ? [] : [['text', layout.text] as const]),
  ];
  const places = counts.flatMap(([field, source]): FieldProblem[] => {
    const count = source.match(CONTENT_TAG)?.length ?? 0;
    if (count === 1) return [];
    return [
      {
        path: field,
        problem: `must have {% content %} once, where the contents of templates go; it has it ${count} times`,
      },
    ];
  });
  if (places.length > 0) return places;
  const sample = templateSchema.parse({
    key: 'sample',
    name: 'Sample',
    layout: layout.key,
    locales: {
      en: {
        subject: 'Sample',
        mjml: SAMPLE_CONTENT,
        ...(layout.text === undefined ? {} : { text: '{{ unsubscribeUrl }} {{ imprint }}' }),
      },
    },
  });
  const including = withIncluded(includes, { kind: 'layout', definition: layout, version: null });
  const found = await problemsOf(sample, including);
  return found.map(({ path, problem }) => ({
    path: path.endsWith('.text') ? 'text' : 'mjml',
    problem: problem.replace(`layout "${layout.key}", `, ''),
  }));
}

/** What is wrong with a partial, wherever it stands: its Liquid, and what it includes itself. What its MJML is worth shows in templates. */
export function partialProblems(partial: Partial, includes: Includes): FieldProblem[] {
  const { partials } = withIncluded(includes, { kind: 'partial', definition: partial, version: null });
  const kinds: [SourceKind, string | undefined][] = [
    ['mjml', partial.mjml],
    ['text', partial.text],
  ];
  return kinds.flatMap(([kind, source]): FieldProblem[] => {
    if (source === undefined) return [];
    const inLiquid = liquidProblem(kind === 'mjml' ? 'html' : 'text', withoutTags(source));
    if (inLiquid !== null) return [{ path: kind, problem: `line ${inLiquid.line}: ${inLiquid.problem}` }];
    const content = `{% partial '${partial.key}' %}`;
    const locales = { locale: 'en', defaultLocale: 'en' };
    const { problems } = expand({ kind, ...locales, content, subject: 'Sample', layout: null, partials });
    return problems.map(({ source: { key }, line, problem }) => ({
      path: kind,
      problem: `${key === partial.key ? '' : `partial "${key}", `}line ${line}: ${problem}`,
    }));
  });
}

async function problemsOf(template: Template, includes: Includes): Promise<readonly FieldProblem[]> {
  try {
    await compileTemplate(template, includes);
    return [];
  } catch (error) {
    if (error instanceof TendError) return error.fields;
    throw error;
  }
}
