import { z } from 'zod';
import { definitionKeySchema } from './definition.ts';

/** A language, or a language as one country writes it: `de`, `pt-BR` (BCP 47). */
export const localeSchema = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'must be a language such as de, or a language and country such as de-AT');

/** A mail's content in one language. Each text is Liquid. */
const mailContentSchema = z.strictObject({
  subject: z.string().trim().min(1).max(500),
  /** The line that a mail program shows beside the subject. */
  preview: z.string().trim().min(1).max(500).optional(),
  /**
   * With a layout, what stands in its place for contents: elements such as `mj-text`; without, a whole MJML document. Liquid
   * may stand in its texts and attributes, and in `mj-raw` around elements.
   */
  mjml: z.string().min(1).max(200_000),
  /** The plain text part. Without it, it is made from the HTML. */
  text: z.string().min(1).max(100_000).optional(),
});

/**
 * What every mail to a lead may name beside the lead's attributes: Tend fills it in, so no template can give it another
 * value, and no attribute of that name is ever shown.
 */
export const OWN_VARIABLES = [
  'email',
  'locale',
  'unsubscribeUrl',
  'preferencesUrl',
  'viewUrl',
  'confirmUrl',
  'renewUrl',
  'imprint',
  'sender',
  'question',
] as const;

const utmText = z.string().trim().min(1).max(100);

/** What tells the company's own statistics which mail a visit comes from. It says nothing of the person. */
const utmSchema = z.strictObject({
  source: utmText,
  medium: utmText.default('email'),
  /** Default: the template's key. */
  campaign: utmText.optional(),
  term: utmText.optional(),
  content: utmText.optional(),
});

const defaultText = z.string().trim().min(1).max(500);

const variablesSchema = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z_][\w-]{0,99}$/, 'must be the name of an attribute, such as firstName')
      .refine((name) => !(OWN_VARIABLES as readonly string[]).includes(name), 'is filled in by Tend: leave it out'),
    z.strictObject({ default: z.union([defaultText, z.record(localeSchema, defaultText)]) }),
  )
  .refine((variables) => Object.keys(variables).length > 0, 'names no variable: leave it out');

/** A mail template: the same mail in one language or several. */
export const templateSchema = z
  .strictObject({
    key: definitionKeySchema,
    name: z.string().trim().min(1).max(200),
    /**
     * Who gets it. Mails to leads are marketing and must hold an unsubscribe link; one to a `rep` offers them a lead, one
     * to a `colleague` tells of one.
     */
    recipient: z.enum(['lead', 'rep', 'colleague']).default('lead'),
    /**
     * It puts a question to its reader: its texts may name `question`, and a step of kind `ask` sends it. Left out where
     * it does not, so that templates stored before there were questions stay the same.
     */
    asks: z.literal(true, 'must be true, or left out where the mail asks nothing').optional(),
    /** What the content is across versions and sequences, for a person gets it once. Default: the key. */
    lineage: definitionKeySchema.optional(),
    /** One person may get it more than once. Left out where not, so that templates stored before stay the same. */
    repeatable: z.literal(true, 'must be true, or left out where a person gets it once').optional(),
    /** Whose mail it is. Default: the sender `default`. */
    sender: definitionKeySchema.optional(),
    /** The layout that its contents stand in. Without, each content is a whole document. */
    layout: definitionKeySchema.optional(),
    /**
     * A mail that needs no consent, for it is no advertising: the confirmation of a sign-up, an invoice. It carries no
     * unsubscribe link, nothing in it is tracked, and it can be sent for exempt purposes only.
     */
    service: z.literal(true, 'must be true, or left out where the mail is marketing').optional(),
    /** Marks links to the company's own pages for its statistics. */
    utm: utmSchema.optional(),
    /** What stands for an attribute that is not known of a reader, in one wording or by locale. */
    variables: variablesSchema.optional(),
    /** For recipients whose language is not known or not among the locales. */
    defaultLocale: localeSchema.default('en'),
    locales: z.record(localeSchema, mailContentSchema),
  })
  .superRefine((template, context) => {
    if (template.locales[template.defaultLocale] === undefined) {
      const message = `has no "${template.defaultLocale}", which is the default locale: add it, or name another defaultLocale`;
      context.addIssue({ code: 'custom', path: ['locales'], message });
    }
    if (template.asks === true && template.recipient !== 'lead') {
      const message = 'is for mails to leads, who are the ones that are asked: leave it out';
      context.addIssue({ code: 'custom', path: ['asks'], message });
    }
    if (template.service === true && template.recipient !== 'lead') {
      const message = "is for mails to leads; mails within the company need nobody's consent: leave it out";
      context.addIssue({ code: 'custom', path: ['service'], message });
    }
  })
  .transform((template) => ({ ...template, lineage: template.lineage ?? template.key }));

export type Template = z.infer<typeof templateSchema>;
export type MailContent = z.infer<typeof mailContentSchema>;
export type Utm = z.infer<typeof utmSchema>;

/** The locale of `available` that serves `wanted` best: itself, its language, else `fallback`. */
export function chooseLocale(available: readonly string[], wanted: string | null, fallback: string): string {
  if (wanted === null) return fallback;
  const exact = available.find((locale) => locale.toLowerCase() === wanted.toLowerCase().replace('_', '-'));
  if (exact !== undefined) return exact;
  const [language] = wanted.toLowerCase().split(/[-_]/);
  return available.find((locale) => locale === language) ?? fallback;
}
