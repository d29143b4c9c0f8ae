import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, type TestLead, tester } from '../support/company.ts';
import { eventually } from '../support/engine.ts';
import { startTimeSkippingEngine, type TimeSkippingEngine, timeSkippingLacks } from '../support/time-skipping.ts';

const ACCEPT_WITHIN = 4 * HOUR;
/** What a busy machine may take of real time between an instant and what happens at it; the server's clock runs on meanwhile. */
const PROMPT = 5_000;

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 20,
  rules: [{ id: 'branch', on: { event: 'Branch Searched' }, points: 20 }],
};
const send = (id: string, more = {}) => ({ id, kind: 'send', template: id, ...more });
const purpose = 'newsletter';
const sequences = [
  {
    key: 'weeks',
    name: 'Three mails over two weeks',
    purpose,
    entry: [{ event: 'Signed Up' }],
    steps: [
      send('hello'),
      { id: 'week', kind: 'wait', for: { days: 7 } },
      send('more'),
      { id: 'another-week', kind: 'wait', for: { days: 7 } },
      send('last'),
    ],
  },
  {
    key: 'question',
    name: 'An answer within three days',
    purpose,
    entry: [{ event: 'Catalogue Ordered' }],
    steps: [
      send('question'),
      {
        id: 'answer',
        kind: 'waitFor',
        event: { event: 'Answered' },
        timeout: { days: 3 },
        onEvent: 'thanks',
        onTimeout: 'reminder',
      },
      send('reminder'),
      { id: 'done', kind: 'wait', for: { minutes: 1 } },
      send('thanks'),
    ],
  },
  {
    key: 'offer',
    name: 'An offer of two days',
    purpose,
    entry: [{ event: 'Offer Wanted' }],
    steps: [{ id: 'day', kind: 'wait', for: { days: 1 } }, send('offer', { deadline: { days: 2 } }), send('after')],
  },
];
const templates = ['hello', 'more', 'last', 'question', 'reminder', 'thanks', 'offer', 'after'];

const lacks = await timeSkippingLacks();

