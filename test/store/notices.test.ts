import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSendMail, type SendActivities } from '../../activities/send-mail.ts';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { createMailTransport, type MailTransport } from '../../mail/transport.ts';
import type { Database } from '../../store/database.ts';
import { listMessages } from '../../store/list-messages.ts';
import { planLead } from '../../store/plan-lead.ts';
import { putRep } from '../../store/reps.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, plainTemplate, publish, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

const model = {
  key: 'cloud',
  name: 'Cloud',
  timeZone: 'Europe/Berlin',
  threshold: 20,
  rules: [{ id: 'call', on: { event: 'Call Wanted' }, points: 8 }],
};
const tell = {
  key: 'tell',
  name: 'Tell Rita',
  purpose: 'newsletter',
  entry: [{ event: 'Call Wanted' }],
  reentry: 'after-end',
  steps: [
    { id: 'rita', kind: 'notify', rep: 'rita', template: 'notice' },
    { id: 'call', kind: 'end' },
  ],
};
const template = {
  ...plainTemplate('notice', 'colleague', false),
  locales: {
    en: {
      subject: '{{ lead.email | default: "?" }}: {{ sequence.name }}, {{ step }}',
      mjml: `<mjml><mj-body><mj-section><mj-column><mj-text>{{ colleague.name }}: {% for f in lead.profile %}{{ f.name }} {{ f.value }}; {% endfor %}
        {% for s in standings %}{{ s.model }} {{ s.points }}{% endfor %} <a href="{{ links.why }}">why</a></mj-text></mj-column></mj-section></mj-body></mjml>`,
    },
  },
};

