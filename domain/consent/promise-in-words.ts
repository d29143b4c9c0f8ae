import type { FrequencyPromise } from './consent.ts';

/** The languages of Tend's own pages. */
export type PageLanguage = 'en' | 'de';

const COUNTS = {
  en: ['', 'one', 'two', 'three', 'four', 'five'],
  de: ['', 'eine', 'zwei', 'drei', 'vier', 'fünf'],
} as const;
const PERIODS: Readonly<Record<PageLanguage, Readonly<Record<number, string>>>> = {
  en: { 1: 'a day', 7: 'a week', 14: 'every two weeks', 30: 'a month', 31: 'a month', 365: 'a year' },
  de: { 1: 'am Tag', 7: 'pro Woche', 14: 'in zwei Wochen', 30: 'im Monat', 31: 'im Monat', 365: 'im Jahr' },
};

/** A frequency promise as a person says it: `at most two mails a week`. */
export function promiseInWords({ max, days }: FrequencyPromise, language: PageLanguage): string {
  const count = COUNTS[language][max] ?? String(max);
  const period = PERIODS[language][days];
  if (language === 'de') return `höchstens ${count} ${max === 1 ? 'Mail' : 'Mails'} ${period ?? `in ${days} Tagen`}`;
  return `at most ${count} ${max === 1 ? 'mail' : 'mails'} ${period ?? `in ${days} days`}`;
}
