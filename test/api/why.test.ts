import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, publish, type TestEvent, type TestLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { type RunningApi, startApi } from './running-api.ts';

/** Monday, 14:00 in Berlin. */
const MONDAY = Date.UTC(2026, 5, 1, 12);

const model = {
  key: 'cloud',
  name: 'Cloud',
  timeZone: 'Europe/Berlin',
  bands: { 1: 100, 2: 50, 3: 20 },
  mql: ['A1'],
  profile: {
    grades: { A: 30, B: 20, C: 10 },
    criteria: [{ id: 'position', name: 'Position', when: { lead: 'position', is: 'head of IT' }, points: 30 }],
  },
  rules: [{ id: 'read', on: { event: 'Article Read' }, points: 25 }],
};
const pacing = {
  key: 'weekly',
  name: 'One mail a week',
  timeZone: 'Europe/Berlin',
  country: 'DE',
  caps: [{ max: 1, days: 7 }],
  spacing: 'none',
  windows: [{ purpose: 'newsletter', weekdays: ['tue'], from: '10:00', to: '12:00' }],
  weekends: 'send',
  holidays: 'send',
};
const mail = (id: string, more = {}) => ({ id, kind: 'send', template: id, deadline: { days: 30 }, ...more });
const offers = {
  key: 'offers',
  name: 'Offers',
  purpose: 'newsletter',
  priority: 80,
  entry: [{ event: 'Signed Up' }],
  steps: [mail('offer-1'), { id: 'day', kind: 'wait', for: { days: 1 } }, mail('offer-2')],
};
const tips = {
  key: 'tips',
  name: 'Tips',
  purpose: 'service',
  priority: 20,
  entry: [{ event: 'Signed Up' }],
  steps: [mail('tip-1'), { id: 'day', kind: 'wait', for: { days: 1 } }, mail('tip-2')],
};
const question = {
  key: 'question',
  name: 'Question',
  purpose: 'service',
  entry: [{ event: 'Question Wanted' }],
  goal: [{ event: 'Order Completed', properties: { total: { above: 100 } } }],
  exits: [{ when: { lead: 'position', is: 'student' } }],
  expiry: { days: 60 },
  steps: [
    mail('ask'),
    {
      id: 'answer',
      kind: 'waitFor',
      anyOf: [
        { signal: { kind: 'tend', event: 'Email Link Clicked' }, to: 'thanks' },
        { signal: { event: 'Product Viewed', properties: { category: 'pens' } } },
        { signal: { when: { lead: 'need', is: 'now' } } },
      ],
      timeout: { days: 10 },
      onTimeout: 'thanks',
    },
    { id: 'both', kind: 'waitFor', allOf: [{ event: 'Came' }, { event: 'Saw' }], timeout: { days: 3 } },
    mail('thanks'),
  ],
};
const ripening = {
  key: 'ripening',
  name: 'Ripening',
  purpose: 'service',
  entry: [{ event: 'Ripening Wanted' }],
  streams: [
    {
      id: 'papers',
      tracks: [
        { id: 'early', contents: ['paper'] },
        { id: 'late', when: { score: 'cloud', band: [1, 2] }, contents: ['paper', 'talk'] },
      ],
    },
  ],
  steps: [
    { id: 'first', kind: 'send', stream: 'papers' },
    { id: 'second', kind: 'send', stream: 'papers' },
  ],
};
const closed = {
  key: 'closed',
  name: 'Closed circle',
  purpose: 'service',
  entry: [{ event: 'Circle Wanted' }],
  audience: { all: [{ lead: 'position', is: 'head of IT' }, { not: { lead: 'company', is: 'Acme' } }] },
  steps: [{ id: 'rest', kind: 'wait', for: { days: 1 } }],
};

