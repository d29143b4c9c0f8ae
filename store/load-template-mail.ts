import type { Template } from '../domain/definition/template.ts';
import { TendError } from '../domain/errors.ts';
import { DEFAULT_SENDER, type Sender, senderFrom } from '../domain/sender/sender.ts';
import { senderSchema } from '../domain/sender/sender-schema.ts';
import { type CompiledTemplate, compileTemplate } from '../mail/compile-template.ts';
import type { Includes } from '../mail/expand.ts';
import type { Database } from './database.ts';
import { loadIncludes, type WhichVersions } from './load-includes.ts';
import { sql } from './sql.ts';

/** A template with all that a mail of it is made of. */
export interface TemplateMail {
  readonly template: Template;
  readonly compiled: CompiledTemplate;
  readonly includes: Includes;
  readonly sender: Sender;
}

/**
 * `live`: what is published, and as long as nothing is, what was stored last. `draft`: as mails would be if all that was
 * stored last were published, layouts, partials and sender too.
 *
 * Throws `not-found` and `definition-invalid` (it does not compile).
 */
export async function loadTemplateMail(
  database: Database,
  { key, which, mailFrom }: { readonly key: string; readonly which: WhichVersions; readonly mailFrom: string },
): Promise<TemplateMail> {
  const [found] = await database.query<{ template: Template; compiled: CompiledTemplate | null; live: boolean }>(sql`
    SELECT content AS template, compiled, version.id = live_version_id AS live
    FROM definition JOIN definition_version AS version
      ON version.id = CASE WHEN ${which === 'live'} THEN coalesce(live_version_id, draft_version_id) ELSE draft_version_id END
    WHERE definition.kind = 'template' AND definition.key = ${key}`);
  if (found === undefined) throw new TendError('not-found', `There is no template "${key}": store it first.`);
  const { template } = found;
  const includes = await loadIncludes(database, which);
  const compiled =
    which === 'live' && found.live && found.compiled !== null
      ? found.compiled
      : await compileTemplate(template, includes);
  const sender = await loadSender(database, template.sender ?? DEFAULT_SENDER, which);
  return { template, compiled, includes, sender: sender ?? senderFrom(mailFrom) };
}

async function loadSender(database: Database, key: string, which: WhichVersions): Promise<Sender | null> {
  const [row] = await database.query<{ content: unknown }>(sql`
    SELECT content FROM definition JOIN definition_version AS version
      ON version.id = CASE WHEN ${which === 'live'} THEN live_version_id ELSE coalesce(draft_version_id, live_version_id) END
    WHERE definition.kind = 'sender' AND definition.key = ${key}`);
  return row === undefined ? null : senderSchema.parse(row.content);
}
