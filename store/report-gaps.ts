import type { ContentGap } from '../domain/sequence/stream.ts';
import type { Queryable } from './database.ts';
import { readLiveSequence } from './report-sequence.ts';
import { sql } from './sql.ts';

/** So many leads wait at the end of a stream's track: something is to be written for them. Test leads are not counted. */
export interface GapReport extends ContentGap {
  readonly sequence: string;
  readonly leads: number;
}

/** Where streams have nothing more for leads that wait in them, the most first; of one sequence (or null: of all). Throws `not-found`. */
export async function reportGaps(queryable: Queryable, sequence: string | null): Promise<GapReport[]> {
  if (sequence !== null) await readLiveSequence(queryable, sequence);
  return queryable.query<GapReport>(sql`
    SELECT sequence_key AS sequence, gap->>'stream' AS stream, gap->>'track' AS track, gap->>'cell' AS cell, count(*) AS leads
    FROM enrolment JOIN lead ON lead.id = lead_id AND NOT lead.test
    WHERE exhausted AND enrolment.state = 'active' AND (${sequence}::text IS NULL OR sequence_key = ${sequence})
    GROUP BY 1, 2, 3, 4 ORDER BY leads DESC, 1, 2, 3, 4`);
}
