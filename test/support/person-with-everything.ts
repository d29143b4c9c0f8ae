import type { Instant } from '../../domain/instant.ts';
import type { InteractionKind, Properties } from '../../domain/interaction/interaction.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { adjustScore } from '../../store/adjust-score.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { type IdentityReference, ingestInteractions } from '../../store/ingest-interactions.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordLeadAttributes } from '../../store/record-attributes.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { removeEnrolment } from '../../store/remove-enrolment.ts';
import { resolveLead } from '../../store/resolve-lead.ts';
import { settleMessage } from '../../store/settle-message.ts';
import { at, sql } from '../../store/sql.ts';
import { foundCompany, publish, tester } from './company.ts';
import { assessAll, runJourney } from './driver.ts';

const model = {
  key: 'studio',
  name: 'Studio',
  timeZone: 'Europe/Berlin',
  threshold: 30,
  rules: [{ id: 'visit', on: { event: 'Studio Visited' }, points: 20 }],
};
const welcome = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [
    { id: 'crm', kind: 'webhook', endpoint: 'crm', event: 'lead.welcomed', include: ['profile'] },
    { id: 'hello', kind: 'send', template: 'hello' },
    { id: 'wait', kind: 'wait', for: { days: 10 } },
    { id: 'later', kind: 'send', template: 'later' },
  ],
};
const course = {
  key: 'course',
  name: 'Course',
  purpose: 'newsletter',
  entry: [{ event: 'Course Wanted' }],
  steps: [
    { id: 'wait', kind: 'wait', for: { days: 10 } },
    { id: 'later', kind: 'send', template: 'later' },
  ],
};

/** A person of whom this installation has something in every table that can have something of a person. */
export interface PersonWithEverything {
  /** The lead that lives on. */
  readonly id: string;
  /** The one that was merged into it. */
  readonly merged: string;
  /** Somebody else, with the person's address in some of the rows. */
  readonly colleague: string;
  readonly addresses: readonly string[];
  /** In lower case: none of them may be anywhere once the person is erased. */
  readonly traces: readonly string[];
}

const ERNA = 'erna.erasmus@erasmus-atelier.example';
const ERNA_PRIVATE = 'erna2@freemail.example';
export const COLLEAGUE = 'karl@buero.example';

