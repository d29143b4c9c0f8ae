import type { DefinitionKind } from '../domain/definition/definition.ts';
import type { Layout, Partial } from '../domain/definition/layout.ts';
import type { Template } from '../domain/definition/template.ts';
import { KIND_NAMES } from '../domain/definition/validate.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { DEFAULT_SENDER, type Sender } from '../domain/sender/sender.ts';
import { senderSchema } from '../domain/sender/sender-schema.ts';
import { layoutProblems, partialProblems } from '../mail/check-include.ts';
import { checkMail } from '../mail/check-mail.ts';
import { type CompiledTemplate, compileTemplate } from '../mail/compile-template.ts';
import { type Includes, withIncluded } from '../mail/expand.ts';
import { SAMPLE_SENDER, type SampleReader } from '../mail/sample-mails.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { liveMark, loadIncludes } from './load-includes.ts';
import { sampleReaders } from './sample-readers.ts';
import { at, sql } from './sql.ts';

/** What a publishing makes of templates, worked out before it begins. */
export interface PreparedMails {
  /** Of the template that is published; null: it is none. */
  readonly compiled: CompiledTemplate | null;
  /** Live templates that must be compiled anew, for they include what is published. */
  readonly recompiled: readonly {
    readonly versionId: number;
    readonly key: string;
    readonly compiled: CompiledTemplate;
  }[];
  /** Of live templates: their mails may go now. */
  readonly templates: readonly string[];
  /** What should be looked at, of the template that is published. */
  readonly warnings: readonly FieldProblem[];
  /** What all of it was made from. */
  readonly kinds: readonly DefinitionKind[];
  readonly mark: string;
}

interface DraftMail {
  readonly kind: DefinitionKind;
  readonly key: string;
  readonly version: number;
  readonly content: unknown;
}

/**
 * Compiles and tries what is to be published: a template on sample readers; of a layout, partial or sender every live
 * template that it would change. It takes a while, and so is done before the publishing's transaction, which must
 * `assertStillLive`. Null for other kinds.
 *
 * Throws `definition-invalid` with every problem; what lies in another template names that.
 */
export async function prepareMails(database: Database, draft: DraftMail, now: Instant): Promise<PreparedMails | null> {
  switch (draft.kind) {
    case 'template':
      return prepareTemplate(database, draft.content as Template, now);
    case 'layout':
    case 'partial':
      return prepareInclude(database, { ...draft, kind: draft.kind });
    case 'sender':
      return prepareSender(database, senderSchema.parse(draft.content));
    default:
      return null;
  }
}

/** Throws `conflict` when what the preparation was made from is not what is live any more. */
export async function assertStillLive(
  transaction: Transaction,
  { kinds, mark }: PreparedMails,
  key: string,
): Promise<void> {
  if ((await liveMark(transaction, kinds)) === mark) return;
  throw new TendError(
    'conflict',
    `A template, layout, partial or sender was published while "${key}" was being published: publish again.`,
  );
}

/** Puts what was compiled anew in place, and keeps what it was, for mails that were sent are shown as they were. */
export async function storeRecompiled(
  transaction: Transaction,
  { recompiled }: PreparedMails,
  now: Instant,
): Promise<void> {
  for (const { versionId, compiled } of recompiled) {
    await transaction.query(sql`
      INSERT INTO former_compilation (version_id, compiled, replaced_at)
      SELECT id, compiled, ${at(now)}::timestamptz FROM definition_version WHERE id = ${versionId}::bigint AND compiled IS NOT NULL`);
    await transaction.query(sql`
      UPDATE definition_version SET compiled = ${JSON.stringify(compiled)}::jsonb WHERE id = ${versionId}::bigint`);
  }
}

async function prepareTemplate(database: Database, template: Template, now: Instant): Promise<PreparedMails> {
  const kinds = ['layout', 'partial', 'sender'] as const;
  const mark = await liveMark(database, kinds);
  const includes = await loadIncludes(database);
  const sender = await liveSender(database, template.sender ?? DEFAULT_SENDER);
  const noSender = template.recipient === 'lead' && sender === null ? [senderProblem(template)] : [];
  const compiled = await compileTemplate(template, includes).catch((error: unknown) => {
    throw noSender.length > 0 ? withMore(error, noSender) : error;
  });
  const readers = template.recipient === 'lead' ? await sampleReaders(database, now) : [];
  const { problems, warnings } = checkMail({ template, compiled, includes, sender: sender ?? SAMPLE_SENDER, readers });
  refuse('template', template.key, [...noSender, ...problems]);
  return { compiled, recompiled: [], templates: [template.key], warnings, kinds, mark };
}

