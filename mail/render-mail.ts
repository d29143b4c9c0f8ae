import { compile, type HtmlToTextOptions } from 'html-to-text';
import { chooseLocale } from '../domain/definition/template.ts';
import { TendError } from '../domain/errors.ts';
import type { CompiledTemplate } from './compile-template.ts';
import { renderLiquid } from './liquid.ts';
import type { MailVariables } from './variables.ts';

/** A mail's content for one recipient, before its links are tracked. */
export interface RenderedMail {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** The locale in which a compiled template serves this reader best. */
export function localeOf({ locales, defaultLocale }: CompiledTemplate, locale: string | null): string {
  return chooseLocale(Object.keys(locales), locale, defaultLocale);
}

/**
 * Fills a compiled template with a recipient's variables, in the locale that serves it best. `adjust` is done to the HTML
 * before the text is made from it.
 *
 * Throws `render-failed`: a variable is missing, or the subject came out empty.
 */
export function renderMail(
  compiled: CompiledTemplate,
  wanted: string | null,
  known: MailVariables,
  adjust: (html: string) => string = (html) => html,
): RenderedMail {
  const locale = localeOf(compiled, wanted);
  const content = compiled.locales[locale];
  const variables = { ...content?.defaults, ...known, locale };
  if (content === undefined) throw new TendError('render-failed', 'The template has no content in its default locale.');
  // A line break in a value would end the Subject header (RFC 5322 §2.2).
  const subject = renderLiquid('text', content.subject, variables).replace(/\s+/g, ' ').trim();
  if (subject === '') throw new TendError('render-failed', 'The subject came out empty.');
  const html = adjust(renderLiquid('html', content.html, variables));
  const text = content.text === null ? toText(html) : renderLiquid('text', content.text, variables).trim();
  return { subject, html, text };
}

const plainText: HtmlToTextOptions = {
  wordwrap: 78,
  selectors: [
    { selector: 'img', format: 'skip' },
    // The hidden preview line is for the list of mails, not for reading.
    { selector: 'div[style*="display:none"]', format: 'skip' },
    // MJML's texts are divs: each is a paragraph.
    { selector: 'div', format: 'block', options: { leadingLineBreaks: 2, trailingLineBreaks: 2 } },
    // Its layout is made of tables too; those of a person's making have no role.
    { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
    { selector: 'table[role="presentation"]', format: 'block' },
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
    { selector: 'h1', options: { uppercase: false } },
    { selector: 'h2', options: { uppercase: false } },
    { selector: 'h3', options: { uppercase: false } },
  ],
};

/** Made once: the selectors take longer than a mail. */
const toText = compile(plainText);
