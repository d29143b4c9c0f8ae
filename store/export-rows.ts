import type { Json } from '../domain/interaction/interaction.ts';
import type { Database } from './database.ts';
import type { Sql } from './sql.ts';

export type ExportSectionName =
  | 'leads'
  | 'identities'
  | 'attributes'
  | 'company'
  | 'interactions'
  | 'points'
  | 'standings'
  | 'consents'
  | 'consentAges'
  | 'optInRequests'
  | 'enrolments'
  | 'stepPasses'
  | 'entryConditions'
  | 'messages'
  | 'messageEvents'
  | 'hits'
  | 'inboundMails'
  | 'handoffs'
  | 'handoffAssignments'
  | 'webhooks'
  | 'audit';

/** Which of a table's rows are a person's. `$1` is the ids of their leads. */
export interface ExportSection {
  readonly name: ExportSectionName;
  readonly table: string;
  readonly where: string;
  /** A column that pages go by; default: all rows at once, for they are few. */
  readonly pagedBy?: 'id';
}

const LEADS = 'ANY($1::uuid[])';
const MESSAGES = `IN (SELECT id FROM message WHERE lead_id = ${LEADS})`;

/** In the order of a reader's interest: who, what is known, what was agreed to, what was done. */
export const SECTIONS: readonly ExportSection[] = [
  { name: 'leads', table: 'lead', where: `one.id = ${LEADS}` },
  { name: 'identities', table: 'identity', where: `one.lead_id = ${LEADS}` },
  { name: 'attributes', table: 'attribute', where: `one.lead_id = ${LEADS}`, pagedBy: 'id' },
  { name: 'company', table: 'account', where: `one.id IN (SELECT account_id FROM lead WHERE id = ${LEADS})` },
  { name: 'consents', table: 'consent', where: `one.lead_id = ${LEADS}` },
  { name: 'consentAges', table: 'consent_age', where: `one.lead_id = ${LEADS}` },
  { name: 'optInRequests', table: 'opt_in_request', where: `one.lead_id = ${LEADS}` },
  { name: 'messages', table: 'message', where: `one.lead_id = ${LEADS}` },
  { name: 'messageEvents', table: 'message_event', where: `one.message_id ${MESSAGES}` },
  { name: 'hits', table: 'mail_hit', where: `one.message_id ${MESSAGES}` },
  { name: 'inboundMails', table: 'inbound_mail', where: `one.lead_id = ${LEADS} OR one.message_id ${MESSAGES}` },
  { name: 'enrolments', table: 'enrolment', where: `one.lead_id = ${LEADS}` },
  {
    name: 'stepPasses',
    table: 'step_pass',
    where: `one.enrolment_id IN (SELECT id FROM enrolment WHERE lead_id = ${LEADS})`,
  },
  { name: 'entryConditions', table: 'entry_condition', where: `one.lead_id = ${LEADS}` },
  { name: 'handoffs', table: 'handoff', where: `one.lead_id = ${LEADS}` },
  {
    name: 'handoffAssignments',
    table: 'handoff_assignment',
    where: `one.handoff_id IN (SELECT id FROM handoff WHERE lead_id = ${LEADS})`,
  },
  { name: 'webhooks', table: 'webhook_delivery', where: `one.lead_id = ${LEADS}` },
  { name: 'interactions', table: 'interaction', where: `one.lead_id = ${LEADS}`, pagedBy: 'id' },
  { name: 'points', table: 'score_ledger', where: `one.lead_id = ${LEADS}`, pagedBy: 'id' },
  { name: 'standings', table: 'standing', where: `one.lead_id = ${LEADS}` },
  {
    name: 'audit',
    table: 'audit',
    where: `(one.subject_kind, one.subject_id) IN (
      SELECT 'lead', id::text FROM unnest($1::uuid[]) AS mine(id)
      UNION SELECT 'handoff', id::text FROM handoff WHERE lead_id = ${LEADS}
      UNION SELECT 'enrolment', id::text FROM enrolment WHERE lead_id = ${LEADS}
      UNION SELECT 'message', id::text FROM message WHERE lead_id = ${LEADS}
      UNION SELECT 'interaction', id::text FROM interaction WHERE lead_id = ${LEADS})`,
  },
];

const PAGE = 1_000;
/** How a claim proves itself to the database: nobody's data, and no use to anybody. */
const INTERNAL = new Set(['claim_token']);

/** A section's rows, each with all of its columns under their names in camel case. */
export async function* exportRows(
  database: Database,
  section: ExportSection,
  leadIds: readonly string[],
): AsyncGenerator<Json> {
  const { table, where, pagedBy } = section;
  for (let after = 0; ; ) {
    const page =
      pagedBy === undefined
        ? statement(`SELECT to_jsonb(one) AS row FROM ${table} AS one WHERE ${where} ORDER BY 1`, [leadIds])
        : statement(
            `SELECT to_jsonb(one) AS row FROM ${table} AS one WHERE (${where}) AND one.id > $2::bigint ORDER BY one.id LIMIT ${PAGE}`,
            [leadIds, after],
          );
    const rows = await database.query<{ row: Record<string, Json> }>(page);
    for (const { row } of rows) yield readable(row);
    if (pagedBy === undefined || rows.length < PAGE) return;
    after = Number(rows.at(-1)?.row.id);
  }
}

/** The texts are this file's own, from a list. */
function statement(text: string, values: readonly unknown[]): Sql {
  let name = names.get(text);
  if (name === undefined) {
    name = `tend_export_${names.size}`;
    names.set(text, name);
  }
  return { text, values, name };
}

const names = new Map<string, string>();

function readable(row: Record<string, Json>): Json {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, Json][] =>
      INTERNAL.has(name) ? [] : [[camelCase(name), textOf(value)]],
    ),
  );
}

/** Bytes come as `\x…`: what came in by mail is text in all that can be read. */
function textOf(value: Json): Json {
  return typeof value === 'string' && /^\\x(?:[0-9a-f]{2})*$/.test(value)
    ? Buffer.from(value.slice(2), 'hex').toString('utf8')
    : value;
}

const camelCase = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
