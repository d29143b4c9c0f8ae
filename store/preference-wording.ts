import { createHash } from 'node:crypto';
import { ALL_PURPOSES } from '../domain/consent/consent.ts';
import { TRACKING } from '../domain/consent/policy.ts';
import type { PreferenceEntry } from '../domain/consent/preference-changes.ts';
import {
  agreementTo,
  agreementToTracking,
  changeInWords,
  endAllInWords,
  preferenceWords,
  purposeWords,
  switchedOff,
} from '../domain/consent/preference-words.ts';
import type { PageLanguage } from '../domain/consent/promise-in-words.ts';
import type { PreferencesView } from './read-preferences.ts';

/** Which words of consent a page shows: another version has other words. */
export function agreementsVersion(view: PreferencesView, language: PageLanguage, sender: string | null): string {
  const all = [
    ...view.topics.map((topic) => agreementTo(purposeWords(topic, language), language, sender)),
    agreementToTracking(language, sender),
  ];
  return createHash('sha256').update(all.join('\0')).digest('base64url').slice(0, 16);
}

/** The words that stood on the page beside what was changed. */
export function wordingOf(
  entry: PreferenceEntry,
  { topics, zone }: PreferencesView,
  language: PageLanguage,
  sender: string | null,
): string {
  if (entry.action === 'changed') return changeInWords(entry.change, language, zone);
  const { purpose, action } = entry;
  if (purpose === ALL_PURPOSES) return endAllInWords(language);
  if (purpose === TRACKING)
    return action === 'granted'
      ? agreementToTracking(language, sender)
      : switchedOff(preferenceWords[language].tracking, language);
  const topic = topics.find(({ key }) => key === purpose);
  if (topic === undefined) throw new Error('a topic was changed that is not on the page');
  const words = purposeWords(topic, language);
  return action === 'granted' ? agreementTo(words, language, sender) : switchedOff(words.name, language);
}
