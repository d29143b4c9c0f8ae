import { DAY, type Instant, SECOND } from '../../domain/instant.ts';
import { verpAddress } from '../../mail/inbound/verp.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { processInbound } from '../../store/process-inbound.ts';
import { contentKey, type InboundWay, receiveInbound } from '../../store/receive-inbound.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, plainTemplate, publish, shopSender, type TestLead } from './company.ts';
import { assessAll, runJourney, type TestClock } from './driver.ts';

/** Of the return paths of a shop whose mails come back. */
export const SECRET = 'the signing secret of these tests';
export const RETURN_PATH = 'bounce+*@mail.shop.example';
export const inboundOptions = { signingSecret: SECRET, messageIdDomain: 'shop.example' };

/** A Monday at noon. */
export const MONDAY = Date.UTC(2026, 5, 1, 12);

export const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 1_000,
  rules: [
    { id: 'reply', on: { event: 'Email Replied' }, points: 7 },
    { id: 'bounce', on: { event: 'Email Bounced' }, points: -3 },
  ],
};

/** Four mails, so many days apart. */
const mailsEvery = (days: number) =>
  ['a', 'b', 'c', 'd'].flatMap((template) => [
    { id: template, kind: 'send', template },
    { id: `after-${template}`, kind: 'wait', for: { days } },
  ]);

/** A mail each day. */
export const nurture = {
  key: 'nurture',
  name: 'Nurture',
  purpose: 'newsletter',
  entry: [{ event: 'Joined' }],
  steps: mailsEvery(1),
};

/** A mail every 15 days. */
const seldom = {
  ...nurture,
  key: 'seldom',
  name: 'Seldom',
  entry: [{ event: 'Joined Loosely' }],
  steps: mailsEvery(15),
};

export async function foundShop(database: Database, sender: { readonly [field: string]: unknown } = {}): Promise<void> {
  const company = { now: MONDAY, model, sequences: [], templates: ['a', 'b', 'c', 'd'] };
  await foundCompany(database, company);
  const forwarding = { returnPath: RETURN_PATH, forwardRepliesTo: 'team@shop.example' };
  await publish(database, 'sender', { ...shopSender, ...forwarding, ...sender }, MONDAY);
  await publish(database, 'template', forwardTemplate, MONDAY);
  for (const sequence of [nurture, seldom]) await publish(database, 'sequence', sequence, MONDAY);
}

const forwardTemplate = {
  ...plainTemplate('reply-forward', 'colleague', false),
  locales: {
    en: {
      subject: 'Answer of {{ lead.email }}: {{ reply.subject }}',
      mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>{{ reply.from }} wrote: {{ reply.text }} <a href="{{ links.lead }}">lead</a></mj-text></mj-column></mj-section></mj-body></mjml>',
    },
  },
};

/** A mail of the shop, sent. */
export interface SentMail {
  readonly id: string;
  readonly lead: TestLead;
  /** The Message-ID header, with its brackets. */
  readonly header: string;
  /** The signed return path. */
  readonly returnPath: string;
}

/** A person who has just joined and was sent the first mail. */
export async function joined(
  database: Database,
  clock: TestClock,
  email?: string,
  event = 'Joined',
): Promise<SentMail> {
  const lead = await addLead(database, { now: clock.now(), ...(email !== undefined && { email }) });
  await interact(database, { email: lead.email, event, at: clock.now() });
  await assessAll(database, clock);
  return sent(database, clock, lead);
}

/** Lets the lead's journey go on as far as it does now, and returns the mail that was sent. */
export async function sent(database: Database, clock: TestClock, lead: TestLead): Promise<SentMail> {
  const ids: string[] = [];
  await runJourney(database, clock, lead.id, (id) => ids.push(id));
  const [id] = ids;
  if (id === undefined || ids.length > 1) throw new Error(`${ids.length} mails were sent`);
  return mailOf(database, lead, id);
}

export async function mailOf(database: Database, lead: TestLead, id: string): Promise<SentMail> {
  const [row] = await database.query<{ header: string }>(sql`
    SELECT message_id_header AS header FROM message WHERE id = ${id}::uuid`);
  return { id, lead, header: row?.header ?? '', returnPath: verpAddress(SECRET, id, RETURN_PATH) };
}

/** So many days on, the next mail. */
export async function nextMail(database: Database, clock: TestClock, lead: TestLead, days = 1): Promise<SentMail> {
  clock.set(clock.now() + days * DAY + SECOND);
  return sent(database, clock, lead);
}

/** Takes in something that came back, and processes all that waits. Returns the row. */
export async function comeBack(
  database: Database,
  clock: TestClock,
  raw: string,
  { to = [], from = '', via = 'smtp' }: { to?: readonly string[]; from?: string | null; via?: InboundWay } = {},
): Promise<Came> {
  const bytes = Buffer.from(raw, 'utf8');
  const dedupeKey = `${contentKey(via, bytes, to)}:${newId()}`;
  const received = { via, dedupeKey, envelopeFrom: from, envelopeTo: to, raw: bytes, now: clock.now() };
  await receiveInbound(database, received);
  await processAll(database, clock);
  return cameAs(database, dedupeKey);
}

export interface Came {
  readonly id: string;
  readonly kind: string | null;
  readonly outcome: string | null;
  readonly cause: string | null;
  readonly status: string | null;
  readonly detail: string | null;
  readonly messageId: string | null;
  readonly leadId: string | null;
  readonly kept: boolean;
  readonly error: string | null;
}

export async function cameAs(database: Database, dedupeKey: string): Promise<Came> {
  const [row] = await database.query<Came>(sql`
    SELECT id, kind, outcome, cause, status, detail, message_id AS "messageId", lead_id AS "leadId", raw IS NOT NULL AS kept, error
    FROM inbound_mail WHERE dedupe_key = ${dedupeKey}`);
  if (row === undefined) throw new Error('it was not stored');
  return row;
}

export async function processAll(database: Database, clock: TestClock): Promise<void> {
  while (await processInbound(database, clock, inboundOptions));
}

export interface Fate {
  readonly state: string;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly until: Instant | null;
}

/** What became of the mails to a lead, in the order they were made. */
export async function fates(database: Database, leadId: string): Promise<Fate[]> {
  return database.query<Fate>(sql`
    SELECT state, reason, detail, next_attempt_at AS until FROM message
    WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' ORDER BY created_at, id`);
}

/** The names of what Tend recorded of a lead itself, in order. */
export async function recorded(database: Database, leadId: string): Promise<string[]> {
  const rows = await database.query<{ name: string }>(sql`
    SELECT name FROM interaction WHERE lead_id = ${leadId}::uuid AND kind = 'tend' ORDER BY occurred_at, id`);
  return rows.map(({ name }) => name);
}
