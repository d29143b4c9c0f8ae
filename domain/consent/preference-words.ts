import type { Instant } from '../instant.ts';
import type { FrequencyPromise } from './consent.ts';
import type { ConsentPurpose } from './policy.ts';
import type { PreferenceChange } from './preferences.ts';
import { type PageLanguage, promiseInWords } from './promise-in-words.ts';
import { inLocale } from './purpose-names.ts';

/** A purpose as people read it. */
export interface PurposeWords {
  readonly name: string;
  readonly description: string | null;
  /** `At most two mails a week`; null: nothing is promised. */
  readonly promise: string | null;
}

/**
 * What stands beside the controls of a person's preferences. The page shows it and the consent record keeps it, word for
 * word: what proves a consent is the wording as shown (BGH I ZR 164/09). Plain text.
 */
interface Words {
  readonly topics: string;
  readonly agreement: (sender: string | null) => string;
  readonly tracking: string;
  readonly trackingText: (sender: string | null) => string;
  readonly frequency: string;
  readonly frequencyText: string;
  readonly asPromised: string;
  readonly pause: string;
  readonly noPause: string;
  readonly language: string;
  readonly noLanguage: string;
  readonly save: string;
  readonly endAll: string;
  readonly endAllText: string;
  readonly on: string;
  readonly off: string;
}

export const preferenceWords: Readonly<Record<PageLanguage, Words>> = {
  en: {
    topics: 'What may we write to you about?',
    agreement: (sender) =>
      `By switching on a topic and saving, you agree to get mails about it${sender === null ? '' : ` from ${sender}`}. You can end this at any time, on this page or by the link in every mail.`,
    tracking: 'Record which mails and links I open',
    trackingText: (sender) =>
      `Switched on, ${sender ?? 'we'} may record which mails and links you open, in order to write about what interests you. You can end this here at any time. Switched off, none of it is recorded.`,
    frequency: 'How often?',
    frequencyText: 'This holds for all topics together.',
    asPromised: 'As promised with each topic',
    pause: 'Take a break',
    noPause: 'No break',
    language: 'Language of the mails',
    noLanguage: 'Not chosen',
    save: 'Save',
    endAll: 'End all mails',
    endAllText: 'You will then get no mail of any topic any more, from this moment on.',
    on: 'switched on',
    off: 'switched off',
  },
  de: {
    topics: 'Worüber dürfen wir Ihnen schreiben?',
    agreement: (sender) =>
      `Wenn Sie ein Thema einschalten und speichern, willigen Sie ein, dazu E-Mails${sender === null ? '' : ` von ${sender}`} zu erhalten. Das können Sie jederzeit widerrufen: auf dieser Seite oder über den Link in jeder Mail.`,
    tracking: 'Festhalten, welche Mails und Links ich öffne',
    trackingText: (sender) =>
      `Eingeschaltet darf ${sender ?? 'der Absender'} festhalten, welche Mails und Links Sie öffnen, um Ihnen über das zu schreiben, was Sie interessiert. Das können Sie hier jederzeit widerrufen. Ausgeschaltet wird nichts davon festgehalten.`,
    frequency: 'Wie oft?',
    frequencyText: 'Das gilt für alle Themen zusammen.',
    asPromised: 'So oft, wie beim Thema versprochen',
    pause: 'Pause machen',
    noPause: 'Keine Pause',
    language: 'Sprache der Mails',
    noLanguage: 'Nicht gewählt',
    save: 'Speichern',
    endAll: 'Alle Mails abbestellen',
    endAllText: 'Sie erhalten dann ab sofort zu keinem Thema mehr eine Mail.',
    on: 'eingeschaltet',
    off: 'ausgeschaltet',
  },
};

/** What a person may choose as the limit of all mails together. */
export function limitInWords(limit: FrequencyPromise | null, language: PageLanguage): string {
  if (limit === null) return preferenceWords[language].asPromised;
  return capitalised(promiseInWords(limit, language));
}

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `4 weeks`. */
export function weeksInWords(weeks: number, language: PageLanguage): string {
  return language === 'de' ? `${weeks} Wochen` : `${weeks} weeks`;
}

/** `No mails until 22 December 2026`, by the clock of `zone`. */
export function pausedUntilInWords(until: Instant, language: PageLanguage, zone: string): string {
  const date = new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', { dateStyle: 'long', timeZone: zone });
  return language === 'de' ? `Keine Mails bis ${date.format(until)}` : `No mails until ${date.format(until)}`;
}

/** A language by its own name: `Deutsch`. */
export function languageName(locale: string): string {
  const name = new Intl.DisplayNames([locale], { type: 'language' }).of(locale) ?? locale;
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
}

/** A topic as a reader of `language` sees it. */
export function purposeWords(
  {
    name,
    description,
    promise,
  }: Pick<ConsentPurpose, 'name'> & {
    readonly description: Readonly<Record<string, string>> | null;
    readonly promise: FrequencyPromise | null;
  },
  language: PageLanguage,
): PurposeWords {
  return {
    name: inLocale(name, language),
    description: description === null ? null : inLocale(description, language),
    promise: promise === null ? null : capitalised(promiseInWords(promise, language)),
  };
}

/** The words by which `purpose` is agreed to on the page: they go into the record with each such consent. */
export function agreementTo(purpose: PurposeWords, language: PageLanguage, sender: string | null): string {
  const { topics, agreement, save } = preferenceWords[language];
  const { name, description, promise } = purpose;
  return lines(topics, name, description, promise, agreement(sender), `[${save}]`);
}

/** The words by which a person agrees to be tracked. */
export function agreementToTracking(language: PageLanguage, sender: string | null): string {
  const { tracking, trackingText, save } = preferenceWords[language];
  return lines(tracking, trackingText(sender), `[${save}]`);
}

/** The words by which a topic, or tracking, is switched off. */
export function switchedOff(name: string, language: PageLanguage): string {
  const { off, save } = preferenceWords[language];
  return lines(`${name}: ${off}`, `[${save}]`);
}

/** The words of the button that ends everything. */
export function endAllInWords(language: PageLanguage): string {
  const { endAll, endAllText } = preferenceWords[language];
  return lines(endAllText, `[${endAll}]`);
}

/** What else a person set, as the page says it: `Take a break: No mails until 22 December 2026`. */
export function changeInWords(change: PreferenceChange, language: PageLanguage, zone: string): string {
  const t = preferenceWords[language];
  const { limit, pausedUntil, locale } = change;
  const set: string[] = [];
  if (limit !== undefined) set.push(`${t.frequency} ${limitInWords(limit, language)}`);
  if (pausedUntil !== undefined) {
    const until = pausedUntil === null ? t.noPause : pausedUntilInWords(Date.parse(pausedUntil), language, zone);
    set.push(`${t.pause}: ${until}`);
  }
  if (locale !== undefined) set.push(`${t.language}: ${locale === null ? t.noLanguage : languageName(locale)}`);
  return lines(...set);
}

function lines(...texts: readonly (string | null)[]): string {
  return texts.filter((text) => text !== null).join('\n');
}
