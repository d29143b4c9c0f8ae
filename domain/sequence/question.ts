import type { QuestionWordings } from '../attributes/definition.ts';
import { chooseLocale } from '../definition/template.ts';

/** A qualification question that a mail puts to a person. */
export interface Question {
  /** The attribute that an answer is recorded as. */
  readonly attribute: string;
  readonly question: string;
  /** What may be answered; empty: whatever the person writes. */
  readonly choices: readonly string[];
  /** How it is put in the reader's language; absent: as it stands here. */
  readonly wordings?: QuestionWordings | undefined;
}

/** A question as one reader sees it: `labels` has a label for each of its choices, in their order. */
export interface WordedQuestion {
  readonly text: string;
  readonly labels: readonly string[];
}

/** The question in the words of `locale`; what has no words in it is said as it stands. */
export function inWordsOf({ question, choices, wordings = {} }: Question, locale: string): WordedQuestion {
  const wording = wordings[chooseLocale(Object.keys(wordings), locale, '')];
  return {
    text: wording?.question ?? question,
    labels: choices.map((choice) => wording?.choices?.[choice] ?? choice),
  };
}
