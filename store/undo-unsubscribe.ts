import { recipient } from '../domain/actor.ts';
import type { PageLanguage } from '../domain/consent/promise-in-words.ts';
import { inLocale } from '../domain/consent/purpose-names.ts';
import { undoneInWords } from '../domain/consent/unsubscribe-words.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { lockReader } from './lock-reader.ts';
import { raiseAttention } from './raise-attention.ts';
import { readUnsubscription, type Unsubscription } from './read-unsubscription.ts';
import { insertConsent } from './record-consent.ts';

export interface UndoInput {
  readonly messageId: string;
  readonly language: PageLanguage;
  /** The page's address without the token. */
  readonly pageUrl: string;
  /** What mail is from where no sender is published. */
  readonly mailFrom: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly now: Instant;
}

/** `subscribed`: the mails go on, by this or by an earlier press of the button. */
export type Undone =
  | { readonly kind: 'subscribed'; readonly of: Unsubscription }
  | { readonly kind: 'too-late' | 'gone' };

/**
 * Takes an unsubscription back, for whoever pressed the wrong button: by the same link, on the page that said so, a short
 * while later. It is a consent of its own, newly given in the words of that page and with the promise of the one that was
 * withdrawn; the withdrawal stays on record. That is the person's word as much as any: they hold the mail, the consent
 * that it restores was theirs and confirmed, and nobody asked for more than before. Who never consented can't come to consent
 * this way.
 */
export async function undoUnsubscribe(database: Database, input: UndoInput): Promise<Undone> {
  return database.transaction(async (transaction) => {
    const found = await lockReader(transaction, input.messageId);
    if (found === null) return { kind: 'gone' };
    const { messageId, mailFrom, language, ip, userAgent } = input;
    const before = await readUnsubscription(transaction, messageId, mailFrom, input.now);
    if (before === null) return { kind: 'gone' };
    const { state, undo, purpose, name, sender, address } = before;
    if (state === 'subscribed') return { kind: 'subscribed', of: before };
    if (undo === null) return { kind: 'too-late' };
    // Later than what it takes back, also by a clock that was set back meanwhile.
    const said = Math.max(input.now + found.lead.clockOffset, undo.withdrawnAt + 1);
    const instant = new Date(said).toISOString();
    const agent = userAgent?.slice(0, 1_000);
    await insertConsent(transaction, found.lead.id, address, {
      evidence: {
        channel: 'email',
        purpose,
        action: 'granted',
        wording: undoneInWords(inLocale(name, language), language, sender.name, undo.promise),
        locale: language,
        formUrl: input.pageUrl,
        ...(ip === null ? {} : { ip, confirmIp: ip }),
        ...(agent === undefined ? {} : { userAgent: agent, confirmUserAgent: agent }),
        requestedAt: instant,
        confirmedAt: instant,
        ...(sender.messageIdHeader === null ? {} : { confirmationMessageId: sender.messageIdHeader }),
        ...(undo.promise === null ? {} : { promise: undo.promise }),
      },
      source: 'preferences',
      actor: recipient,
      now: said,
    });
    await raiseAttention(transaction, [found.lead.id]);
    return { kind: 'subscribed', of: { ...before, state: 'subscribed', undo: null } };
  });
}
