import type { Instant } from '../domain/instant.ts';
import type { SampleReader } from '../mail/sample-mails.ts';
import type { Database } from './database.ts';
import { readLeadMailFacts } from './read-mail-facts.ts';
import { sql } from './sql.ts';

/** Half of them the newest, half those of whom least is known: what they lack differs. */
const MOST_READERS = 20;
/** Among so many of the newest. */
const LOOKED_AT = 500;

/** Readers as they come, to try a template on: what is known of them, and no address. */
export async function sampleReaders(database: Database, now: Instant): Promise<SampleReader[]> {
  const leads = await database.query<{ id: string }>(sql`
    WITH newest AS (
      SELECT id FROM lead WHERE merged_into IS NULL AND erased_at IS NULL AND NOT test ORDER BY id DESC LIMIT ${LOOKED_AT}::int
    ), known AS (
      SELECT newest.id, (SELECT count(DISTINCT attribute.name) FROM attribute WHERE attribute.lead_id = newest.id) AS attributes FROM newest
    )
    SELECT id FROM (
      (SELECT id FROM known ORDER BY id DESC LIMIT ${MOST_READERS / 2}::int)
      UNION (SELECT id FROM known ORDER BY attributes, id DESC LIMIT ${MOST_READERS / 2}::int)
    ) AS chosen ORDER BY id`);
  const readers: SampleReader[] = [];
  for (const { id } of leads) {
    const { locale, attributes } = await readLeadMailFacts(database, id, now);
    readers.push({ locale, attributes });
  }
  return readers;
}
