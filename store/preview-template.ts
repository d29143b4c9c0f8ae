import { chooseLocale } from '../domain/definition/template.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { checkMail } from '../mail/check-mail.ts';
import { decodeAttribute } from '../mail/links.ts';
import { NOBODY, type SampleReader } from '../mail/sample-mails.ts';
import { tryMails } from '../mail/try-mails.ts';
import type { CurrentAttributes } from '../mail/variables.ts';
import type { Database } from './database.ts';
import { loadTemplateMail } from './load-template-mail.ts';
import { readLeadMailFacts } from './read-mail-facts.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

export interface PreviewTemplateInput {
  readonly key: string;
  /** Whose data fills it. */
  readonly leadId?: string | undefined;
  /** In place of a lead's, or beside them. */
  readonly attributes?: CurrentAttributes | undefined;
  /** Default: the lead's, else the template's. */
  readonly locale?: string | undefined;
  /** As if what was stored last were published. */
  readonly draft: boolean;
  /** `Name <address>` where no sender is published. */
  readonly mailFrom: string;
  readonly now: Instant;
}

export interface TemplatePreview {
  readonly key: string;
  readonly locale: string;
  readonly from: string;
  readonly subject: string;
  /** The line beside the subject; null: none. */
  readonly preview: string | null;
  readonly html: string;
  readonly text: string;
  /** Of the HTML, as it is without tracking. */
  readonly sizeBytes: number;
  /** Variables that are not known of this reader: the mail would be held back. They show as `[name]`. */
  readonly missing: readonly string[];
  /** What stands in the way of publishing it. */
  readonly problems: readonly FieldProblem[];
  readonly warnings: readonly FieldProblem[];
}

/**
 * A template's mail as this reader would get it. Its links to Tend's own pages lead nowhere, for no message belongs to it.
 *
 * Throws `not-found`, `definition-invalid` (it does not compile) and `render-failed`.
 */
export async function previewTemplate(database: Database, input: PreviewTemplateInput): Promise<TemplatePreview> {
  const { key, draft, mailFrom } = input;
  const mail = await loadTemplateMail(database, { key, which: draft ? 'draft' : 'live', mailFrom });
  const reader = await readerOf(database, input);
  const { template } = mail;
  const locale = chooseLocale(Object.keys(template.locales), input.locale ?? reader.locale, template.defaultLocale);
  const { mails, missing, problems: failed } = tryMails({ ...mail, locale, tracking: false }, reader);
  const shown = mails.at(-1);
  if (shown === undefined)
    throw new TendError(
      'render-failed',
      failed[0] ?? `What is missing can't be filled in for a preview: ${missing.join(', ')}.`,
    );
  const { problems, warnings } = checkMail(mail);
  return {
    key,
    locale,
    from: shown.from,
    subject: shown.subject,
    preview: previewLine(shown.html),
    html: shown.html,
    text: shown.text,
    sizeBytes: Buffer.byteLength(shown.html),
    missing,
    problems,
    warnings,
  };
}

async function readerOf(
  database: Database,
  { leadId, attributes = {}, now }: PreviewTemplateInput,
): Promise<SampleReader> {
  if (leadId === undefined) return { ...NOBODY, attributes };
  const lead = await resolveLead(database, leadId);
  const known = await readLeadMailFacts(database, lead, now);
  const [mail] = await database.query<{ value: string }>(sql`
    SELECT value FROM identity WHERE lead_id = ${lead}::uuid AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1`);
  return {
    locale: known.locale,
    attributes: { ...known.attributes, ...attributes },
    ...(mail === undefined ? {} : { email: mail.value }),
  };
}

/** MJML hides it in front of the mail. */
function previewLine(html: string): string | null {
  const [, line] = /<div style="display:none;[^"]*">([\s\S]*?)<\/div>/.exec(html) ?? [];
  return line === undefined ? null : decodeAttribute(line.trim());
}
