import { z } from 'zod';
import { definitionKeySchema } from './definition.ts';
import { localeSchema } from './template.ts';

/** Texts by name, each by locale: `{% word 'unsubscribe' %}` is the one in the language of the mail. */
const wordsSchema = z.record(
  z.string().regex(/^[a-z][a-zA-Z0-9-]{0,62}$/, 'must be letters, digits and hyphens, such as unsubscribe'),
  z
    .record(localeSchema, z.string().trim().min(1).max(2_000))
    .refine((words) => Object.keys(words).length > 0, 'needs at least one language, such as { en: … }'),
);

/** A whole MJML document around the contents of templates: `{% content %}` stands where those go. */
export const layoutSchema = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  mjml: z.string().min(1).max(200_000),
  /** The same around texts that a template writes itself. Without it those stand alone. */
  text: z.string().min(1).max(100_000).optional(),
  words: wordsSchema.optional(),
});

/** A piece of MJML for several templates and layouts: `{% partial 'key' %}`. */
export const partialSchema = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  mjml: z.string().min(1).max(50_000),
  /** What it is in a text that a template or layout writes itself. */
  text: z.string().min(1).max(20_000).optional(),
  words: wordsSchema.optional(),
});

export type Layout = z.infer<typeof layoutSchema>;
export type Partial = z.infer<typeof partialSchema>;
