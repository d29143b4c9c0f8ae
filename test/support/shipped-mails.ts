import path from 'node:path';
import { readDefinitionFiles } from '../../cli/definition-files.ts';
import { packageRoot } from '../../config/package-root.ts';
import type { Layout, Partial } from '../../domain/definition/layout.ts';
import type { Template } from '../../domain/definition/template.ts';
import { validateDefinition } from '../../domain/definition/validate.ts';
import type { Sender } from '../../domain/sender/sender.ts';
import { type CompiledTemplate, compileTemplate } from '../../mail/compile-template.ts';
import type { Included, Includes } from '../../mail/expand.ts';
import { SAMPLE_SENDER } from '../../mail/sample-mails.ts';

export interface ShippedMail {
  readonly template: Template;
  readonly compiled: CompiledTemplate;
  readonly includes: Includes;
  readonly sender: Sender;
}

/** Every shipped template of these folders of `templates/`, compiled with its layout and partials. */
export async function shippedMails(...folders: readonly string[]): Promise<ShippedMail[]> {
  const files = await readDefinitionFiles(folders.map((folder) => path.join(packageRoot, 'templates', folder)));
  const layouts = new Map<string, Included<Layout>>();
  const partials = new Map<string, Included<Partial>>();
  const senders = new Map<string, Sender>();
  const templates: Template[] = [];
  for (const { kind, key, content } of files) {
    if (kind === 'layout') layouts.set(key, { definition: validateDefinition(kind, key, content), version: 1 });
    if (kind === 'partial') partials.set(key, { definition: validateDefinition(kind, key, content), version: 1 });
    if (kind === 'sender') senders.set(key, validateDefinition(kind, key, content));
    if (kind === 'template') templates.push(validateDefinition(kind, key, content));
  }
  const includes = { layouts, partials };
  return Promise.all(
    templates.map(async (template) => ({
      template,
      compiled: await compileTemplate(template, includes),
      includes,
      sender: senders.get(template.sender ?? '') ?? SAMPLE_SENDER,
    })),
  );
}

/** One of them, by its key. */
export async function shippedMail(folder: string, key: string): Promise<ShippedMail> {
  const found = (await shippedMails(folder)).find(({ template }) => template.key === key);
  if (found === undefined) throw new Error(`there is no template ${key} in templates/${folder}`);
  return found;
}
