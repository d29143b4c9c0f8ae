import type { Actor } from '../domain/actor.ts';
import { ALL_PURPOSES } from '../domain/consent/consent.ts';
import type { ConsentEntry } from '../domain/consent/evidence.ts';
import { TRACKING } from '../domain/consent/policy.ts';
import type { PreferenceEntry } from '../domain/consent/preference-changes.ts';
import type { Instant } from '../domain/instant.ts';
import { UNSUBSCRIBED } from '../domain/interaction/interaction.ts';
import type { Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { type PreferencesView, readPreferences } from './read-preferences.ts';
import { type ConsentSource, insertConsent } from './record-consent.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { sql } from './sql.ts';

/** Who says so, where, and in which words. */
export interface Saying {
  readonly source: ConsentSource;
  readonly actor: Actor;
  readonly address: string | null;
  readonly now: Instant;
  /** The mail that led there. */
  readonly message: { readonly id: string; readonly templateKey: string } | null;
  readonly shown: Pick<ConsentEntry, 'locale' | 'formUrl' | 'ip' | 'userAgent'>;
  readonly confirmationMessageId: string | null;
  readonly words: (entry: PreferenceEntry) => string | null;
  readonly wordingVersion: string | null;
}

/** Writes the entries with what follows from them; the lead is locked. Returns how things stand then. */
export async function recordPreferences(
  transaction: Transaction,
  before: PreferencesView,
  entries: readonly PreferenceEntry[],
  saying: Saying,
): Promise<PreferencesView> {
  const { leadId } = before;
  if (entries.length === 0) return before;
  for (const entry of entries) {
    const id = await write(transaction, before, entry, saying);
    if (entry.action === 'withdrawn' && entry.purpose !== TRACKING)
      await tellOfIt(transaction, leadId, entry.purpose, id, saying);
    if (entry.action === 'changed' && typeof entry.change.locale === 'string')
      await transaction.query(sql`UPDATE lead SET locale = ${entry.change.locale} WHERE id = ${leadId}::uuid`);
  }
  await raiseAttention(transaction, [leadId]);
  return readPreferences(transaction, leadId, saying.address, saying.now);
}

async function write(
  transaction: Transaction,
  { leadId, endedAt, topics }: PreferencesView,
  entry: PreferenceEntry,
  { source, actor, address, now, shown, confirmationMessageId, words, wordingVersion }: Saying,
): Promise<number> {
  const purpose = entry.action === 'changed' ? ALL_PURPOSES : entry.purpose;
  // A consent counts if it is later than the withdrawal before it, also by a clock that was set back meanwhile.
  const said = entry.action === 'granted' ? Math.max(now, (endedAt.get(purpose) ?? now - 1) + 1) : now;
  const wording = words(entry);
  const instant = new Date(said).toISOString();
  const promise = topics.find(({ key }) => key === purpose)?.promise ?? null;
  const { id } = await insertConsent(transaction, leadId, address, {
    evidence: {
      channel: 'email',
      purpose,
      action: entry.action,
      ...shown,
      requestedAt: instant,
      ...(wording === null ? {} : { wording }),
      ...(entry.action === 'changed' ? { change: entry.change } : {}),
      ...(entry.action === 'granted'
        ? {
            confirmedAt: instant,
            ...(wordingVersion === null ? {} : { wordingVersion }),
            ...(shown.ip === undefined ? {} : { confirmIp: shown.ip }),
            ...(shown.userAgent === undefined ? {} : { confirmUserAgent: shown.userAgent }),
            ...(confirmationMessageId === null ? {} : { confirmationMessageId }),
            ...(promise === null ? {} : { promise }),
          }
        : {}),
    },
    source,
    actor,
    now: said,
  });
  return id;
}

/** Sequences and models hear of it. */
async function tellOfIt(
  transaction: Transaction,
  leadId: string,
  purpose: string,
  recordId: number,
  { now, message }: Saying,
): Promise<void> {
  await recordTendInteraction(transaction, {
    leadId,
    messageId: `unsubscribe:${recordId}`,
    name: UNSUBSCRIBED,
    properties: message === null ? { purpose } : { message: message.id, purpose, template: message.templateKey },
    occurredAt: now,
    ownTime: true,
  });
}
