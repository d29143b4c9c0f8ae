import type { MailContent, Template } from '../domain/definition/template.ts';
import type { FieldProblem } from '../domain/errors.ts';
import { type LiquidKind, type VariablePath, variablesIn } from './liquid.ts';

const TEXTS = [
  ['subject', 'text'],
  ['preview', 'html'],
  ['mjml', 'html'],
  ['text', 'text'],
] as const satisfies readonly (readonly [keyof MailContent, LiquidKind])[];

/** What a question has, and each of its choices. */
const OF_QUESTION: readonly unknown[] = ['attribute', 'text', 'choices', 'url'];
const OF_CHOICE: readonly unknown[] = ['label', 'url'];

/**
 * What is wrong with how a template asks: `question` is there only in mails that ask, what it has not would stop each
 * mail, and a question must be shown in each part with a way to answer it. The content's Liquid must parse.
 */
export function questionProblems({ asks }: Template, content: MailContent, path: string): FieldProblem[] {
  return TEXTS.flatMap(([field, kind]): FieldProblem[] => {
    const source = content[field];
    if (source === undefined) return [];
    const report = (problem: string): FieldProblem => ({ path: `${path}.${field}`, problem });
    const used = variablesIn(kind, source).filter(([name]) => name === 'question');
    if (asks !== true)
      return used.length === 0
        ? []
        : [report('names "question", which only mails that ask have: add "asks: true" to the template')];
    const unknown = [
      ...used.filter(([, property]) => property !== undefined && !OF_QUESTION.includes(property)),
      ...ofChoices(kind, source).filter(([, property]) => property !== undefined && !OF_CHOICE.includes(property)),
    ];
    const problems = unknown.map((variable) =>
      report(
        `"${inLiquid(variable)}" is nothing a question has: it has question.text, question.url, question.attribute and question.choices, each choice with label and url`,
      ),
    );
    if (field !== 'mjml' && field !== 'text') return problems;
    const lacking = ['text', 'url'].filter((property) => !used.some(([, named]) => named === property));
    return [
      ...problems,
      ...lacking.map((property) =>
        report(
          property === 'text'
            ? 'a template that asks must show the question: add {{ question.text }}'
            : 'a question without choices is answered on its page: add a link to {{ question.url }}',
        ),
      ),
    ];
  });
}

/** What is named of a choice, within the loops that go through them: `{% for choice in question.choices %}`. */
function ofChoices(kind: LiquidKind, source: string): VariablePath[] {
  const loops = source.matchAll(/\{%-?\s*for\s+([\w-]+)\s+in\s+question\.choices\b/g);
  const names = new Set([...loops].map(([, name]) => name));
  return variablesIn(kind, source, true).filter(([name]) => names.has(String(name)));
}

function inLiquid([first, ...rest]: VariablePath): string {
  return `${first}${rest.map((part) => (Array.isArray(part) ? '[…]' : `.${part}`)).join('')}`;
}