describe('a mail to a colleague', () => {
  let database: Database;
  let mailbox: TestMailbox;
  let transport: MailTransport;
  let activities: SendActivities;
  const clock = testClock(NOON);
  beforeAll(async () => {
    [database, mailbox] = await Promise.all([createTestDatabase(), startMailbox()]);
    await foundCompany(database, { now: NOON, model, sequences: [], templates: [] });
    await publish(database, 'template', template, NOON);
    await publish(database, 'sequence', tell, NOON);
    // One minute on Sundays, once a year: any mail to a lead would wait.
    const windows = [{ weekdays: ['sun'], from: '03:00', to: '03:01' }];
    const rules = { caps: [{ max: 1, days: 365 }], spacing: 'none', windows, weekends: 'send', holidays: 'send' };
    const pacing = { key: 'strict', name: 'Strict', timeZone: 'UTC', ...rules };
    await publish(database, 'pacing', pacing, NOON);
    transport = createMailTransport({ smtpUrl: mailbox.url, connections: 1 });
    activities = createSendMail({
      database,
      clock,
      transport,
      compose: { publicUrl: 'https://tend.example', signingSecret: 'tests only', from: 'Shop <shop@shop.example>' },
      leaseMs: 60_000,
    });
  });
  afterAll(async () => {
    transport.close();
    await mailbox.close();
    await database.close();
  });

  /** What the journey's workflow does between two sleeps, with real mail. */
  async function run(lead: TestLead) {
    for (;;) {
      const commands = await planLead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'shop.example' });
      if (commands.send.length === 0) return commands;
      for (const messageId of commands.send) await activities.sendMail({ messageId, notBefore: commands.plannedAt });
    }
  }
  async function wantsCall(lead: TestLead) {
    await interact(database, { email: lead.email, event: 'Call Wanted', at: clock.now() });
    await assessAll(database, clock);
    return run(lead);
  }
  const mailsOn = (lead: TestLead) => mailbox.mails.filter(({ subject }) => subject.startsWith(lead.email));
  const noticesOf = (lead: TestLead) => listMessages(database, { leadId: lead.id, state: null, limit: 10 });

  it('goes at once, and no consent, cap, window, suppression, pause or silence holds it back', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON, purpose: null });
    await database.query(sql`
      INSERT INTO attribute (lead_id, name, value, source, at, recorded_at)
      VALUES (${lead.id}::uuid, 'company', '"Modehaus"', 'form', ${at(NOON)}, ${at(NOON)})`);
    await database.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, at, actor) VALUES ('email', ${database.keyedHash(lead.email)}, 'complaint', ${at(NOON)}, 'test')`);
    await database.query(sql`
      INSERT INTO handoff (id, lead_id, state, trigger, offered_at)
      VALUES (gen_random_uuid(), ${lead.id}::uuid, 'accepted', '{"modelKey":"cloud","points":1}', ${at(NOON)})`);
    await database.query(sql`UPDATE installation SET paused_at = ${at(NOON)} WHERE id = 1`);
    await wantsCall(lead);
    await database.query(sql`UPDATE installation SET paused_at = NULL WHERE id = 1`);
    const [mail] = mailsOn(lead);
    expect(mail).toMatchObject({ to: 'rita@sales.example', subject: `${lead.email}: Tell Rita, rita` });
    expect(mail?.source.replace(/=\r?\n/g, '')).toContain('Rita: company Modehaus; Cloud 8');
    expect(mail?.source.replace(/=\r?\n/g, '')).toContain(`https://tend.example/api/leads/${lead.id}/why`);
    expect(mail?.source).not.toContain('List-Unsubscribe');
    expect(mail?.source).not.toContain('tend.example/t/');
    expect(await noticesOf(lead)).toMatchObject([
      { recipient: 'colleague', state: 'accepted', sequence: 'tell', step: 'rita', address: 'rita@sales.example' },
    ]);
  });

  it('comes once, though the enrolment that told it has ended, the plan is made again and its command comes twice', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    await wantsCall(lead);
    const [told] = await noticesOf(lead);
    await activities.sendMail({ messageId: told?.id ?? '', notBefore: NOON });
    await run(lead);
    expect(mailsOn(lead)).toHaveLength(1);
    const ended = await database.query(sql`SELECT state FROM enrolment WHERE lead_id = ${lead.id}::uuid`);
    expect(ended).toEqual([{ state: 'completed' }]);
  });

  it('that the mail server puts off is kept and comes once, after the enrolment has ended', async () => {
    clock.set(NOON);
    const rita = { key: 'rita', name: 'Rita', active: true };
    await putRep(database, { ...rita, email: 'defer-rita@sales.example' }, tester, NOON);
    const lead = await addLead(database, { now: NOON });
    const first = await wantsCall(lead);
    expect(first).toMatchObject({ closed: false, nextLookAt: NOON + MINUTE });
    expect(await noticesOf(lead)).toMatchObject([{ state: 'deferred', reason: 'smtp-deferred', attempts: 1 }]);
    clock.set(NOON + MINUTE);
    expect(await run(lead)).toMatchObject({ closed: false, nextLookAt: NOON + 3 * MINUTE });
    await putRep(database, { ...rita, email: 'rita@sales.example' }, tester, NOON);
    clock.set(NOON + HOUR);
    expect(await run(lead)).toMatchObject({ closed: true, send: [] });
    expect(await noticesOf(lead)).toMatchObject([{ state: 'accepted', attempts: 3 }]);
    clock.set(NOON + DAY);
    await run(lead);
    expect(mailsOn(lead)).toHaveLength(1);
  });

  it('that can not be rendered waits, and goes as soon as its template is mended', async () => {
    clock.set(NOON);
    // Publishing tries a template on samples; what none of them shows comes out with a reader.
    await database.query(sql`
      UPDATE definition_version SET compiled = jsonb_set(compiled, '{locales,en,subject}', '"{{ lead.email }}: {{ weather }}"')
      WHERE kind = 'template' AND key = 'notice'`);
    const lead = await addLead(database, { now: NOON });
    expect(await wantsCall(lead)).toMatchObject({ closed: false });
    expect(await noticesOf(lead)).toMatchObject([{ state: 'deferred', reason: 'render-failed' }]);
    clock.set(NOON + 1);
    await publish(database, 'template', { ...template, name: 'Mended' }, NOON + 1);
    const [{ waits } = { waits: null }] = await database.query<{ waits: boolean }>(
      sql`SELECT attention_rev > planned_rev AS waits FROM lead WHERE id = ${lead.id}::uuid`,
    );
    expect(waits).toBe(true);
    expect(await run(lead)).toMatchObject({ closed: true });
    expect(mailsOn(lead)).toHaveLength(1);
  });

  it('tells nobody of a test lead', async () => {
    clock.set(NOON);
    const lead = await addLead(database, { now: NOON });
    await database.query(sql`UPDATE lead SET test = true WHERE id = ${lead.id}::uuid`);
    expect(await wantsCall(lead)).toMatchObject({ closed: true });
    expect(await noticesOf(lead)).toMatchObject([{ state: 'superseded', reason: 'test-lead' }]);
    expect(mailsOn(lead)).toEqual([]);
  });

  it('is given up where nobody of that name is there any more', async () => {
    clock.set(NOON + 2 * DAY);
    const lead = await addLead(database, { now: clock.now() });
    await interact(database, { email: lead.email, event: 'Call Wanted', at: clock.now() });
    await assessAll(database, clock);
    const { send } = await planLead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'shop.example' });
    await database.query(sql`UPDATE message SET rep_key = 'nobody' WHERE id = ${send[0] ?? ''}::uuid`);
    expect(await run(lead)).toMatchObject({ closed: true });
    expect(await noticesOf(lead)).toMatchObject([{ state: 'superseded', reason: 'nobody-to-tell' }]);
  });
});