describe.skipIf(lacks !== null)(
  `journeys of weeks, in skipped time${lacks === null ? '' : ` (skipped: there is no ${lacks} here)`}`,
  () => {
    let engine: TimeSkippingEngine;
    beforeAll(async () => {
      engine = await startTimeSkippingEngine({ handoffAcceptMs: ACCEPT_WITHIN });
      const now = await engine.now();
      await foundCompany(engine.database, { now, model, sequences, templates });
      await engine.database.query(
        sql`INSERT INTO rep (key, name, email, created_at) VALUES ('sven', 'Sven', 'sven@sales.example', now())`,
      );
    });
    afterAll(async () => engine.stop());

    interface Mail {
      readonly step: string;
      readonly state: string;
      readonly reason: string | null;
      readonly dueAt: Instant;
      readonly claimedAt: Instant | null;
      readonly finishedAt: Instant | null;
      readonly attempts: number;
    }
    const mailsOf = (lead: TestLead) =>
      engine.database.query<Mail>(sql`
      SELECT step_id AS step, state, reason, due_at AS "dueAt", claimed_at AS "claimedAt", finished_at AS "finishedAt", attempts
      FROM message WHERE lead_id = ${lead.id}::uuid AND recipient_kind = 'lead' ORDER BY created_at, id`);
    const mailOf = async (lead: TestLead, step: string) => (await mailsOf(lead)).find((mail) => mail.step === step);
    const stateOf = async (lead: TestLead, step: string) => (await mailOf(lead, step))?.state;
    const handoffOf = async (lead: TestLead) =>
      (
        await engine.database.query<{
          id: string;
          owner: string | null;
          round: number;
          escalatedAt: Instant | null;
          offeredAt: Instant;
        }>(sql`
        SELECT id, owner_key AS owner, round, escalated_at AS "escalatedAt", offered_at AS "offeredAt" FROM handoff WHERE lead_id = ${lead.id}::uuid`)
      )[0];
    const newLead = async (event: string, email?: string) => {
      const now = await engine.now();
      const lead = await addLead(engine.database, { now, ...(email === undefined ? {} : { email }) });
      await interact(engine.database, { email: lead.email, event, at: now });
      return lead;
    };
    const does = async (lead: TestLead, event: string) => {
      await interact(engine.database, { email: lead.email, event, at: await engine.now() });
    };
    /** At that instant, or as soon after it as the machine was able to. */
    const expectAt = (instant: Instant | null | undefined, expected: Instant) => {
      expect(instant).toBeGreaterThanOrEqual(expected);
      expect(instant).toBeLessThan(expected + PROMPT);
    };

    it('mails to the instant, a week and two weeks later', async () => {
      const lead = await newLead('Signed Up');
      const hello = await eventually('hello', async () => {
        const mail = await mailOf(lead, 'hello');
        return mail?.state === 'accepted' && mail;
      });
      await engine.pass(7 * DAY - HOUR);
      expect(await mailsOf(lead)).toHaveLength(1);
      await engine.pass(2 * HOUR);
      const more = await eventually('more', async () =>
        (await stateOf(lead, 'more')) === 'accepted' ? mailOf(lead, 'more') : null,
      );
      expect(more.dueAt).toBe((hello.claimedAt ?? 0) + 7 * DAY);
      expectAt(more.claimedAt, more.dueAt);
      await engine.pass(7 * DAY);
      const last = await eventually('last', async () =>
        (await stateOf(lead, 'last')) === 'accepted' ? mailOf(lead, 'last') : null,
      );
      expect(last.dueAt).toBe((more.claimedAt ?? 0) + 7 * DAY);
      expectAt(last.claimedAt, last.dueAt);
      expect(engine.mailbox.mails.filter(({ to }) => to === lead.email)).toHaveLength(3);
    });

    it('takes the branch of the timeout after three days, and the branch of the event before', async () => {
      const silent = await newLead('Catalogue Ordered');
      const speaking = await newLead('Catalogue Ordered');
      await eventually(
        'both questions',
        async () =>
          (await stateOf(silent, 'question')) === 'accepted' && (await stateOf(speaking, 'question')) === 'accepted',
      );
      await engine.pass(2 * DAY);
      await does(speaking, 'Answered');
      await eventually('the thanks', async () => (await stateOf(speaking, 'thanks')) === 'accepted');
      expect((await mailsOf(speaking)).map(({ step }) => step)).toEqual(['question', 'thanks']);
      expect((await mailsOf(silent)).map(({ step }) => step)).toEqual(['question']);
      await engine.pass(DAY + MINUTE);
      const reminder = await eventually('the reminder', async () =>
        (await stateOf(silent, 'reminder')) === 'accepted' ? mailOf(silent, 'reminder') : null,
      );
      const question = await mailOf(silent, 'question');
      expect(reminder.dueAt).toBe((question?.claimedAt ?? 0) + 3 * DAY);
      expectAt(reminder.claimedAt, reminder.dueAt);
    });

    it('asks the next representative when one is silent, and escalates when all were', async () => {
      const lead = await newLead('Branch Searched');
      const offer = await eventually('the offer', async () => {
        const handoff = await handoffOf(lead);
        return handoff?.owner !== null && handoff;
      });
      const asked = async () =>
        engine.database.query<{ rep: string; assignedAt: Instant; reason: string | null }>(sql`
        SELECT rep_key AS rep, assigned_at AS "assignedAt", end_reason AS reason FROM handoff_assignment WHERE handoff_id = ${offer.id}::uuid ORDER BY round`);
      await engine.pass(ACCEPT_WITHIN + MINUTE);
      await eventually('the second', async () => (await handoffOf(lead))?.round === 2);
      expect((await handoffOf(lead))?.escalatedAt).toBeNull();
      await engine.pass(ACCEPT_WITHIN + MINUTE);
      await eventually('the third', async () => (await handoffOf(lead))?.round === 3);
      const rounds = await asked();
      expect(rounds.map(({ rep, reason }) => [rep, reason])).toEqual([
        [rounds[0]?.rep, 'silent'],
        [rounds[1]?.rep, 'silent'],
        [rounds[0]?.rep, null],
      ]);
      expect(new Set(rounds.map(({ rep }) => rep))).toEqual(new Set(['rita', 'sven']));
      expectAt(rounds[1]?.assignedAt, (rounds[0]?.assignedAt ?? 0) + ACCEPT_WITHIN);
      expectAt(rounds[2]?.assignedAt, (rounds[1]?.assignedAt ?? 0) + ACCEPT_WITHIN);
      expectAt((await handoffOf(lead))?.escalatedAt, (rounds[1]?.assignedAt ?? 0) + ACCEPT_WITHIN);
      await acceptHandoff(engine.database, {
        handoffId: offer.id,
        rep: rounds[0]?.rep ?? '',
        actor: tester,
        now: await engine.now(),
      });
      await engine.pass(10 * ACCEPT_WITHIN);
      expect(await asked()).toHaveLength(3);
    });

    it('tries a deferred mail again after a minute, two, four … until its deadline', async () => {
      const lead = await newLead('Offer Wanted', 'defer-mara@people.example');
      await eventually(
        'the enrolment',
        async () =>
          (await engine.database.query(sql`SELECT FROM enrolment WHERE lead_id = ${lead.id}::uuid`)).length > 0,
      );
      await engine.pass(DAY);
      await eventually('the first attempt', async () => (await stateOf(lead, 'offer')) === 'deferred');
      await engine.pass(15 * MINUTE);
      const offer = await eventually('the fourth attempt', async () => {
        const mail = await mailOf(lead, 'offer');
        return mail?.attempts === 4 && mail.state === 'deferred' && mail;
      });
      const attempts = await engine.database.query<{ at: Instant }>(sql`
      SELECT at FROM message_event JOIN message ON message.id = message_id
      WHERE lead_id = ${lead.id}::uuid AND step_id = 'offer' AND message_event.state = 'claimed' ORDER BY message_event.id`);
      attempts.slice(1).forEach(({ at }, index) => {
        expectAt(at, (attempts[index]?.at ?? 0) + 2 ** index * MINUTE);
      });
      await engine.pass(2 * DAY);
      const dropped = await eventually('its end', async () =>
        (await stateOf(lead, 'offer')) === 'dropped' ? mailOf(lead, 'offer') : null,
      );
      expect(dropped.reason).toBe('deadline-passed');
      expectAt(dropped.finishedAt, offer.dueAt + 2 * DAY);
    });

    it('drops a mail that was withheld until its deadline, and mails again when sales gives the lead back', async () => {
      const lead = await newLead('Offer Wanted');
      await eventually(
        'the enrolment',
        async () =>
          (await engine.database.query(sql`SELECT FROM enrolment WHERE lead_id = ${lead.id}::uuid`)).length > 0,
      );
      await does(lead, 'Branch Searched');
      const handoff = await eventually('the offer', async () => handoffOf(lead));
      await acceptHandoff(engine.database, {
        handoffId: handoff.id,
        rep: 'rita',
        actor: tester,
        now: await engine.now(),
      });
      await engine.pass(DAY + HOUR);
      expect((await mailsOf(lead)).map(({ step, state, reason }) => [step, state, reason])).toEqual([
        ['offer', 'delayed', 'sales-has-the-lead'],
      ]);
      await engine.pass(2 * DAY);
      const dropped = await eventually('its end', async () =>
        (await stateOf(lead, 'offer')) === 'dropped' ? mailOf(lead, 'offer') : null,
      );
      expectAt(dropped.finishedAt, dropped.dueAt + 2 * DAY);
      expect((await mailsOf(lead)).map(({ step, state, reason }) => [step, state, reason])).toEqual([
        ['offer', 'dropped', 'deadline-passed'],
        ['after', 'delayed', 'sales-has-the-lead'],
      ]);
      expect(engine.mailbox.mails.filter(({ to }) => to === lead.email)).toHaveLength(0);
      await recordOutcome(engine.database, {
        handoffId: handoff.id,
        outcome: 'recycled',
        reason: null,
        rep: 'rita',
        actor: tester,
        now: await engine.now(),
      });
      await eventually('the next mail', async () => (await stateOf(lead, 'after')) === 'accepted');
      expect(engine.mailbox.mails.filter(({ to }) => to === lead.email)).toHaveLength(1);
    });
  },
);