/** Founds a company and lets a person go through it, by the store's own operations wherever there are some. */
export async function livePersonWithEverything(database: Database, clock: Clock): Promise<PersonWithEverything> {
  const now = clock.now();
  await foundCompany(database, { now, model, sequences: [], templates: ['hello', 'later'] });
  await database.query(sql`
    INSERT INTO webhook_endpoint (key, url, secret, created_at)
    VALUES ('crm', 'https://crm.example/hook', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', ${at(now)})`);
  await publish(database, 'sequence', welcome, now);
  await publish(database, 'sequence', course, now);

  const anonymous = { kind: 'anonymous_id', value: 'anon-erasmus-1' } as const;
  const tell = (identity: IdentityReference, name: string, properties: Properties = {}, more: More = {}) =>
    say(database, now, identity, name, properties, more);
  const identify = (identity: IdentityReference, traits: Properties, context: Properties = {}) =>
    tell(identity, 'Identified', {}, { kind: 'identify', context: { ...context, traits } });

  await tell(anonymous, 'Page', { url: 'https://shop.example/?mail=erna.erasmus%40erasmus-atelier.example' });
  const traits = { email: ERNA, firstName: 'Erna', lastName: 'Erasmus', phone: '+49 151 5550199', locale: 'de' };
  await identify({ kind: 'user_id', value: 'cust-erasmus-77' }, traits, {
    userId: 'cust-erasmus-77',
    anonymousId: 'anon-erasmus-1',
  });
  await assessAll(database, clock);
  await identify({ kind: 'email', value: ERNA_PRIVATE }, { email: ERNA_PRIVATE, lastName: 'Erasmus' });
  await assessAll(database, clock);
  const first = await leadOf(database, ERNA);
  const second = await leadOf(database, ERNA_PRIVATE);
  for (const [leadId, address] of [
    [first, ERNA],
    [second, ERNA_PRIVATE],
  ] as const) {
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, address, wording, wording_version, form_url, ip, user_agent, requested_at, confirmed_at,
                           confirm_ip, confirm_user_agent, confirmation_message_id, locale, confirmation_mail, source, actor, at)
      VALUES (${leadId}::uuid, 'email', 'newsletter', 'granted', ${address}, 'Erna, Sie bekommen Post', 'v1', 'https://shop.example/erna', '203.0.113.7',
              'Mozilla (Erasmus)', ${at(now)}, ${at(now)}, '203.0.113.8', 'Mozilla (Erasmus)', '<1@shop.example>', 'de', '{"html": "Hallo Erna"}',
              'double-opt-in', 'recipient', ${at(now)})`);
  }
  // The second address turns out to be the same browser's.
  await identify({ kind: 'email', value: ERNA_PRIVATE }, { email: ERNA_PRIVATE }, { anonymousId: 'anon-erasmus-1' });
  await assessAll(database, clock);
  const id = await resolveLead(database, first);
  const merged = id === first ? second : first;

  // Somebody else: her address stands in an event of his, and in an identify that was refused a merge.
  await identify(
    { kind: 'user_id', value: 'cust-karl' },
    { email: COLLEAGUE, firstName: 'Karl' },
    { userId: 'cust-karl' },
  );
  await assessAll(database, clock);
  const colleague = await leadOf(database, COLLEAGUE);
  await identify({ kind: 'user_id', value: 'cust-karl' }, { email: ERNA.toUpperCase() }, { userId: 'cust-karl' });
  await tell({ kind: 'email', value: COLLEAGUE }, 'Friend Invited', { friend: `<${ERNA}>`, joan: `jo${ERNA}` });
  await assessAll(database, clock);

  const erna = { kind: 'email', value: ERNA } as const;
  await tell(erna, 'Signed Up', { form: 'Erna Erasmus' }, { context: { page: { url: `https://x.example/${ERNA}` } } });
  await tell(erna, 'Course Wanted');
  await tell(
    erna,
    'Company',
    { 'trait.name': true },
    { kind: 'group', context: { groupId: 'g', traits: { name: 'Atelier Erasmus' } } },
  );
  await assessAll(database, clock);
  await runJourney(database, clock, id);
  await recordLeadAttributes(database, {
    leadId: id,
    lead: { remark: 'Frau Erasmus malt' },
    account: { owner: 'Erna Erasmus' },
    source: 'rep',
    confidence: 1,
    actor: tester,
    now,
  });
  const reason = 'met Erna Erasmus at the fair';
  await adjustScore(database, {
    leadId: id,
    model: 'studio',
    points: 15,
    reason,
    validForMs: null,
    idempotencyKey: null,
    actor: tester,
    now,
  });
  await tell(erna, 'Studio Visited');
  await assessAll(database, clock);
  await planLead(database, clock, id, { notBefore: 0, messageIdDomain: 'shop.example' });
  const [handoff] = await database.query<{ id: string }>(sql`SELECT id FROM handoff WHERE lead_id = ${id}::uuid`);
  if (handoff === undefined) throw new Error('sales did not get the lead');
  await acceptHandoff(database, { handoffId: handoff.id, rep: 'rita', actor: tester, now });
  const lost = { outcome: 'recycled', reason: 'Erna Erasmus has no time', rep: 'rita' } as const;
  await recordOutcome(database, { handoffId: handoff.id, ...lost, actor: tester, now });
  const [running] = await database.query<{ id: string }>(sql`
    SELECT id FROM enrolment WHERE lead_id = ${id}::uuid AND sequence_key = 'course'`);
  if (running === undefined) throw new Error('no sequence runs');
  await removeEnrolment(database, { id: running.id, note: 'Frau Erasmus asked for it', actor: tester, now });
  await fillByHand(database, id, now);
  return {
    id,
    merged,
    colleague,
    addresses: [ERNA, ERNA_PRIVATE],
    traces: ['erna', 'erasmus', '5550199', 'cust-erasmus', 'freemail.example'],
  };
}

