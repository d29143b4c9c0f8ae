import { normaliseEmail } from '../domain/identity/normalise.ts';
import { type Instant, MINUTE } from '../domain/instant.ts';
import { type InboundMail, readInbound } from '../mail/inbound/read-inbound.ts';
import { readSesEvent, type SesNews } from '../mail/ses/read-ses-event.ts';
import { applyBounce } from './apply-bounce.ts';
import { applyComplaint } from './apply-complaint.ts';
import { applyReply } from './apply-reply.ts';
import type { Clock } from './clock.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { findReturnedMessage, readReturnedMessage } from './find-returned-message.ts';
import { lockLeadIfAny } from './lock-lead.ts';
import type { InboundWay } from './receive-inbound.ts';
import { noteReceiverAccepted } from './receiving-domain.ts';
import { resolveUnknown } from './resolve-unknown.ts';
import type { Returned, Understood } from './returned.ts';
import { at, sql } from './sql.ts';
import { unsubscribeWithin } from './unsubscribe.ts';

export interface InboundOptions {
  /** Of the signatures in return paths. */
  readonly signingSecret: string;
  readonly messageIdDomain: string;
}

/** What is tried so often in vain is set aside, for a person to look at: a hostile mail must not stop those behind it. */
const MOST_ATTEMPTS = 5;
/** A process that dies over a mail leaves it to another one after this time. */
const RETRY_MS = MINUTE;
/** Of what a person wrote. */
const MOST_TEXT = 20_000;

/**
 * Understands one thing that came back and acts on it, in one transaction with the note that it is done. Returns false when
 * nothing waits. An attempt is counted before it is made: a mail that ends the process is not read for ever.
 */
export async function processInbound(database: Database, clock: Clock, options: InboundOptions): Promise<boolean> {
  const row = await takeInbound(database, clock.now());
  if (row === null) return false;
  try {
    if (row.attempts > MOST_ATTEMPTS) await setAside(database, row.id, clock.now());
    else await understandAndAct(database, clock, options, row);
  } catch (error) {
    // Only the kind of what went wrong: its words may quote the mail.
    const name = error instanceof Error ? error.name : 'Error';
    await database.query(sql`UPDATE inbound_mail SET error = ${name} WHERE id = ${row.id}::uuid`);
    throw error;
  }
  return true;
}

interface InboundRow {
  readonly id: string;
  readonly via: InboundWay;
  readonly envelopeFrom: string | null;
  readonly envelopeTo: readonly string[];
  readonly raw: Buffer | null;
  readonly attempts: number;
}

async function takeInbound(database: Database, now: Instant): Promise<InboundRow | null> {
  const [row] = await database.query<InboundRow>(sql`
    UPDATE inbound_mail SET attempts = attempts + 1, next_attempt_at = ${at(now + RETRY_MS)}
    WHERE id = (SELECT id FROM inbound_mail
                WHERE processed_at IS NULL AND (next_attempt_at IS NULL OR next_attempt_at <= ${at(now)})
                ORDER BY received_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, via, envelope_from AS "envelopeFrom", envelope_to AS "envelopeTo", raw, attempts`);
  return row ?? null;
}

async function understandAndAct(
  database: Database,
  clock: Clock,
  options: InboundOptions,
  row: InboundRow,
): Promise<void> {
  const news = await understand(database, row, options.signingSecret);
  const found = 'originalMessageIds' in news ? await findReturnedMessage(database, news) : null;
  const now = clock.now();
  await database.transaction(async (transaction) => {
    const lead = found === null ? null : await lockLeadIfAny(transaction, found.message.leadId);
    const [open] = await transaction.query(
      sql`SELECT 1 FROM inbound_mail WHERE id = ${row.id}::uuid AND processed_at IS NULL FOR UPDATE`,
    );
    if (open === undefined) return;
    // Read again under the lock: it may have bounced, or its person gone, meanwhile.
    const message = found === null || lead === null ? null : await readReturnedMessage(transaction, found.message.id);
    if (found === null || lead === null || message === null) {
      const gone = await isOfErased(transaction, news);
      await finish(transaction, row, news, { outcome: gone ? 'person-gone' : outcomeAlone(news) }, null, now);
    } else if (lead.erasedAt !== null) {
      await finish(transaction, row, news, { outcome: 'person-gone' }, null, now);
    } else {
      const returned = { inboundId: row.id, message, proof: found.proof, lead, now };
      const understood = await act(transaction, returned, news, options);
      await finish(transaction, row, news, understood, returned, now);
    }
  });
}

