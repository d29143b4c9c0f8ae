import type { Request, Response } from 'express';
import type { FrequencyPromise } from '../domain/consent/consent.ts';
import { type PageLanguage, promiseInWords } from '../domain/consent/promise-in-words.ts';
import type { Instant } from '../domain/instant.ts';
import { momentInWords } from './moment.ts';
import { escapeHtml, languageOf, type PageFrame, sendPage } from './pages.ts';

const texts = {
  en: {
    askTitle: 'Do you confirm this sign-up?',
    signedUp: (who: string, site: string, when: string) => `${who} was signed up at ${site} on ${when} for:`,
    wording: 'What the form said:',
    button: 'Yes, I confirm',
    notMe: (until: string) =>
      `It was not you? Then simply close this page. Without your confirmation nothing is sent, and the sign-up is deleted on ${until}.`,
    doneTitle: 'Thank you, you are signed up',
    done: 'Your confirmation is recorded. You can end this at any time, by the link at the end of each mail.',
    alreadyTitle: 'This is confirmed already',
    already: 'There is nothing more to do. You can close this page.',
    goneTitle: 'This sign-up has run out',
    gone: 'It was not confirmed in time, or it was withdrawn; what was kept of it is deleted.',
    renewTitle: 'May we go on writing to you?',
    renewWords: 'Yes, you may go on writing to me. I can end this at any time.',
    renewFor: (who: string) => `It is about mails to ${who}:`,
    given: (when: string) => `You agreed to them on ${when}.`,
    renewButton: 'Yes, go on writing to me',
    renewNot: 'If you would rather not, there is nothing to do: the mails then end by themselves.',
    renewedTitle: 'Thank you, we go on writing to you',
    endedTitle: 'You get these mails no more',
    ended: 'They were ended before, and this link does not bring them back.',
    onward: (site: string) => `Go on to ${site}`,
  },
  de: {
    askTitle: 'Möchten Sie diese Anmeldung bestätigen?',
    signedUp: (who: string, site: string, when: string) => `${who} wurde am ${when} auf ${site} angemeldet für:`,
    wording: 'Das stand im Formular:',
    button: 'Ja, ich bestätige',
    notMe: (until: string) =>
      `Das waren nicht Sie? Dann schließen Sie diese Seite einfach. Ohne Ihre Bestätigung wird nichts verschickt, und die Anmeldung wird am ${until} gelöscht.`,
    doneTitle: 'Vielen Dank, Sie sind angemeldet',
    done: 'Ihre Bestätigung ist vermerkt. Sie können das jederzeit beenden, über den Link am Ende jeder Mail.',
    alreadyTitle: 'Das ist schon bestätigt',
    already: 'Es ist nichts weiter zu tun. Sie können diese Seite schließen.',
    goneTitle: 'Diese Anmeldung ist abgelaufen',
    gone: 'Sie wurde nicht rechtzeitig bestätigt oder zurückgezogen; was davon gespeichert war, ist gelöscht.',
    renewTitle: 'Dürfen wir Ihnen weiter schreiben?',
    renewWords: 'Ja, Sie dürfen mir weiter schreiben. Ich kann das jederzeit beenden.',
    renewFor: (who: string) => `Es geht um Mails an ${who}:`,
    given: (when: string) => `Zugestimmt haben Sie am ${when}.`,
    renewButton: 'Ja, schreiben Sie mir weiter',
    renewNot: 'Wenn Sie das nicht möchten, müssen Sie nichts tun: Die Mails enden dann von selbst.',
    renewedTitle: 'Vielen Dank, wir schreiben Ihnen weiter',
    endedTitle: 'Sie erhalten diese Mails nicht mehr',
    ended: 'Sie wurden schon früher beendet, und dieser Link bringt sie nicht zurück.',
    onward: (site: string) => `Weiter zu ${site}`,
  },
} as const;

/** What a page needs to know of a sign-up; all of it as plain text. */
export interface ShownOptIn {
  readonly maskedAddress: string;
  readonly purposes: readonly { readonly name: string; readonly promise: FrequencyPromise | null }[];
  readonly wording: string;
  readonly formUrl: string;
  readonly returnUrl: string | null;
  readonly requestedAt: Instant;
  /** Unless it is confirmed. */
  readonly deletedAt: Instant;
  /** The installation's. */
  readonly timeZone: string;
  /** Whose mail led here. */
  readonly sender: PageFrame['sender'];
}

