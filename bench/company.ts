import type { Actor } from '../domain/actor.ts';
import type { DefinitionKind } from '../domain/definition/definition.ts';
import { HOUR, type Instant } from '../domain/instant.ts';
import { interestKey } from '../domain/interaction/event-match.ts';
import type { Database } from '../store/database.ts';
import { newId } from '../store/new-id.ts';
import { publishDefinition } from '../store/publish-definition.ts';
import { putDraft } from '../store/put-draft.ts';
import { at, sql } from '../store/sql.ts';

export const PAGE_POINTS = 1;
export const PAGES_PER_DAY = 5;
export const STEP_POINTS = 1;
export const CROSSING_EVENT = 'Quote Requested';
export const CROSSING_POINTS = 1_000;
export const stepEvent = (step: number): string => `Step ${step} Done`;
export const stepId = (step: number): string => `step-${step}`;

/** More than any mix has events for one lead, so that no enrolment ends. */
const STEPS = 120;
const SEQUENCE = 'bench';
const actor: Actor = { kind: 'system', name: 'bench' };

const rule = (id: string, on: object, points: number, limit?: object) => ({ id, on, points, ...(limit && { limit }) });

/** Steps score a little too; only the one event takes a lead over the threshold. */
const model = {
  key: 'bench',
  name: 'Bench',
  timeZone: 'UTC',
  threshold: CROSSING_POINTS,
  rules: [
    rule('page', { kind: 'page' }, PAGE_POINTS, { times: PAGES_PER_DAY, per: 'day' }),
    ...Array.from({ length: STEPS }, (_, index) =>
      rule(stepId(index + 1), { event: stepEvent(index + 1) }, STEP_POINTS),
    ),
    rule('quote', { event: CROSSING_EVENT }, CROSSING_POINTS, { per: 'lead' }),
  ],
};

const sequence = {
  key: SEQUENCE,
  name: 'Bench',
  purpose: 'newsletter',
  entry: [],
  steps: Array.from({ length: STEPS }, (_, index) => ({
    id: stepId(index + 1),
    kind: 'waitFor',
    event: { event: stepEvent(index + 1) },
    timeout: { days: 30 },
  })),
};

const handoffTemplate = {
  key: 'handoff',
  name: 'Handoff',
  recipient: 'rep',
  locales: {
    en: {
      subject: 'A lead for you',
      mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>A lead for you</mj-text></mj-column></mj-section></mj-body></mjml>',
    },
  },
};

/** Publishes what the mixes need and hires one representative. */
export async function foundCompany(database: Database, now: Instant): Promise<void> {
  await publish(database, 'template', handoffTemplate, now);
  await publish(database, 'scoring_model', model, now);
  await publish(database, 'sequence', sequence, now);
  await database.query(sql`
    INSERT INTO rep (key, name, email, created_at) VALUES ('rita', 'Rita', 'rita@sales.example', ${at(now)})`);
}

async function publish(database: Database, kind: DefinitionKind, content: { readonly key: string }, now: Instant) {
  await putDraft(database, { kind, key: content.key, content, actor, now });
  await publishDefinition(database, { kind, key: content.key, actor, now });
}

export interface BenchLead {
  readonly id: string;
  readonly userId: string;
}

/**
 * Adds leads that stand on the first step of the sequence since an hour, and have planned. None has a workflow yet:
 * its first plan-changing event starts it, as the baseline's first signal does.
 */
export async function addLeads(database: Database, prefix: string, count: number, now: Instant): Promise<BenchLead[]> {
  const leads = Array.from({ length: count }, (_, index) => ({ id: newId(), userId: `${prefix}-${index}` }));
  const ids = leads.map(({ id }) => id);
  const since = at(now - HOUR);
  await database.transaction(async (transaction) => {
    await transaction.query(sql`
      INSERT INTO lead (id, created_at, attention_rev, planned_rev)
      SELECT id, ${since}, 1, 1 FROM unnest(${ids}::uuid[]) AS new(id)`);
    await transaction.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      SELECT 'user_id', user_id, id, ${since}::timestamptz, ${since}::timestamptz
      FROM unnest(${ids}::uuid[], ${leads.map(({ userId }) => userId)}::text[]) AS new(id, user_id)
      UNION ALL
      SELECT 'email', user_id || '@people.example', id, ${since}::timestamptz, ${since}::timestamptz
      FROM unnest(${ids}::uuid[], ${leads.map(({ userId }) => userId)}::text[]) AS new(id, user_id)`);
    await transaction.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
      SELECT id, 'email', 'newsletter', 'granted', 'api', 'bench', ${since}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)`);
    await transaction.query(sql`
      INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, visit, step_entered_at, awaits, started_at)
      SELECT enrolment_id, lead_id, ${SEQUENCE}, (SELECT live_version_id FROM definition WHERE kind = 'sequence' AND key = ${SEQUENCE}),
             'api', 'active', ${stepId(1)}, 1, ${since}::timestamptz, ARRAY[${interestKey({ event: stepEvent(1) })}], ${since}::timestamptz
      FROM unnest(${leads.map(() => newId())}::uuid[], ${ids}::uuid[]) AS new(enrolment_id, lead_id)`);
  });
  // A running installation has statistics of its tables; autovacuum would bring them in the middle of a measurement.
  await database.query(sql`ANALYZE`);
  return leads;
}