type News = (InboundMail & { readonly providerId?: null }) | SesNews;

async function understand(queryable: Queryable, row: InboundRow, secret: string): Promise<News> {
  const raw = row.raw ?? Buffer.alloc(0);
  if (row.via === 'ses') return readSesEvent(raw.toString('utf8'), secret) ?? { kind: 'unreadable', reason: 'broken' };
  const { envelopeFrom, envelopeTo } = row;
  return readInbound({ raw, envelopeFrom, envelopeTo, secret, returnPath: await anyReturnPath(queryable) });
}

/** Where our return paths lead: in a mailbox, only a mail's header tells where it was delivered. */
async function anyReturnPath(queryable: Queryable): Promise<string | null> {
  const [row] = await queryable.query<{ pattern: string | null }>(sql`
    SELECT version.content->>'returnPath' AS pattern
    FROM definition JOIN definition_version AS version ON version.id = definition.live_version_id
    WHERE definition.kind = 'sender' AND version.content->>'returnPath' IS NOT NULL ORDER BY definition.key LIMIT 1`);
  return row?.pattern ?? null;
}

/** It names a mail of ours that is gone, or comes from or is about an erased person: nothing of it is kept. */
async function isOfErased(transaction: Transaction, news: News): Promise<boolean> {
  if (!('originalMessageIds' in news)) return false;
  if (news.verp) return true;
  const addresses = addressesIn(news).map((address) => transaction.keyedHash(normaliseEmail(address) ?? address));
  const [erased] = await transaction.query(sql`
    SELECT 1 FROM suppression WHERE channel = 'email' AND reason = 'erased' AND lifted_at IS NULL AND address_hash = ANY(${addresses}::text[])`);
  return erased !== undefined;
}

function addressesIn(news: News): string[] {
  const named =
    news.kind === 'bounce'
      ? news.recipients.map(({ address }) => address)
      : 'from' in news
        ? [news.from]
        : 'recipient' in news
          ? [news.recipient]
          : [];
  return named.filter((address) => address !== null);
}

function outcomeAlone({ kind }: News): Understood['outcome'] {
  if (kind === 'unreadable') return 'set-aside';
  return kind === 'other' || kind === 'auto-reply' ? 'nothing' : 'not-ours';
}

async function act(
  transaction: Transaction,
  returned: Returned,
  news: News,
  { messageIdDomain }: InboundOptions,
): Promise<Understood> {
  const { message, proof, now } = returned;
  switch (news.kind) {
    case 'bounce':
      return applyBounce(transaction, returned, news);
    case 'complaint':
      return applyComplaint(transaction, returned, news);
    case 'reply':
      return applyReply(transaction, returned, news, messageIdDomain);
    case 'unsubscribe': {
      // By the signed address of the mail, or from the address that it went to: anybody else is asked for by a person.
      const ownWord = proof === 'verp' || (news.from !== null && normaliseEmail(news.from) === message.address);
      if (!ownWord || message.recipientKind !== 'lead') return applyReply(transaction, returned, news, messageIdDomain);
      const how = { by: 'mail' } as const;
      const { kind } = await unsubscribeWithin(transaction, {
        messageId: message.id,
        how,
        ip: null,
        userAgent: null,
        now,
      });
      return { outcome: kind === 'already' ? 'already' : kind === 'gone' ? 'person-gone' : 'withdrawn', detail: kind };
    }
    case 'delivery':
      await delivered(transaction, returned);
      return { outcome: 'recorded' };
    case 'auto-reply':
      return { outcome: message.recipientKind === 'lead' ? 'recorded' : 'internal' };
    case 'other':
    case 'unreadable':
      return { outcome: outcomeAlone(news) };
  }
}

