import path from 'node:path';
import PostalMime from 'postal-mime';
import { createSendMail } from '../../../activities/send-mail.ts';
import { apiClient } from '../../../cli/api-client.ts';
import { readDefinitionFiles } from '../../../cli/definition-files.ts';
import { pushDefinitions } from '../../../cli/push-definitions.ts';
import { packageRoot } from '../../../config/package-root.ts';
import { DAY, type Instant } from '../../../domain/instant.ts';
import { createMailTransport } from '../../../mail/transport.ts';
import type { Database } from '../../../store/database.ts';
import { planHandoffRow } from '../../../store/plan-handoff.ts';
import { planLead } from '../../../store/plan-lead.ts';
import { at, sql } from '../../../store/sql.ts';
import { type RunningApi, SECRET_KEY, SIGNING_SECRET, startApi, WRITE_KEY } from '../../api/running-api.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assessAll, testClock } from '../../support/driver.ts';
import { type ReceivedMail, startMailbox } from '../../support/mailbox.ts';

/** What is said of a person at the first contact; the address is needed. */
export interface Traits {
  readonly email: string;
  readonly [trait: string]: string | null;
}

export interface Letter {
  /** When it came, by the company's clock: `2026-06-02 10:00` in Berlin. */
  readonly at: string;
  readonly subject: string;
  /** What stands large at its top. */
  readonly heading: string;
  readonly html: string;
}

/** A company with the shipped files of one reference case, whose clock is set: API, store, SMTP and mails are real. */
export interface TimedCompany {
  readonly database: Database;
  readonly api: RunningApi;
  /** Lets time pass up to then (Berlin's clock, `2026-06-02 10:00`); whatever falls due happens at its instant. */
  until(time: string): Promise<void>;
  /** A person with consent to mail and tracking, as the website and the consent form tell of them. */
  meet(who: string, traits: Traits, purpose: string): Promise<string>;
  identify(who: string, traits: object): Promise<void>;
  did(who: string, event: string, properties?: object): Promise<void>;
  saw(who: string, page: string): Promise<void>;
  /** Follows the mail's first tracked link, as a person does, or a scanner. */
  click(letter: Letter): Promise<void>;
  /** Presses the button on the page of a mail's question, with that choice. */
  answer(letter: Letter, choice: string): Promise<void>;
  letters(email: string): Promise<Letter[]>;
  /** Each letter as `2026-06-02 10:00 Subject`, in the order they came. */
  post(email: string): Promise<string[]>;
  /** The last letter that came. */
  lastLetter(email: string): Promise<Letter>;
  /** Why each enrolment of the lead ended, by sequence; `null` where it goes on. */
  ends(leadId: string): Promise<Record<string, string | null>>;
  stop(): Promise<void>;
}