/** Shows what would be confirmed. A GET changes nothing: scanners follow links. */
export function askToConfirmPage(request: Request, response: Response, optIn: ShownOptIn): void {
  const language = languageOf(request);
  const t = texts[language];
  const { maskedAddress, wording, formUrl, requestedAt, deletedAt, timeZone } = optIn;
  const when = momentInWords(requestedAt, language, timeZone);
  const content = [
    `<p>${escapeHtml(t.signedUp(maskedAddress, new URL(formUrl).host, when))}</p>`,
    purposeList(optIn.purposes, language),
    `<p>${t.wording}</p><blockquote>${lines(wording)}</blockquote>`,
    button(t.button),
    `<p class="hint">${escapeHtml(t.notMe(momentInWords(deletedAt, language, timeZone)))}</p>`,
  ];
  sendPage(request, response, 200, t.askTitle, content.join(''), frameOf(optIn.sender));
}

export function confirmedPage(request: Request, response: Response, optIn: ShownOptIn): void {
  const language = languageOf(request);
  const t = texts[language];
  const content = `${purposeList(optIn.purposes, language)}<p>${t.done}</p>${onward(optIn.returnUrl, t.onward)}`;
  const { sender } = optIn;
  sendPage(request, response, 200, t.doneTitle, content, sender === undefined ? {} : { sender });
}

export function alreadyConfirmedPage(request: Request, response: Response, returnUrl: string | null): void {
  const t = texts[languageOf(request)];
  sendPage(request, response, 200, t.alreadyTitle, `<p>${t.already}</p>${onward(returnUrl, t.onward)}`);
}

/** It ran out: nothing is offered, least of all to sign up anew by the same link. */
export function optInGonePage(request: Request, response: Response): void {
  const t = texts[languageOf(request)];
  sendPage(request, response, 410, t.goneTitle, `<p>${t.gone}</p>`);
}

/** What a page needs to know of a consent that is to be renewed. */
export interface ShownRenewal {
  readonly maskedAddress: string;
  readonly purpose: string;
  readonly promise: FrequencyPromise | null;
  readonly givenAt: Instant;
  readonly timeZone: string;
  readonly sender: PageFrame['sender'];
}

/** The words that a person agrees to by the button of `askToRenewPage`: they become the evidence. */
export function renewalWording(
  request: Request,
  purpose: string,
): { readonly text: string; readonly locale: PageLanguage } {
  const locale = languageOf(request);
  return { text: `${purpose}: ${texts[locale].renewWords}`, locale };
}

/** Asks whether a consent still holds. A GET changes nothing. */
export function askToRenewPage(request: Request, response: Response, renewal: ShownRenewal): void {
  const language = languageOf(request);
  const t = texts[language];
  const { maskedAddress, purpose, promise, givenAt, timeZone } = renewal;
  const content = [
    `<p>${escapeHtml(t.renewFor(maskedAddress))}</p>`,
    purposeList([{ name: purpose, promise }], language),
    `<p>${escapeHtml(t.given(momentInWords(givenAt, language, timeZone)))}</p>`,
    `<blockquote>${lines(renewalWording(request, purpose).text)}</blockquote>`,
    button(t.renewButton),
    `<p class="hint">${t.renewNot}</p>`,
  ];
  sendPage(request, response, 200, t.renewTitle, content.join(''), frameOf(renewal.sender));
}

export function renewedPage(request: Request, response: Response): void {
  const t = texts[languageOf(request)];
  sendPage(request, response, 200, t.renewedTitle, `<p>${t.done}</p>`);
}

export function consentEndedPage(request: Request, response: Response): void {
  const t = texts[languageOf(request)];
  sendPage(request, response, 410, t.endedTitle, `<p>${t.ended}</p>`);
}

const frameOf = (sender: PageFrame['sender']): PageFrame => ({
  bothLanguages: true,
  ...(sender === undefined ? {} : { sender }),
});

function purposeList(purposes: ShownOptIn['purposes'], language: PageLanguage): string {
  const items = purposes.map(({ name, promise }) => {
    const frequency = promise === null ? '' : ` (${promiseInWords(promise, language)})`;
    return `<li><strong>${escapeHtml(name)}</strong>${escapeHtml(frequency)}</li>`;
  });
  return `<ul>${items.join('')}</ul>`;
}

const button = (text: string) =>
  `<form method="post"><input type="hidden" name="confirm" value="yes"><button>${text}</button></form>`;

function onward(returnUrl: string | null, text: (site: string) => string): string {
  if (returnUrl === null) return '';
  return `<p><a href="${escapeHtml(returnUrl)}">${escapeHtml(text(new URL(returnUrl).host))}</a></p>`;
}

const lines = (text: string) => escapeHtml(text).replace(/\r?\n/g, '<br>');
