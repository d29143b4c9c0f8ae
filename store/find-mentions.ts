import { domainToUnicode } from 'node:url';
import { mentionHints, mentionPattern } from '../domain/erasure/erasure.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { at, type Sql, sql } from './sql.ts';

/**
 * Where other people's rows may name an address: an identify that was refused a merge, an event that tells of somebody else, a
 * statement, a mail that came in. Looked through before the erasure's transaction, a range at a time, because it is a walk
 * through whole tables; what came in since is looked through in the transaction.
 */
export interface Mentions {
  /** Those that were looked for. */
  readonly addresses: readonly string[];
  readonly search: Search | null;
  readonly interactions: readonly number[];
  readonly attributes: readonly number[];
  readonly mails: readonly string[];
  /** The last ids that were looked at. */
  readonly upTo: { readonly interaction: number; readonly attribute: number };
  readonly at: Instant;
}

/** What is looked for: `hints` are cheap and in every mention, `pattern` is exact. */
interface Search {
  readonly hints: readonly string[];
  readonly pattern: string;
}

/** Ids become visible out of order: what was being stored during the walk is at most so far behind its end. */
const RANGE = 20_000;
/** How long it may take from a mail's instant of receipt until its row can be seen. */
const STORED_WITHIN_MS = 600_000;

/** Null where `budgetMs` ran out before the end. */
export async function findMentions(
  database: Database,
  addresses: readonly string[],
  budgetMs: number,
  now: Instant,
): Promise<Mentions | null> {
  const pattern = mentionPattern(addresses, domainToUnicode);
  const nothing = { interactions: [], attributes: [], mails: [], upTo: { interaction: 0, attribute: 0 } };
  if (pattern === null) return { addresses, search: null, at: now, ...nothing };
  const search = { pattern, hints: mentionHints(addresses) };
  const until = performance.now() + budgetMs;
  const [last] = await database.query<{ interaction: number; attribute: number }>(sql`
    SELECT coalesce((SELECT max(id) FROM interaction), 0) AS interaction, coalesce((SELECT max(id) FROM attribute), 0) AS attribute`);
  const upTo = last ?? nothing.upTo;
  const interactions = await inRanges(database, upTo.interaction, until, (after, to) =>
    interactionsNaming(search, after, to),
  );
  const attributes = await inRanges(database, upTo.attribute, until, (after, to) =>
    attributesNaming(search, after, to),
  );
  if (interactions === null || attributes === null) return null;
  return {
    addresses,
    search,
    interactions,
    attributes,
    mails: await mailsNaming(database, search, null),
    upTo,
    at: now,
  };
}

async function inRanges(
  database: Database,
  last: number,
  until: number,
  look: (after: number, to: number) => Sql,
): Promise<number[] | null> {
  const found: number[] = [];
  for (let after = 0; after < last; after += RANGE) {
    if (performance.now() > until) return null;
    const rows = await database.query<{ id: number }>(look(after, Math.min(after + RANGE, last)));
    for (const { id } of rows) found.push(id);
  }
  return found;
}

/**
 * JSON writes characters beyond ASCII as they are, and nothing in an address needs escaping. CASE, so that the pattern is
 * tried on those only that the hints let through.
 */
function interactionsNaming({ hints, pattern }: Search, after: number, to: number | null): Sql {
  return sql`
    SELECT id FROM interaction CROSS JOIN LATERAL concat_ws(' ', properties, context, message_id) AS said
    WHERE id > ${after}::bigint AND (${to}::bigint IS NULL OR id <= ${to}::bigint)
      AND CASE WHEN lower(said) LIKE ANY (${hints}::text[]) THEN said ~* ${pattern} ELSE false END`;
}

function attributesNaming({ hints, pattern }: Search, after: number, to: number | null): Sql {
  return sql`
    SELECT id FROM attribute
    WHERE id > ${after}::bigint AND (${to}::bigint IS NULL OR id <= ${to}::bigint)
      AND CASE WHEN lower(value::text) LIKE ANY (${hints}::text[]) THEN value::text ~* ${pattern} ELSE false END`;
}

async function mailsNaming(queryable: Queryable, { hints, pattern }: Search, since: Instant | null): Promise<string[]> {
  const rows = await queryable.query<{ id: string }>(sql`
    SELECT id FROM inbound_mail
    CROSS JOIN LATERAL concat_ws(' ', envelope_from, array_to_string(envelope_to, ' '), from_address, subject, text, detail, error, encode(raw, 'escape')) AS said
    WHERE (${at(since)}::timestamptz IS NULL OR received_at >= ${at(since)}::timestamptz)
      AND CASE WHEN lower(said) LIKE ANY (${hints}::text[]) THEN said ~* ${pattern} ELSE false END`);
  return rows.map(({ id }) => id);
}

/** Takes the addresses out of other people's rows: in their place stands "erased". The person's own rows have gone before. */
export async function redactMentions(transaction: Transaction, mentions: Mentions): Promise<void> {
  const { search, upTo } = mentions;
  if (search === null) return;
  const { pattern } = search;
  const sinceThen = async (statement: Sql) => (await transaction.query<{ id: number }>(statement)).map(({ id }) => id);
  const interactions = [
    ...mentions.interactions,
    ...(await sinceThen(interactionsNaming(search, upTo.interaction - RANGE, null))),
  ];
  const attributes = [
    ...mentions.attributes,
    ...(await sinceThen(attributesNaming(search, upTo.attribute - RANGE, null))),
  ];
  await transaction.query(sql`
    UPDATE interaction SET properties = regexp_replace(properties::text, ${pattern}, 'erased', 'gi')::jsonb,
           context = regexp_replace(context::text, ${pattern}, 'erased', 'gi')::jsonb,
           message_id = CASE WHEN message_id ~* ${pattern} THEN 'erased:' || gen_random_uuid() ELSE message_id END
    WHERE id = ANY(${interactions}::bigint[])`);
  await transaction.query(sql`
    UPDATE attribute SET value = regexp_replace(value::text, ${pattern}, 'erased', 'gi')::jsonb WHERE id = ANY(${attributes}::bigint[])`);
  const mails = [...mentions.mails, ...(await mailsNaming(transaction, search, mentions.at - STORED_WITHIN_MS))];
  // What nobody has read yet is a report about the person's mail, or from the person: few others name an address.
  await transaction.query(sql`DELETE FROM inbound_mail WHERE id = ANY(${mails}::uuid[]) AND processed_at IS NULL`);
  // Of a mail in which the person is only named, the words stay without the address; as it came in it can't be mended, and goes.
  await transaction.query(sql`
    UPDATE inbound_mail SET raw = NULL, envelope_from = regexp_replace(envelope_from, ${pattern}, 'erased', 'gi'),
           envelope_to = ARRAY(SELECT regexp_replace(one, ${pattern}, 'erased', 'gi') FROM unnest(envelope_to) AS one),
           from_address = regexp_replace(from_address, ${pattern}, 'erased', 'gi'), subject = regexp_replace(subject, ${pattern}, 'erased', 'gi'),
           text = regexp_replace(text, ${pattern}, 'erased', 'gi'), detail = regexp_replace(detail, ${pattern}, 'erased', 'gi'),
           error = regexp_replace(error, ${pattern}, 'erased', 'gi')
    WHERE id = ANY(${mails}::uuid[])`);
  await transaction.query(sql`
    UPDATE receiving_domain SET why = regexp_replace(why, ${pattern}, 'erased', 'gi') WHERE why ~* ${pattern}`);
}