/** The provider says that the mail has arrived. */
async function delivered(transaction: Transaction, { message, now }: Returned): Promise<void> {
  await resolveUnknown(transaction, { messageId: message.id, proof: 'provider', now });
  if (message.address === null) return;
  const domain = message.address.slice(message.address.lastIndexOf('@') + 1);
  await noteReceiverAccepted(transaction, domain, { now, messageId: message.id, evidence: 'report' });
}

/**
 * Notes what it was and that it is done. What was understood as about a lead's mail is kept with the lead, of all but replies
 * without the mail itself; the rest is kept for a while, for a person to look at (`forgetInbound`).
 */
async function finish(
  transaction: Transaction,
  { id }: InboundRow,
  news: News,
  { outcome, cause = null, status = null, detail = null }: Understood,
  returned: Returned | null,
  now: Instant,
): Promise<void> {
  // One for each mail that is sent: what follows from it is done, and it would be most of the table.
  if (news.kind === 'delivery') {
    await transaction.query(sql`DELETE FROM inbound_mail WHERE id = ${id}::uuid`);
    return;
  }
  const written = outcome === 'person-gone' ? {} : writtenIn(news);
  const isReply = news.kind === 'reply' && returned !== null && outcome !== 'person-gone';
  const keepRaw =
    outcome === 'not-ours' ||
    outcome === 'set-aside' ||
    (news.kind === 'other' && returned === null) ||
    // With what the person attached.
    isReply;
  await transaction.query(sql`
    UPDATE inbound_mail
    SET kind = ${news.kind}, message_id = ${returned?.message.id ?? null}::uuid, lead_id = ${returned?.lead.id ?? null}::uuid, cause = ${cause},
        status = ${status}, detail = ${detail}, outcome = ${outcome}, from_address = ${written.from ?? null}, subject = ${written.subject ?? null},
        text = ${written.text ?? null}, raw = CASE WHEN ${isReply}::boolean THEN raw WHEN ${keepRaw}::boolean THEN substring(raw FROM 1 FOR ${KEPT_BYTES}) END,
        envelope_from = CASE WHEN ${keepRaw}::boolean THEN envelope_from END, envelope_to = CASE WHEN ${keepRaw}::boolean THEN envelope_to ELSE '{}' END,
        processed_at = ${at(now)}, next_attempt_at = NULL, error = NULL
    WHERE id = ${id}::uuid`);
}

interface Written {
  readonly from?: string | null;
  readonly subject?: string;
  readonly text?: string;
}

/** What a person wrote, as far as it is kept. PostgreSQL stores no NUL in a text. */
function writtenIn(news: News): Written {
  if (news.kind === 'unsubscribe') return { from: clean(news.from, 320), subject: 'unsubscribe', text: '' };
  if (news.kind !== 'reply') return {};
  return {
    from: clean(news.from, 320),
    subject: clean(news.subject, 500) ?? '',
    text: clean(news.text, MOST_TEXT) ?? '',
  };
}

function clean(text: string | null, most: number): string | null {
  return text === null ? null : text.replaceAll('\0', '').slice(0, most);
}

async function setAside(database: Database, id: string, now: Instant): Promise<void> {
  await database.query(sql`
    UPDATE inbound_mail SET kind = 'unreadable', outcome = 'set-aside', detail = 'gave-up', processed_at = ${at(now)}, next_attempt_at = NULL
    WHERE id = ${id}::uuid AND processed_at IS NULL`);
}

/** Mails that nothing followed from are kept so long, and so much of them, for whoever looks why: anybody can send us some. */
const KEPT_DAYS = 30;
const KEPT_BYTES = 256 * 1024;

/** Deletes what was kept only to be looked at, and is old. Returns how many. */
export async function forgetInbound(database: Database, now: Instant): Promise<number> {
  const rows = await database.query(sql`
    DELETE FROM inbound_mail WHERE processed_at < ${at(now - KEPT_DAYS * 86_400_000)} AND lead_id IS NULL RETURNING 1`);
  return rows.length;
}