/** What other processes and servers bring. */
async function fillByHand(database: Database, leadId: string, now: Instant): Promise<void> {
  const [mail] = await database.query<{ id: string }>(sql`
    SELECT id FROM message WHERE lead_id = ${leadId}::uuid AND template_key = 'hello'`);
  if (mail === undefined) throw new Error('no mail was sent');
  await database.query(sql`
    UPDATE message SET state = 'unknown', smtp_reply = ${`250 2.0.0 <${ERNA}> queued`}, provider_id = 'erna-erasmus-1', detail = 'Erna'
    WHERE id = ${mail.id}::uuid`);
  const settled = { messageId: mail.id, outcome: 'sent', note: 'Erna Erasmus told me on the phone' } as const;
  await settleMessage(database, { ...settled, actor: tester, now });
  await database.query(sql`
    INSERT INTO opt_in_request (id, lead_id, address, purposes, locale, wording, form_url, ip, user_agent, return_url, message_id, requested_at, expires_at)
    VALUES (${newId()}::uuid, ${leadId}::uuid, ${ERNA}, '{news}', 'de', 'Erna, Sie bekommen Post', ${`https://x.example/?m=${ERNA}`}, '203.0.113.7',
            'Mozilla (Erasmus)', 'https://x.example/erna', ${newId()}::uuid, ${at(now)}, ${at(now + 86_400_000)})`);
  const report = `Final-Recipient: rfc822; ${ERNA}\r\nDiagnostic-Code: smtp; 550 no Erna here`;
  await database.query(sql`
    INSERT INTO inbound_mail (id, via, dedupe_key, received_at, envelope_from, envelope_to, raw, kind, message_id, lead_id, from_address, subject, text, processed_at)
    VALUES (gen_random_uuid(), 'smtp', 'a', ${at(now)}, ${ERNA}, '{shop@shop.example}', convert_to(${report}, 'UTF8'), 'reply', ${mail.id}::uuid, ${leadId}::uuid,
            ${ERNA}, 'Re: Erna', 'Viele Grüße, Erna Erasmus', ${at(now)}),
           (gen_random_uuid(), 'smtp', 'b', ${at(now)}, '', '{bounce@shop.example}', convert_to(${report}, 'UTF8'), NULL, NULL, NULL, NULL, NULL, NULL, NULL),
           (gen_random_uuid(), 'imap', 'c', ${at(now)}, ${COLLEAGUE}, '{shop@shop.example}', convert_to(${report}, 'UTF8'), 'other', NULL, NULL,
            ${COLLEAGUE}, ${`about ${ERNA}`}, ${`please ask ${ERNA}.`}, ${at(now)})`);
  await database.query(sql`
    INSERT INTO mail_hit (message_id, kind, link, method, user_agent, ip_hash, network_hash, at)
    VALUES (${mail.id}::uuid, 'click', ${`https://x.example/?m=${ERNA}`}, 'GET', 'Mozilla (Erasmus)', 'h', 'n', ${at(now)})`);
  await database.query(sql`
    INSERT INTO receiving_domain (domain, why) VALUES ('erasmus-atelier.example', 'refused'), ('freemail.example', ${`550 <${ERNA_PRIVATE}> blocked`})`);
  await database.query(sql`
    INSERT INTO webhook_delivery (id, endpoint_key, event_type, lead_id, payload, state, attempts, created_at, finished_at, last_error)
    VALUES (gen_random_uuid(), 'crm', 'lead.scored', ${leadId}::uuid, '{"data": {"note": "Erna"}, "include": []}', 'dead', 3, ${at(now)}, ${at(now)}, 'no Erna')`);
  await database.query(sql`
    UPDATE lead SET parked_at = ${at(now)}, parked_error = 'Error: Erna Erasmus is no number' WHERE id = ${leadId}::uuid`);
  await database.query(sql`
    INSERT INTO entry_condition (lead_id, sequence_key, held_since) VALUES (${leadId}::uuid, 'welcome', ${at(now)})`);
  await database.query(sql`
    INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject_id, detail)
    VALUES (${at(now)}, 'key', 'crm', 'lead.noted', 'lead', ${leadId}, '{"note": "Erna"}')`);
}

interface More {
  readonly kind?: InteractionKind;
  readonly context?: Properties;
}

async function say(
  database: Database,
  now: Instant,
  identity: IdentityReference,
  name: string,
  properties: Properties,
  { kind = 'track', context }: More,
): Promise<void> {
  const when = { occurredAt: now, receivedAt: now, claimedAt: null };
  const event = { source: 'shop', messageId: newId(), identity, kind, name, properties, context: context ?? null };
  await ingestInteractions(database, [{ ...event, ...when }]);
}

async function leadOf(database: Database, address: string): Promise<string> {
  const [row] = await database.query<{ id: string | null }>(sql`
    SELECT lead_id AS id FROM identity WHERE kind = 'email' AND value = ${address}`);
  if (row?.id == null) throw new Error(`nobody has the address ${address}`);
  return row.id;
}
