import type { Template } from '../domain/definition/template.ts';
import type { FieldProblem } from '../domain/errors.ts';
import { type LiquidKind, variablesIn } from './liquid.ts';

/**
 * What a mail to a lead must say, in each of its parts, for readers see one of the two. Not every mail program shows the
 * List-Unsubscribe header, so the mail itself must say how to end it (Art. 7(3) GDPR, § 7(2) no. 3 UWG); and who is
 * responsible for it (§ 5 DDG, § 6(1) DDG). The compiled HTML and the text must parse.
 */
export function lawfulProblems(
  { recipient, service }: Template,
  { html, text }: { readonly html: string; readonly text: string | null },
  path: string,
): FieldProblem[] {
  if (recipient !== 'lead') return [];
  const parts: [field: string, LiquidKind, source: string][] = [['mjml', 'html', withoutComments(html)]];
  if (text !== null) parts.push(['text', 'text', text]);
  return parts.flatMap(([field, kind, source]) => {
    const named = new Set(variablesIn(kind, source).map(([name]) => name));
    const report = (problem: string): FieldProblem => ({ path: `${path}.${field}`, problem });
    const problems: FieldProblem[] = [];
    if (service !== true && !named.has('unsubscribeUrl'))
      problems.push(
        report(
          'a mail to leads needs an unsubscribe link: add one to {{ unsubscribeUrl }} (or set "recipient: rep" or "recipient: colleague", or "service: true" for mail that is no advertising)',
        ),
      );
    if (!named.has('imprint'))
      problems.push(
        report('a mail to leads must say who is responsible for it: add {{ imprint }}, which its sender fills in'),
      );
    if (service !== true && named.has('confirmUrl'))
      problems.push(
        report(
          'names "confirmUrl", which only the mail that asks to confirm a sign-up has: add "service: true" to the template',
        ),
      );
    return problems;
  });
}

/** HTML without comments, which nobody sees. What is for Outlook alone, or for all others, stays. */
export function withoutComments(html: string): string {
  return html.replace(/<!--(?!\[if|>|<!)[\s\S]*?-->/g, '');
}