describe('why', () => {
  let database: Database;
  let api: RunningApi;
  const clock = testClock(MONDAY);
  beforeAll(async () => {
    database = await createTestDatabase();
    const once = ['paper', 'talk'];
    const templates = ['offer-1', 'offer-2', 'tip-1', 'tip-2', 'ask', 'thanks', ...once];
    const sequences = [offers, tips, question, ripening, closed];
    await foundCompany(database, { now: MONDAY, model, sequences, templates, once });
    await publish(database, 'pacing', pacing, MONDAY);
    api = await startApi(database, clock);
  });
  afterAll(async () => {
    expect(api.failures).toEqual([]);
    await api.stop();
    await database.close();
  });

  async function newLead() {
    const lead = await addLead(database, { now: clock.now(), purpose: 'newsletter' });
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
      VALUES (${lead.id}::uuid, 'email', 'service', 'granted', 'api', 'test', ${at(clock.now())})`);
    return lead;
  }
  async function does(lead: TestLead, event: string, more: Partial<TestEvent> = {}) {
    await interact(database, { email: lead.email, event, at: clock.now(), ...more });
    await assessAll(database, clock);
    return runJourney(database, clock, lead.id);
  }
  async function says(lead: TestLead, values: Record<string, unknown>) {
    await api.api('POST', `leads/${lead.id}/attributes`, { source: 'form', attributes: values });
    await assessAll(database, clock);
    await runJourney(database, clock, lead.id);
  }
  const why = async (lead: TestLead) => (await api.api('GET', `leads/${lead.id}/why`)).body;
  const messagesOf = (lead: TestLead) =>
    database.query<{
      template: string;
      state: string;
      reason: string | null;
      claimedAt: Instant | null;
      deadlineAt: Instant;
    }>(sql`
      SELECT template_key AS template, state, reason, claimed_at AS "claimedAt", deadline_at AS "deadlineAt"
      FROM message WHERE lead_id = ${lead.id}::uuid AND recipient_kind = 'lead' ORDER BY claimed_at NULLS LAST, created_at`);

  it('explains each delay of two sequences under a cap of one mail a week; both get through, by priority', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    const told: string[] = [];
    let commands = await does(lead, 'Signed Up');
    for (let looks = 0; !commands.closed && looks < 100; looks += 1) {
      const { words, enrolments, planned } = await why(lead);
      expect(planned).toBe(true);
      for (const { template, state, reason } of await messagesOf(lead)) {
        if (state !== 'delayed') continue;
        // What is withheld is told once, and as it is stored.
        const sentences = words.filter((sentence: string) => sentence.includes(`the mail "${template}" is withheld`));
        expect(sentences).toHaveLength(1);
        expect(enrolments).toContainEqual(
          expect.objectContaining({ doing: expect.objectContaining({ kind: 'mails', template, state, reason }) }),
        );
        const [, sentence = ''] = /(the mail .*); dropped if/.exec(sentences[0] ?? '') ?? [];
        if (!told.includes(sentence)) told.push(sentence);
      }
      clock.set(commands.nextLookAt ?? clock.now());
      commands = await runJourney(database, clock, lead.id);
    }
    expect(told).toEqual([
      'the mail "offer-1" is withheld: it is not the time for mails (tue 10:00 to 12:00); next attempt Tue 2 Jun 2026 10:00 Europe/Berlin',
      'the mail "tip-1" is withheld: the mail of the sequence "offers" comes first; next attempt Tue 2 Jun 2026 10:00 Europe/Berlin',
      'the mail "tip-1" is withheld: the cap on mails is reached (1 in 7 days); next attempt Tue 9 Jun 2026 00:00 Europe/Berlin',
      'the mail "offer-2" is withheld: it is not the time for mails (tue 10:00 to 12:00); next attempt Tue 9 Jun 2026 10:00 Europe/Berlin',
      'the mail "tip-1" is withheld: the mail of the sequence "offers" comes first; next attempt Tue 9 Jun 2026 10:00 Europe/Berlin',
      'the mail "tip-1" is withheld: the cap on mails is reached (1 in 7 days); next attempt Tue 16 Jun 2026 00:00 Europe/Berlin',
      'the mail "tip-2" is withheld: the cap on mails is reached (1 in 7 days); next attempt Tue 23 Jun 2026 00:00 Europe/Berlin',
    ]);
    const mails = await messagesOf(lead);
    expect(mails.map(({ template, state }) => `${template} ${state}`)).toEqual([
      'offer-1 accepted',
      'offer-2 accepted',
      'tip-1 accepted',
      'tip-2 accepted',
    ]);
    for (const { claimedAt, deadlineAt } of mails) expect(claimedAt).toBeLessThan(deadlineAt);
    mails.slice(1).forEach(({ claimedAt }, index) => {
      // Seven calendar days; none of these mails goes later in the day than the one before.
      expect(claimedAt).toBeGreaterThanOrEqual((mails[index]?.claimedAt ?? 0) + 6 * DAY);
    });
  });

  it('tells of the break and the limit that the person asked for, with date and figures', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    const until = new Date(MONDAY + 14 * DAY).toISOString();
    await api.api('PUT', `leads/${lead.id}/preferences`, { pausedUntil: until, limit: { max: 1, days: 31 } });
    await does(lead, 'Signed Up');
    const paused = await why(lead);
    expect(paused.preferences).toEqual({ pausedUntil: until, limit: { max: 1, days: 31 } });
    expect(paused.words).toEqual(
      expect.arrayContaining([
        'The person asked for no marketing until Mon 15 Jun 2026 14:00 Europe/Berlin.',
        'The person asked for at most 1 in 31 days, of all kinds together.',
        'In the sequence "offers", step "offer-1", the mail "offer-1" is withheld: the person asked for a pause; next attempt Mon 15 Jun 2026 14:00 Europe/Berlin; dropped if not sent by Wed 1 Jul 2026 14:00 Europe/Berlin.',
      ]),
    );
    const delayed = { kind: 'mails', template: 'offer-1', reason: 'paused-by-the-person', nextAttemptAt: until };
    expect(paused.enrolments).toContainEqual(expect.objectContaining({ doing: expect.objectContaining(delayed) }));
    // The break is over, the first mail has gone, and the second has to wait for its month.
    await api.api('PUT', `leads/${lead.id}/preferences`, { pausedUntil: null });
    for (const instant of [MONDAY + 20 * HOUR, MONDAY + 45 * HOUR]) {
      clock.set(instant);
      await runJourney(database, clock, lead.id);
    }
    const limited = await why(lead);
    expect(limited.words).not.toContainEqual(expect.stringContaining('no marketing until'));
    expect(limited.words).toContainEqual(
      expect.stringContaining(
        'the mail "offer-2" is withheld: the person asked not to be written to more often (at most 1 in 31 days)',
      ),
    );
  });

  it('tells all that a step waits for, with properties and conditions, and a click that waits to be confirmed', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    await does(lead, 'Question Wanted');
    const { words, enrolments } = await why(lead);
    const waiting =
      'In the sequence "question", step "answer", it waits for event "Email Link Clicked" (tend), or event "Product Viewed" with category "pens", or that lead\'s need is "now" until Thu 11 Jun 2026 14:00 Europe/Berlin; without it, step "thanks" comes then.';
    expect(words).toContain(waiting);
    expect(words).toContain(
      'It leaves the sequence "question" with its goal at event "Order Completed" with total more than 100; before its time at that lead\'s position is "student"; at the latest Fri 31 Jul 2026 14:00 Europe/Berlin.',
    );
    expect(enrolments).toMatchObject([
      {
        sequence: 'question',
        name: 'Question',
        version: 1,
        step: { id: 'answer', kind: 'waitFor' },
        since: '2026-06-01T12:00:00.000Z',
        startedAt: '2026-06-01T12:00:00.000Z',
        until: '2026-06-11T12:00:00.000Z',
        waitsFor: 'Email Link Clicked, Product Viewed, a condition',
        expiresAt: '2026-07-31T12:00:00.000Z',
        doing: {
          kind: 'waits-for',
          all: false,
          next: 'thanks',
          signals: [
            { signal: { event: 'Email Link Clicked' }, happened: false, unconfirmed: false },
            { signal: { properties: { category: 'pens' } } },
            { signal: { when: { lead: 'need' } } },
          ],
        },
      },
    ]);
    clock.set(MONDAY + HOUR);
    await does(lead, 'Email Link Clicked', { kind: 'tend' });
    expect((await why(lead)).words).toContain(
      `${waiting} It was seen already, but a machine may have done that: it counts once the person does something themselves.`,
    );
    await does(lead, 'Product Viewed', { properties: { category: 'ink' } });
    // That somebody was there confirms the click, which leads to the thanks.
    expect((await why(lead)).enrolments).toMatchObject([{ step: { id: 'thanks' }, doing: { kind: 'mails' } }]);
  });

  it('marks which of several awaited events were seen', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    await does(lead, 'Question Wanted');
    await does(lead, 'Product Viewed', { properties: { category: 'pens' } });
    clock.set(MONDAY + HOUR);
    await does(lead, 'Saw');
    expect((await why(lead)).words).toContain(
      'In the sequence "question", step "both", it waits for all of: event "Came"; event "Saw" (seen), until Thu 4 Jun 2026 14:00 Europe/Berlin; without it, step "thanks" comes then.',
    );
  });

  it('names the cell for which a stream has nothing left', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    await says(lead, { position: 'head of IT' });
    await does(lead, 'Ripening Wanted');
    await does(lead, 'Article Read');
    expect((await why(lead)).words).toContain(
      'In the sequence "ripening", step "second", nothing is left to send for cell A3 in the stream "papers", track "early"; it goes on when the lead has matured, or when somebody adds a content.',
    );
  });

  it('says since when a pause holds it, and by whose hand', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    await does(lead, 'Question Wanted');
    await database.query(sql`UPDATE enrolment SET paused_at = ${at(MONDAY + DAY)} WHERE lead_id = ${lead.id}::uuid`);
    clock.set(MONDAY + 2 * DAY);
    await runJourney(database, clock, lead.id);
    const { words, enrolments } = await why(lead);
    expect(enrolments).toMatchObject([
      { pause: { by: 'hand', since: '2026-06-02T12:00:00.000Z' }, doing: { kind: 'paused' }, until: null },
    ]);
    expect(words).toContain(
      'In the sequence "question", step "answer", it stands still since Tue 2 Jun 2026 14:00 Europe/Berlin: somebody paused it for this lead.',
    );
  });

  it('says that a whole sequence is paused, that it lets its leads out, and who is about to come in', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    await does(lead, 'Question Wanted');
    const paused = at(MONDAY + DAY);
    await database.query(sql`
      INSERT INTO sequence_pause (sequence_key, paused_at, paused_by) VALUES ('question', ${paused}, 'test'), ('closed', ${paused}, 'test')`);
    clock.set(MONDAY + 2 * DAY);
    await does(lead, 'Circle Wanted');
    const { words, enrolments, entering, turnedAway } = await why(lead);
    expect(enrolments).toMatchObject([{ sequence: 'question', pause: { by: 'sequence' }, doing: { kind: 'paused' } }]);
    expect(entering).toEqual([{ sequence: 'closed', since: '2026-06-03T12:00:00.000Z' }]);
    expect(turnedAway).toEqual([]);
    expect(words).toContain(
      'In the sequence "question", step "answer", it stands still since Tue 2 Jun 2026 14:00 Europe/Berlin: the sequence is paused.',
    );
    expect(words).toContain(
      'Since Wed 3 Jun 2026 14:00 Europe/Berlin it is about to come into the sequence "closed", and is asked whether it may when the pause ends.',
    );
    await database.query(sql`UPDATE sequence_pause SET resumed_at = ${at(MONDAY + 2 * DAY)}`);
    expect((await why(lead)).enrolments).toMatchObject([{ pause: { by: 'resuming' } }]);
    await database.query(sql`UPDATE sequence_pause SET released_at = ${at(MONDAY + 2 * DAY)}`);
    expect((await why(lead)).enrolments).toMatchObject([{ pause: null, doing: { kind: 'waits-for' } }]);
  });

  it('tells of an entry that was refused, by what of the audience', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    await says(lead, { position: 'student' });
    await does(lead, 'Circle Wanted');
    const { words, turnedAway, enrolments } = await why(lead);
    expect(enrolments).toEqual([]);
    expect(turnedAway).toMatchObject([
      { sequence: 'closed', at: '2026-06-01T12:00:00.000Z', reason: 'audience', audience: { result: 'false' } },
    ]);
    expect(words).toContain(
      'It was turned away from the sequence "closed" at Mon 1 Jun 2026 14:00 Europe/Berlin: it was not in the audience. As it stands now: lead\'s position is "student" (form, 1 Jun 2026): wanted "head of IT"; the opposite of: lead\'s company is not known: wanted "Acme".',
    );
  });

  it('says by which clock and holidays it lives, and how that was found', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    expect((await why(lead)).words).toContain(
      "It lives by Europe/Berlin, the installation's, for nothing better is known; its public holidays are those of DE.",
    );
    await says(lead, { country: 'US', postcode: '90210' });
    const { words, calendar } = await why(lead);
    expect(calendar).toEqual({ zone: 'America/Los_Angeles', zoneFrom: 'postcode', country: 'US', region: null });
    expect(words).toContain('It lives by America/Los_Angeles, from its postcode; its public holidays are those of US.');
  });

  it('asks without writing: what would be planned is told, and stays to be planned', async () => {
    clock.set(MONDAY);
    const lead = await newLead();
    await interact(database, { email: lead.email, event: 'Signed Up', at: MONDAY });
    await assessAll(database, clock);
    const first = await why(lead);
    expect(first).toMatchObject({ planned: false, messages: [] });
    expect(first.enrolments).toMatchObject([
      { sequence: 'offers', doing: { kind: 'mails', id: null, state: 'delayed', reason: 'window' } },
      {
        sequence: 'tips',
        doing: { kind: 'mails', id: null, state: 'delayed', reason: 'another-first', detail: 'offers' },
      },
    ]);
    expect(await why(lead)).toEqual(first);
    expect(await messagesOf(lead)).toEqual([]);
  });
});
