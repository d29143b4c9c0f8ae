import type { AttributeSource } from '../domain/attributes/statement.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';

/** Whom a statement is about. */
export type StatementSubject = { readonly leadId: string } | { readonly accountId: string };

export interface NewStatements {
  readonly subject: StatementSubject;
  /** Null: known to be not known. */
  readonly values: ReadonlyMap<string, Json>;
  readonly source: Exclude<AttributeSource, 'inference'>;
  /** When it was said. */
  readonly at: Instant;
  readonly confidence: number;
  readonly now: Instant;
}

/** Adds statements, as they were said. The caller holds the lead's lock. */
export async function insertStatements(transaction: Transaction, statements: NewStatements): Promise<void> {
  const { subject, values, source, confidence, now } = statements;
  if (values.size === 0) return;
  await transaction.query(sql`
    INSERT INTO attribute (lead_id, account_id, name, value, source, at, confidence, recorded_at)
    SELECT ${leadOf(subject)}::uuid, ${accountOf(subject)}::uuid, name, value, ${source}, ${at(statements.at)}::timestamptz,
           ${confidence}::real, ${at(now)}::timestamptz
    FROM unnest(${[...values.keys()]}::text[], ${[...values.values()].map((value) => JSON.stringify(value))}::jsonb[]) AS new(name, value)`);
}

/**
 * Adds what a website says. Websites tell the same on every page view: what was said last, by the website too, makes no
 * new row, unless it is one of `expiring` and was said more than a day ago, for then the date counts. Returns the
 * names that rows were made for. (What a website repeated and another word came before, late, is taken for that word's: a repetition
 * leaves no trace of its own.)
 */
export async function insertWebsiteStatements(
  transaction: Transaction,
  statements: Omit<NewStatements, 'source' | 'confidence'> & { readonly expiring: readonly string[] },
): Promise<string[]> {
  const { subject, values, expiring, now } = statements;
  if (values.size === 0) return [];
  const said = at(statements.at);
  const rows = await transaction.query<{ name: string }>(sql`
    INSERT INTO attribute (lead_id, account_id, name, value, source, at, confidence, recorded_at)
    SELECT ${leadOf(subject)}::uuid, ${accountOf(subject)}::uuid, new.name, new.value, 'website', ${said}::timestamptz, 1, ${at(now)}::timestamptz
    FROM unnest(${[...values.keys()]}::text[], ${[...values.values()].map((value) => JSON.stringify(value))}::jsonb[]) AS new(name, value)
    LEFT JOIN LATERAL (
      SELECT known.value, known.at, known.source FROM attribute AS known
      WHERE (known.lead_id = ${leadOf(subject)}::uuid OR known.account_id = ${accountOf(subject)}::uuid)
        AND known.name = new.name AND known.at <= ${said}::timestamptz
      ORDER BY known.at DESC, known.id DESC LIMIT 1) AS last ON true
    WHERE new.value IS DISTINCT FROM last.value OR last.source <> 'website'
       OR (new.name = ANY(${expiring}::text[]) AND last.at < ${said}::timestamptz - interval '1 day')
    RETURNING name`);
  return rows.map(({ name }) => name);
}

const leadOf = (subject: StatementSubject) => ('leadId' in subject ? subject.leadId : null);
const accountOf = (subject: StatementSubject) => ('accountId' in subject ? subject.accountId : null);