export async function openCompany(files: readonly string[], start: string): Promise<TimedCompany> {
  const [database, mailbox] = await Promise.all([createTestDatabase(), startMailbox()]);
  const clock = testClock(berlin(start));
  const api = await startApi(database, clock);
  const client = apiClient(api.url, { writeKey: WRITE_KEY, secretKey: SECRET_KEY });
  await api.api('PUT', 'reps/rita', { name: 'Rita', email: 'rita@sales.example' });
  const shipped = ['templates/team', ...files].map((file) => path.join(packageRoot, file));
  await pushDefinitions(client, await readDefinitionFiles(shipped));
  const transport = createMailTransport({ smtpUrl: mailbox.url, connections: 1 });
  const compose = { publicUrl: api.url, signingSecret: SIGNING_SECRET, from: 'Shop <shop@shop.example>' };
  const { sendMail } = createSendMail({ database, clock, transport, compose, leaseMs: 60_000 });
  const arrivedAt = new Map<ReceivedMail, Instant>();

  /** Does all that is due now: what workers, workflows and their activities do, one after the other. */
  async function settle(): Promise<void> {
    const options = { notBefore: clock.now(), messageIdDomain: 'shop.example' };
    for (;;) {
      await assessAll(database, clock);
      const { leads, handoffs } = await due(database, clock.now());
      if (leads.length + handoffs.length === 0) return;
      for (const leadId of leads) {
        const { send, plannedAt } = await planLead(database, clock, leadId, options);
        for (const messageId of send) await sendMail({ messageId, notBefore: plannedAt });
      }
      for (const handoffId of handoffs) {
        const handoff = await planHandoffRow(database, clock, handoffId, { ...options, acceptWithinMs: DAY });
        if (handoff.send !== null) await sendMail({ messageId: handoff.send, notBefore: handoff.plannedAt });
      }
      for (const mail of mailbox.mails) if (!arrivedAt.has(mail)) arrivedAt.set(mail, clock.now());
    }
  }

  async function passTo(instant: Instant): Promise<void> {
    for (;;) {
      await settle();
      const next = await nextLook(database, clock.now());
      if (next === null || next > instant) break;
      clock.set(next);
    }
    clock.set(Math.max(clock.now(), instant));
    await settle();
  }

  let count = 0;
  const send = async (call: string, body: object) => {
    count += 1;
    const timestamp = new Date(clock.now()).toISOString();
    const { status, body: answer } = await api.v1(call, { messageId: `m${count}`, timestamp, ...body });
    if (status !== 200) throw new Error(JSON.stringify(answer));
    await settle();
  };
  const letters = (email: string) =>
    Promise.all(
      mailbox.mails
        .filter(({ to }) => to === email)
        .map(async (mail): Promise<Letter> => {
          const { subject = '', html = '' } = await new PostalMime().parse(mail.source);
          const heading = /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? '';
          return { at: inBerlin(arrivedAt.get(mail) ?? 0), subject, heading, html };
        }),
    );
  return {
    database,
    api,
    until: (time) => passTo(berlin(time)),
    async meet(who, traits, purpose) {
      await send('identify', { userId: who, traits });
      const { body } = await api.api('POST', 'leads/search', { email: traits.email });
      const { id } = body.leads[0] as { id: string };
      const now = new Date(clock.now()).toISOString();
      const wording = 'Yes, write to me, and note what I open and follow. I can end this at any time.';
      const evidence = { formUrl: 'https://shop.example/sign-up', ip: '192.0.2.7', requestedAt: now, confirmedAt: now };
      // They agree to be written to, and to have what they open and follow recorded.
      for (const each of [purpose, 'tracking']) {
        const granted = { channel: 'email', purpose: each, action: 'granted', wording, ...evidence };
        const { status, body: problem } = await api.api('POST', `leads/${id}/consents`, granted);
        if (status >= 300) throw new Error(JSON.stringify(problem));
      }
      return id;
    },
    identify: (userId, traits) => send('identify', { userId, traits }),
    did: (userId, event, properties = {}) => send('track', { userId, event, properties }),
    saw: (userId, name) => send('page', { userId, name }),
    async click({ html }) {
      const response = await fetch(linkTo(html, '/t/c/'), { redirect: 'manual' });
      if (response.status !== 302) throw new Error(`the link answered ${response.status}`);
      await settle();
    },
    async answer({ html }, choice) {
      const page = linkTo(html, '/a/').replace(/\?.*/, '');
      const response = await fetch(page, { method: 'POST', body: new URLSearchParams({ answer: choice }) });
      if (response.status !== 200) throw new Error(`the page answered ${response.status}: ${await response.text()}`);
      await settle();
    },
    letters,
    post: async (email) => (await letters(email)).map((letter) => `${letter.at} ${letter.subject}`),
    async lastLetter(email) {
      const letter = (await letters(email)).at(-1);
      if (letter === undefined) throw new Error(`nothing came to ${email}`);
      return letter;
    },
    async ends(leadId) {
      const rows = await database.query<{ sequence: string; reason: string | null }>(sql`
        SELECT sequence_key AS sequence, end_reason AS reason FROM enrolment WHERE lead_id = ${leadId}::uuid ORDER BY started_at`);
      return Object.fromEntries(rows.map(({ sequence, reason }) => [sequence, reason]));
    },
    async stop() {
      if (api.failures.length > 0) throw new Error(`the API failed: ${api.failures.map(String).join('; ')}`);
      transport.close();
      await api.stop();
      await mailbox.close();
      await database.close();
    },
  };
}

async function due(database: Database, now: Instant): Promise<{ leads: string[]; handoffs: string[] }> {
  const ids = async (table: 'lead' | 'handoff') => {
    const rows =
      table === 'lead'
        ? await database.query<{ id: string }>(
            sql`SELECT id FROM lead WHERE attention_rev <> planned_rev OR next_look_at <= ${at(now)} ORDER BY id`,
          )
        : await database.query<{ id: string }>(
            sql`SELECT id FROM handoff WHERE attention_rev <> planned_rev OR next_look_at <= ${at(now)} ORDER BY id`,
          );
    return rows.map(({ id }) => id);
  };
  return { leads: await ids('lead'), handoffs: await ids('handoff') };
}

async function nextLook(database: Database, now: Instant): Promise<Instant | null> {
  const [row] = await database.query<{ at: Instant | null }>(sql`
    SELECT min(next_look_at) AS at FROM
      (SELECT next_look_at FROM lead UNION ALL SELECT next_look_at FROM handoff) AS looks WHERE next_look_at > ${at(now)}`);
  return row?.at ?? null;
}

/** The first link of a mail that leads to such a page of Tend's. */
function linkTo(html: string, page: '/t/c/' | '/a/'): string {
  const found = new RegExp(`href="([^"]*${page}[^"]+)"`).exec(html)?.[1];
  if (found === undefined) throw new Error(`the mail has no link to ${page}`);
  return found.replaceAll('&amp;', '&');
}

/** `2026-06-02 10:00`, as the clocks in Berlin show it. */
function inBerlin(instant: Instant): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', dateStyle: 'short', timeStyle: 'short' }).format(
    instant,
  );
}

/** The instant at which clocks in Berlin show `time`. */
function berlin(time: string): Instant {
  const utc = Date.parse(`${time.replace(' ', 'T')}:00Z`);
  const offset = Date.parse(`${inBerlin(utc).replace(' ', 'T')}:00Z`) - utc;
  return utc - offset;
}
