import type { Instant } from '../domain/instant.ts';
import { EMAIL_LINK_CLICKED, EMAIL_OPENED, type Properties, TEND_SOURCE } from '../domain/interaction/interaction.ts';
import type { HitKind } from '../domain/tracking/hit.ts';
import type { Database, Queryable } from './database.ts';
import { ingestWithin } from './ingest-interactions.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { canonicalAddress, networkOf } from './network-of.ts';
import { type LinkedMessage, readLinkedMessage } from './read-message.ts';
import { at, sql } from './sql.ts';
import { trackingAllowed } from './tracking-allowed.ts';

/** One fetch of a link or picture of a mail, as it came in. */
export interface NewHit {
  readonly messageId: string;
  readonly kind: HitKind;
  /** Where a click leads. */
  readonly url: string | null;
  readonly method: 'GET' | 'HEAD';
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly now: Instant;
}

/** Mail programs fetch again and again, and anybody with the link may: one opening a minute is enough. */
const OPENS_EVERY_MS = 60_000;
/** A double click is one click. */
const CLICKS_EVERY_MS = 5_000;
/** Of one message, and some more where they come at once; whatever comes after tells nothing new, and anybody may make it come. */
export const MOST_HITS = 500;
const LONGEST_AGENT = 300;

/**
 * Puts a hit on record, where the person agrees to it now: neither a mail that left while they did nor its token outlives
 * a withdrawal. What may be a person's opening or click is an interaction too, provisional until it is confirmed, or
 * discounted when its hits are judged (judge-hits.ts). A HEAD and a trap are hits only. It changes nothing else: neither
 * consent nor attribute nor handoff (a GET changes nothing).
 *
 * The address is known by keyed hashes alone: enough to see that two hits came from one place. Returns whether anything was recorded.
 */
export async function recordHit(database: Database, hit: NewHit): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const message = await readLinkedMessage(transaction, hit.messageId);
    if (message === null) return false;
    const { consent } = await loadLiveDefinitions(transaction);
    if (!(await trackingAllowed(transaction, message.leadId, consent))) return false;
    const { kind, method, now } = hit;
    const hashes = hashesOf(transaction, hit);
    const { link } = hashes;
    const interactionId = interactionIdOf(hit, hashes);
    const stored = await transaction.query(sql`
      INSERT INTO mail_hit (message_id, kind, link, method, user_agent, ip_hash, network_hash, at, interaction_message_id)
      SELECT ${message.id}::uuid, ${kind}, ${link}, ${method}, ${hit.userAgent?.slice(0, LONGEST_AGENT) ?? null}, ${hashes.ip},
             ${hashes.network}, ${at(now)}::timestamptz, ${interactionId}
      WHERE (SELECT count(*) FROM (SELECT FROM mail_hit WHERE message_id = ${message.id}::uuid LIMIT ${MOST_HITS}::int) AS before) < ${MOST_HITS}::int
      RETURNING 1`);
    if (stored.length === 0) return false;
    // Under an erasure the address is nobody's any more: storing it anew would bring it back.
    const [known] = await transaction.query<{ id: number }>(sql`
      SELECT id FROM identity WHERE kind = 'email' AND value = ${message.address} AND lead_id IS NOT NULL`);
    if (interactionId !== null && known !== undefined) {
      await ingestWithin(transaction, [
        {
          source: TEND_SOURCE,
          messageId: interactionId,
          identity: { id: known.id },
          kind: 'tend',
          name: kind === 'open' ? EMAIL_OPENED : EMAIL_LINK_CLICKED,
          properties: propertiesOf(message, hit.url),
          context: null,
          occurredAt: now,
          receivedAt: now,
          claimedAt: null,
        },
      ]);
    }
    return true;
  });
}

interface HitHashes {
  readonly link: string | null;
  readonly ip: string | null;
  readonly network: string | null;
  /** Of network and agent. */
  readonly client: string;
}

function hashesOf(queryable: Queryable, { url, ip, userAgent }: NewHit): HitHashes {
  // The labels keep these hashes apart from each other, and from those of mail addresses, which hold no blank.
  const hash = (label: string, text: string | null) => (text === null ? null : queryable.keyedHash(`${label} ${text}`));
  const network = ip === null ? null : networkOf(ip);
  return {
    link: hash('link', url)?.slice(0, 12) ?? null,
    ip: hash('ip', ip === null ? null : canonicalAddress(ip)),
    network: hash('network', network),
    client: queryable.keyedHash(`client ${network ?? ''} ${userAgent ?? ''}`).slice(0, 8),
  };
}

/**
 * The same opening told twice is one; what two clients did are two, or a scanner's hit would hide the person's that
 * follows within the minute. Null: it is no interaction.
 */
function interactionIdOf({ messageId, kind, method, now }: NewHit, { link, client }: HitHashes): string | null {
  if (method !== 'GET' || kind === 'trap') return null;
  return kind === 'open'
    ? `open:${messageId}:${Math.floor(now / OPENS_EVERY_MS)}:${client}`
    : `click:${messageId}:${link}:${Math.floor(now / CLICKS_EVERY_MS)}:${client}`;
}

function propertiesOf(message: LinkedMessage, url: string | null): Properties {
  return {
    message: message.id,
    template: message.templateKey,
    sequence: message.sequenceKey,
    step: message.stepId,
    ...(url !== null && { url }),
  };
}