function senderProblem({ sender }: Template): FieldProblem {
  const which =
    sender === undefined
      ? 'the sender "default", which serves templates that name none, is not published'
      : `the sender "${sender}" is not published`;
  return {
    path: 'sender',
    problem: `${which}: a mail to leads must say whose it is and who is responsible for it, so publish one (kind: sender, with from and imprint)`,
  };
}

async function prepareInclude(
  database: Database,
  { kind, key, version, content }: DraftMail & { readonly kind: 'layout' | 'partial' },
): Promise<PreparedMails> {
  const kinds = ['template', 'layout', 'partial', 'sender'] as const;
  const mark = await liveMark(database, kinds);
  const definition = content as Layout & Partial;
  const live = await loadIncludes(database);
  const includes = withIncluded(live, { kind, definition, version });
  refuse(kind, key, kind === 'layout' ? await layoutProblems(definition, live) : partialProblems(definition, live));
  const users = await templatesThatUse(database, kind, key);
  const recompiled = [];
  const problems: FieldProblem[] = [];
  for (const { versionId, template } of users) {
    try {
      const compiled = await compileTemplate(template, includes);
      problems.push(...(await problemsIn(database, template, compiled, includes)));
      recompiled.push({ versionId, key: template.key, compiled });
    } catch (error) {
      if (!(error instanceof TendError)) throw error;
      problems.push(...named(template, error.fields));
    }
  }
  refuse(kind, key, problems);
  return { compiled: null, recompiled, templates: recompiled.map((each) => each.key), warnings: [], kinds, mark };
}

/** A sender is filled in when a mail is sent: what templates ask of it must be there. */
async function prepareSender(database: Database, sender: Sender): Promise<PreparedMails> {
  const kinds = ['template', 'layout', 'partial'] as const;
  const mark = await liveMark(database, kinds);
  const includes = await loadIncludes(database);
  const users = await templatesOf(database, sender.key);
  const problems: FieldProblem[] = [];
  for (const { template, compiled } of users) {
    if (template.recipient !== 'lead' || compiled === null) continue;
    problems.push(...named(template, checkMail({ template, compiled, includes, sender }).problems));
  }
  refuse('sender', sender.key, problems);
  return {
    compiled: null,
    recompiled: [],
    templates: users.map(({ template }) => template.key),
    warnings: [],
    kinds,
    mark,
  };
}

async function problemsIn(
  database: Database,
  template: Template,
  compiled: CompiledTemplate,
  includes: Includes,
  readers: readonly SampleReader[] = [],
): Promise<FieldProblem[]> {
  const sender = (await liveSender(database, template.sender ?? DEFAULT_SENDER)) ?? SAMPLE_SENDER;
  return named(template, checkMail({ template, compiled, includes, sender, readers }).problems);
}

/** Problems of another definition, each with whose it is. */
function named({ key }: Template, problems: readonly FieldProblem[]): FieldProblem[] {
  return problems.map(({ path, problem }) => ({ path: '', problem: `in the template "${key}", ${path}: ${problem}` }));
}

interface LiveTemplate {
  readonly versionId: number;
  readonly template: Template;
  readonly compiled: CompiledTemplate | null;
}

async function templatesThatUse(queryable: Queryable, kind: string, key: string): Promise<LiveTemplate[]> {
  return queryable.query<LiveTemplate>(sql`
    SELECT version.id AS "versionId", content AS template, compiled FROM definition
    JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'template' AND compiled->'uses' @> ${JSON.stringify([{ kind, key }])}::jsonb ORDER BY definition.key`);
}

async function templatesOf(queryable: Queryable, sender: string): Promise<LiveTemplate[]> {
  return queryable.query<LiveTemplate>(sql`
    SELECT version.id AS "versionId", content AS template, compiled FROM definition
    JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'template' AND coalesce(content->>'sender', ${DEFAULT_SENDER}) = ${sender} ORDER BY definition.key`);
}

/** Null: none is published under this key. */
async function liveSender(queryable: Queryable, key: string): Promise<Sender | null> {
  const [row] = await queryable.query<{ content: unknown }>(sql`
    SELECT content FROM definition JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'sender' AND definition.key = ${key}`);
  return row === undefined ? null : senderSchema.parse(row.content);
}

function refuse(kind: DefinitionKind, key: string, problems: readonly FieldProblem[]): void {
  if (problems.length === 0) return;
  throw new TendError(
    'definition-invalid',
    `The ${KIND_NAMES[kind]} "${key}" can't be published: mend the fields named.`,
    problems,
  );
}

function withMore(error: unknown, problems: readonly FieldProblem[]): unknown {
  return error instanceof TendError ? new TendError(error.code, error.detail, [...problems, ...error.fields]) : error;
}
