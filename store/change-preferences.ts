import { type Actor, recipient } from '../domain/actor.ts';
import { ALL_PURPOSES } from '../domain/consent/consent.ts';
import {
  beginsMail,
  LONGEST_PAUSE_MS,
  type PreferenceEntry,
  type PreferenceWishes,
  preferenceChanges,
} from '../domain/consent/preference-changes.ts';
import type { PageLanguage } from '../domain/consent/promise-in-words.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database, Transaction } from './database.ts';
import { endOptIns } from './end-opt-ins.ts';
import { lockLead } from './lock-lead.ts';
import { lockReader } from './lock-reader.ts';
import { agreementsVersion, wordingOf } from './preference-wording.ts';
import { raiseAttention } from './raise-attention.ts';
import { readMailSender } from './read-mail-sender.ts';
import { type PreferencesView, readPreferences } from './read-preferences.ts';
import { recordPreferences } from './record-preferences.ts';
import { assertId } from './resolve-lead.ts';

/** What a person set on the page that a mail led to. */
export interface PreferencesInput {
  /** The mail whose link it was. */
  readonly messageId: string;
  readonly wishes: PreferenceWishes;
  /** The language that the page was in, its address without the token, and which agreements it showed (`agreementsVersion`). */
  readonly page: { readonly language: PageLanguage; readonly url: string; readonly agreements: string | null };
  /** What mail is from where no sender is published. */
  readonly mailFrom: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly now: Instant;
}

/**
 * `other-words`: what was to be agreed to has been worded anew since the page was shown, and nothing was recorded: nobody
 * agrees to what they have not read. `other-address`: the link went to an address that is not the lead's any more; whoever
 * reads mail there may end things, not begin them. `gone`: there is no such mail, or its reader was erased.
 */
export type PreferencesChanged =
  | { readonly kind: 'changed'; readonly entries: readonly PreferenceEntry[]; readonly view: PreferencesView }
  | { readonly kind: 'other-words' | 'other-address' | 'gone' };

/**
 * Records what a person set, all of it in one transaction under the lead's lock: an entry of the consent record for each
 * thing that is otherwise than it was.
 *
 * A topic that is switched on is a confirmed consent: whoever holds the link read a mail at that address, which is what a
 * double opt-in proves (BGH I ZR 164/09), and the Message-ID of that mail is kept with it.
 */
export async function changePreferences(database: Database, input: PreferencesInput): Promise<PreferencesChanged> {
  return database.transaction(async (transaction) => {
    const found = await lockReader(transaction, input.messageId);
    if (found === null) return { kind: 'gone' };
    const { lead, message } = found;
    const { language, url, agreements } = input.page;
    const now = input.now + lead.clockOffset;
    const before = await readPreferences(transaction, lead.id, message.address, now);
    const sender = await readMailSender(transaction, message.id, input.mailFrom);
    const entries = preferenceChanges(before, offered(input.wishes, before), now);
    const begins = entries.some((entry) => beginsMail(entry, before, now));
    if (begins && before.address !== message.address) return { kind: 'other-address' };
    if (entries.some(({ action }) => action === 'granted')) {
      if (agreements !== agreementsVersion(before, language, sender.name)) return { kind: 'other-words' };
    }
    const view = await recordPreferences(transaction, before, entries, {
      source: 'preferences',
      actor: recipient,
      address: message.address,
      now,
      message,
      shown: {
        locale: language,
        formUrl: url,
        ...(input.ip === null ? {} : { ip: input.ip }),
        ...(input.userAgent === null ? {} : { userAgent: input.userAgent.slice(0, 1_000) }),
      },
      confirmationMessageId: sender.messageIdHeader,
      words: (entry) => wordingOf(entry, before, language, sender.name),
      wordingVersion: agreements,
    });
    // A sign-up may have come in since everything was ended.
    if (input.wishes.everythingOff === true && entries.length === 0) await endAllOptIns(transaction, lead.id, now);
    return { kind: 'changed', entries, view };
  });
}

/** What the company sets, as a person told it by telephone or letter. */
export interface CompanyPreferencesInput {
  readonly leadId: string;
  readonly wishes: PreferenceWishes;
  /** How the person said so. */
  readonly note: string | null;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * The same by the company's own hand. It can end and limit; a consent that is granted needs its evidence, which
 * `recordConsent` takes.
 *
 * Throws `not-found` and `invalid-request` (a topic that is not on offer, or is to be switched on).
 */
export async function setPreferences(
  database: Database,
  { leadId, wishes, note, actor, now: worldNow }: CompanyPreferencesInput,
): Promise<{ readonly entries: readonly PreferenceEntry[]; readonly view: PreferencesView }> {
  assertId('lead', leadId);
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, leadId);
    if (lead.erasedAt !== null) throw new TendError('not-found', `There is no lead ${leadId}.`);
    const now = worldNow + lead.clockOffset;
    const before = await readPreferences(transaction, lead.id, null, now);
    const problems = problemsOf(wishes, before, now);
    if (problems.length > 0)
      throw new TendError('invalid-request', 'Nothing of this was recorded: mend the fields named.', problems);
    const entries = preferenceChanges(before, wishes, now);
    const view = await recordPreferences(transaction, before, entries, {
      source: 'api',
      actor,
      address: before.address,
      now,
      message: null,
      shown: {},
      confirmationMessageId: null,
      words: () => note,
      wordingVersion: null,
    });
    if (wishes.everythingOff === true && entries.length === 0) await endAllOptIns(transaction, lead.id, now);
    return { entries, view };
  });
}

async function endAllOptIns(transaction: Transaction, leadId: string, now: Instant): Promise<void> {
  const ended = await endOptIns(transaction, leadId, { purpose: ALL_PURPOSES }, now);
  if (ended > 0) await raiseAttention(transaction, [leadId]);
}

function problemsOf(
  { purposes = new Map(), tracking, pausedUntil = null }: PreferenceWishes,
  before: PreferencesView,
  now: Instant,
): FieldProblem[] {
  const needsEvidence =
    'can only be switched on by the person, or with its evidence: POST /api/leads/:id/consents or /api/opt-ins';
  const problems: FieldProblem[] = [...purposes].flatMap(([key, on]) => {
    const path = `purposes.${key}`;
    const present = before.purposes.get(key);
    if (present === undefined) return [{ path, problem: 'is no purpose that this lead is or can be written to about' }];
    return on && !present ? [{ path, problem: needsEvidence }] : [];
  });
  // No timer reaches further than some centuries, and one that overflows would ring at once.
  if (pausedUntil !== null && pausedUntil > now + LONGEST_PAUSE_MS)
    problems.push({
      path: 'pausedUntil',
      problem: 'must be within ten years: to end the mails for good, send endEverything: true',
    });
  if (tracking === true && !before.tracking) problems.push({ path: 'tracking', problem: needsEvidence });
  return problems;
}

/** The wishes as far as the page had a control for them: whoever makes up a topic changes nothing. */
function offered(wishes: PreferenceWishes, before: PreferencesView): PreferenceWishes {
  const { purposes = new Map<string, boolean>(), tracking, locale } = wishes;
  return {
    ...wishes,
    purposes: new Map([...purposes].filter(([key]) => before.purposes.has(key))),
    tracking: before.tracksByConsent ? tracking : undefined,
    locale: locale !== undefined && before.locales.includes(locale) ? locale : undefined,
  };
}
