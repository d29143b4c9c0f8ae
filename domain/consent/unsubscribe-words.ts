import type { FrequencyPromise } from './consent.ts';
import { type PageLanguage, promiseInWords } from './promise-in-words.ts';

/** What stands around the buttons of the unsubscribe page: the page shows it, and the consent record keeps it. Plain text. */
export const unsubscribeWords = {
  en: {
    question: (topic: string) => `Do you want no more mails about “${topic}”?`,
    text: 'The mails end the moment you press the button. Until then nothing changes.',
    button: 'Unsubscribe',
    undoTitle: 'A mistake?',
    undoText: (topic: string, sender: string | null, promise: string | null) =>
      `Then you go on getting mails about “${topic}”${sender === null ? '' : ` from ${sender}`}${promise === null ? '' : `, ${promise}`}, as before. You can end this at any time.`,
    undo: 'Keep getting these mails',
  },
  de: {
    question: (topic: string) => `Möchten Sie keine Mails mehr zum Thema „${topic}“?`,
    text: 'Die Mails enden, sobald Sie auf den Knopf drücken. Bis dahin ändert sich nichts.',
    button: 'Abmelden',
    undoTitle: 'Ein Versehen?',
    undoText: (topic: string, sender: string | null, promise: string | null) =>
      `Dann erhalten Sie weiterhin Mails zum Thema „${topic}“${sender === null ? '' : ` von ${sender}`}${promise === null ? '' : `, ${promise}`}, wie bisher. Das können Sie jederzeit beenden.`,
    undo: 'Mails weiter erhalten',
  },
} as const;

/** The words by which a person unsubscribes on the page. */
export function unsubscribedInWords(topic: string, language: PageLanguage): string {
  const { question, text, button } = unsubscribeWords[language];
  return `${question(topic)}\n${text}\n[${button}]`;
}

/** The words by which a person takes an unsubscription back. */
export function undoneInWords(
  topic: string,
  language: PageLanguage,
  sender: string | null,
  promise: FrequencyPromise | null,
): string {
  const { undoTitle, undoText, undo } = unsubscribeWords[language];
  const promised = promise === null ? null : promiseInWords(promise, language);
  return `${undoTitle}\n${undoText(topic, sender, promised)}\n[${undo}]`;
}
