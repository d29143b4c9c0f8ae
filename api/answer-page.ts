import type { Request, Response } from 'express';
import { inWordsOf, type Question } from '../domain/sequence/question.ts';
import { escapeHtml, languageOf, sendPage } from './pages.ts';

/** What the pages around a mail's question say. */
const texts = {
  en: {
    hint: 'Nothing is recorded until you press the button.',
    answer: 'Your answer',
    button: 'Send answer',
    none: 'Please choose one of the answers, then press the button.',
    empty: 'Please write your answer, then press the button.',
    unreadable: 'This answer could not be read. Please check how it is written.',
    thanksTitle: 'Thank you',
    noted: 'Your answer was noted:',
    change: 'Give another answer',
    yes: 'Yes',
    no: 'No',
  },
  de: {
    hint: 'Solange Sie nicht auf den Knopf drücken, wird nichts festgehalten.',
    answer: 'Ihre Antwort',
    button: 'Antwort senden',
    none: 'Bitte wählen Sie eine der Antworten und drücken Sie dann auf den Knopf.',
    empty: 'Bitte schreiben Sie Ihre Antwort und drücken Sie dann auf den Knopf.',
    unreadable: 'Diese Antwort ließ sich nicht lesen. Bitte prüfen Sie, wie sie geschrieben ist.',
    thanksTitle: 'Vielen Dank',
    noted: 'Ihre Antwort ist vermerkt:',
    change: 'Eine andere Antwort geben',
    yes: 'Ja',
    no: 'Nein',
  },
} as const;

/** Why the question is put again. */
export type AnswerProblem = 'none' | 'empty' | 'unreadable';

export interface QuestionPage {
  readonly question: Question;
  /** What is chosen or written already; null: nothing. */
  readonly given: string | null;
  /** Null: it is put for the first time. */
  readonly problem: AnswerProblem | null;
}

/**
 * The question as a form: what the link in the mail stands for is chosen already, and nothing is recorded before the
 * form is sent, for scanners follow links. Works without scripts, by keyboard, and read aloud.
 */
export function questionPage(request: Request, response: Response, page: QuestionPage): void {
  const t = texts[languageOf(request)];
  const { question, given, problem } = page;
  const input = question.choices.length > 0 ? choicesIn(request, page) : textIn(page, t.answer);
  const alert = problem === null ? '' : `<p class="problem" role="alert" id="problem">${t[problem]}</p>`;
  const form = `<form method="post" action="?">${input}<button>${t.button}</button></form>`;
  const hint = given === null || problem !== null ? '' : `<p>${t.hint}</p>`;
  const { text } = inWordsOf(question, languageOf(request));
  sendPage(request, response, problem === null ? 200 : 400, escapeHtml(text), `${alert}${hint}${form}`);
}

function choicesIn(request: Request, { question, given, problem }: QuestionPage): string {
  const radios = question.choices.map((choice) => {
    const checked = choice === given ? ' checked' : '';
    const radio = `<input type="radio" name="answer" value="${escapeHtml(choice)}" required${checked}>`;
    return `<label class="choice">${radio}<span>${escapeHtml(labelOf(request, choice, question))}</span></label>`;
  });
  return `<div class="choices" role="radiogroup" aria-labelledby="title"${describedBy(problem)}>${radios.join('')}</div>`;
}

function textIn({ given, problem }: QuestionPage, label: string): string {
  const value = given === null ? '' : ` value="${escapeHtml(given)}"`;
  return `<input class="text" name="answer" maxlength="2000" required aria-label="${label}"${describedBy(problem)}${value}>`;
}

const describedBy = (problem: AnswerProblem | null) =>
  problem === null ? '' : ' aria-describedby="problem" aria-invalid="true"';

/** In the marketer's words for the reader's language; yes and no, where there are none for them, in ours. */
function labelOf(request: Request, choice: string, question: Question): string {
  const { choices } = question;
  const label = inWordsOf(question, languageOf(request)).labels[choices.indexOf(choice)] ?? choice;
  if (label !== choice) return label;
  const t = texts[languageOf(request)];
  const isYesOrNo = choices.length > 0 && choices.every((each) => each === 'yes' || each === 'no');
  if (!isYesOrNo) return choice;
  return choice === 'yes' ? t.yes : t.no;
}

export function answeredPage(request: Request, response: Response, question: Question, value: string): void {
  const t = texts[languageOf(request)];
  const place = question.choices.indexOf(value) + 1;
  const again = `<p><a href="?${place === 0 ? '' : `choice=${place}`}">${t.change}</a></p>`;
  const noted = `<p>${t.noted} <strong>${escapeHtml(labelOf(request, value, question))}</strong></p>`;
  sendPage(request, response, 200, t.thanksTitle, `${noted}${again}`);
}
