import { chooseLocale } from '../definition/template.ts';
import { type ConsentPolicy, TRACKING } from './policy.ts';

const OWN: Readonly<Record<string, { readonly en: string; readonly de: string }>> = {
  [TRACKING]: {
    en: 'Recording which of our mails are opened and which links are followed',
    de: 'Erfassen, welche unserer Mails geöffnet und welche Links angeklickt werden',
  },
};

/** What people read for `purpose`, in the language that serves them best; its key where the policy does not name it. */
export function purposeName(policy: ConsentPolicy, purpose: string, locale: string | null): string {
  const names = policy.purposes.find(({ key }) => key === purpose)?.name ?? OWN[purpose];
  return names === undefined ? purpose : inLocale(names, locale);
}

/** The text of `texts` in the language that serves best: English, or whichever comes first, for all others. */
export function inLocale(texts: Readonly<Record<string, string>>, locale: string | null): string {
  const available = Object.keys(texts);
  const fallback = texts.en === undefined ? (available[0] ?? '') : 'en';
  return texts[chooseLocale(available, locale, fallback)] ?? '';
}
