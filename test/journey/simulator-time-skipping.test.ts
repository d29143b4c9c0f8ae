import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, type Instant, MINUTE } from '../../domain/instant.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import type { Happening } from '../../domain/simulation/happening.ts';
import { liveLead } from '../../domain/simulation/lead-life.ts';
import { entriesOf } from '../../domain/simulation/life.ts';
import { worldOf } from '../../domain/simulation/world.ts';
import { at, sql } from '../../store/sql.ts';
import { model, once, sequences, templates } from '../property/attention-company.ts';
import { addLead, foundCompany, interact, type TestLead } from '../support/company.ts';
import { eventually } from '../support/engine.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';
import { startTimeSkippingEngine, type TimeSkippingEngine, timeSkippingLacks } from '../support/time-skipping.ts';

const EVENTS = ['Signed Up', 'Clicked', 'Asked', 'Product Viewed', 'Noise', 'Branch Searched'] as const;
const LEADS = 5 * SCALE;
const DAYS = 7;
/** What a busy machine may take of real time, mail by mail, while the server's clock runs on. */
const PROMPT = 20_000;

const lacks = await timeSkippingLacks();

/**
 * The whole engine (Temporal's timers, the workers, SMTP) in skipped time, against the simulator: for the same events the
 * same mails, at the same instants but for the seconds that a real machine takes.
 */
describe.skipIf(lacks !== null)(
  `the simulator and Temporal in skipped time agree (seed ${SEED})${lacks === null ? '' : ` (skipped: there is no ${lacks} here)`}`,
  () => {
    let engine: TimeSkippingEngine;
    beforeAll(async () => {
      engine = await startTimeSkippingEngine({ handoffAcceptMs: DAY });
      const now = await engine.now();
      await foundCompany(engine.database, { now, model, sequences, templates, once });
    });
    afterAll(async () => engine.stop());

    it(`over ${LEADS} random histories`, { timeout: 240_000 * SCALE }, async () => {
      const random = randomFrom(SEED);
      const start = await engine.now();
      const lives = await Promise.all(
        Array.from({ length: LEADS }, async () => ({
          lead: await addLead(engine.database, { now: start }),
          happenings: [] as Happening[],
        })),
      );
      // At odd minutes, so that nothing is decided by the second in which two things would fall together.
      const acts = lives
        .flatMap(({ lead, happenings }) =>
          Array.from({ length: 5 + random.below(5) }, (_, index) => ({
            lead,
            happenings,
            after: (1 + random.below((DAYS * DAY) / MINUTE / 11)) * 11 * MINUTE + index * 1_000,
            event: index === 0 ? ('Signed Up' as const) : random.pick(EVENTS),
            right: random.below(3) > 0,
          })),
        )
        .sort((a, b) => a.after - b.after);
      for (const { lead, happenings, after, event, right } of acts) {
        await engine.pass(Math.max(1, start + after - (await engine.now())));
        await quiet();
        const now = await engine.now();
        const properties = { right };
        await interact(engine.database, { email: lead.email, event, at: now, properties });
        happenings.push({ at: now, kind: 'interaction', event, as: 'track', properties });
        await quiet();
      }
      const until = start + 14 * DAY;
      await engine.pass(until - (await engine.now()));
      await quiet();
      let mails = 0;
      for (const { lead, happenings } of lives) {
        const simulated = liveLead(world, newLead(lead, start), { happenings: [consent(start), ...happenings] }, until);
        // By template: of two that are due at one instant, either may reach the mail server first.
        const expected = entriesOf(simulated, 'mail').sort((a, b) =>
          a.template < b.template ? -1 : a.template > b.template ? 1 : a.at - b.at,
        );
        const sent = await mailsOf(lead);
        expect(sent.map(({ template }) => template)).toEqual(expected.map(({ template }) => template));
        for (const [index, { dueAt, at: sentAt }] of expected.entries()) {
          expect(Math.abs((sent[index]?.dueAt ?? 0) - dueAt)).toBeLessThan(PROMPT);
          expect(Math.abs((sent[index]?.sentAt ?? 0) - sentAt)).toBeLessThan(PROMPT);
        }
        mails += expected.length;
      }
      expect(mails).toBeGreaterThan(2 * LEADS);
    });

    const world = worldOf({
      sequences: sequences.map((one) => sequenceSchema.parse(one)),
      models: [scoringModelSchema.parse(model)],
      attributes: [],
      templates: templates.map((key) => ({ key, lineage: key, ...(once.includes(key) ? {} : { repeatable: true }) })),
    });
    const consent = (given: Instant): Happening => ({
      at: given,
      kind: 'consent',
      action: 'granted',
      purpose: 'newsletter',
    });
    const newLead = ({ id, email }: TestLead, arrivesAt: Instant) => ({
      number: 1,
      persona: '',
      id,
      arrivesAt,
      address: email,
      timeZone: null,
    });

    /** Until all that was told is assessed, planned and sent: only then may time be skipped. */
    async function quiet(): Promise<void> {
      await eventually('all that was told to be done', async () => {
        const now = at(await engine.now());
        const open = await engine.database.query(sql`
          SELECT 1 FROM interaction WHERE assessed_at IS NULL AND lead_id IS NOT NULL
          UNION ALL SELECT 1 FROM lead WHERE attention_rev <> planned_rev OR next_look_at <= ${now}
          UNION ALL SELECT 1 FROM message WHERE recipient_kind = 'lead' AND state IN ('due', 'claimed')`);
        return open.length === 0;
      });
    }

    function mailsOf({ id }: TestLead) {
      return engine.database.query<{ template: string; dueAt: Instant; sentAt: Instant }>(sql`
        SELECT template_key AS template, due_at AS "dueAt", claimed_at AS "sentAt" FROM message
        WHERE lead_id = ${id}::uuid AND recipient_kind = 'lead' AND state = 'accepted' ORDER BY template_key, claimed_at`);
    }
  },
);
