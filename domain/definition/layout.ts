import { z } from 'zod';
import { definitionKeySchema } from './definition.ts';

/** A whole MJML document around the contents of templates: `{% content %}` stands where those go. */
export const layoutSchema = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  mjml: z.string().min(1).max(200_000),
});

/** A piece of MJML for several templates and layouts: `{% partial 'key' %}`. */
export const partialSchema = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  mjml: z.string().min(1).max(50_000),
});

export type Layout = z.infer<typeof layoutSchema>;
export type Partial = z.infer<typeof partialSchema>;
