import type { Request, Response } from 'express';
import { promiseInWords } from '../domain/consent/promise-in-words.ts';
import { inLocale } from '../domain/consent/purpose-names.ts';
import { unsubscribeWords } from '../domain/consent/unsubscribe-words.ts';
import type { Unsubscription } from '../store/read-unsubscription.ts';
import { escapeHtml, languageOf, maskedAddress, type PageFrame, sendPage } from './pages.ts';

const texts = {
  en: {
    address: (address: string) => `It is about mails to ${address}.`,
    rather: 'Or rather something else?',
    fewer: 'Get fewer mails',
    pause: 'Take a break of some weeks',
    topics: 'Choose topics',
    all: 'End all mails',
    doneTitle: 'You are unsubscribed',
    doneText: (topic: string) => `You get no more mails about “${topic}”. You can close this page.`,
    settings: 'All settings of your mails',
    backTitle: 'Your mails go on',
    backText: (topic: string) => `You go on getting mails about “${topic}”, as before.`,
    lateTitle: 'Too late for this button',
    lateText:
      'It takes back what was done a moment ago. In the settings you can switch the mails on again at any time.',
    exemptTitle: 'This mail belongs to a contract or a request of yours',
    exemptText:
      'It carries no advertising, and comes for as long as there is a reason for it. So there is nothing to unsubscribe from. What else you get, you can set yourself.',
    signUpTitle: 'Was it not you who signed up?',
    signUpText: 'Then end the sign-up: it is deleted, and no mails come because of it.',
    signUpButton: 'End this sign-up',
    signUpDoneTitle: 'The sign-up is off',
    signUpDoneText: 'It can’t be confirmed any more, and is deleted. No mails come because of it.',
  },
  de: {
    address: (address: string) => `Es geht um Mails an ${address}.`,
    rather: 'Oder lieber etwas anderes?',
    fewer: 'Seltener Mails erhalten',
    pause: 'Einige Wochen Pause machen',
    topics: 'Themen auswählen',
    all: 'Alle Mails abbestellen',
    doneTitle: 'Sie sind abgemeldet',
    doneText: (topic: string) =>
      `Sie erhalten keine Mails mehr zum Thema „${topic}“. Sie können diese Seite schließen.`,
    settings: 'Alle Einstellungen zu Ihren Mails',
    backTitle: 'Ihre Mails gehen weiter',
    backText: (topic: string) => `Sie erhalten weiterhin Mails zum Thema „${topic}“, wie bisher.`,
    lateTitle: 'Dafür ist es zu spät',
    lateText:
      'Dieser Knopf nimmt zurück, was eben erst geschah. In den Einstellungen können Sie die Mails jederzeit wieder einschalten.',
    exemptTitle: 'Diese Mail gehört zu einem Vertrag oder zu einer Anfrage von Ihnen',
    exemptText:
      'Sie enthält keine Werbung und kommt, solange es einen Anlass dafür gibt. Darum gibt es hier nichts abzumelden. Was Sie sonst erhalten, stellen Sie selbst ein.',
    signUpTitle: 'Haben gar nicht Sie sich angemeldet?',
    signUpText: 'Dann beenden Sie die Anmeldung: Sie wird gelöscht, und es kommen keine Mails ihretwegen.',
    signUpButton: 'Anmeldung beenden',
    signUpDoneTitle: 'Die Anmeldung ist beendet',
    signUpDoneText: 'Sie lässt sich nicht mehr bestätigen und wird gelöscht. Ihretwegen kommen keine Mails.',
  },
} as const;

/** A mail's unsubscription, and where the same reader's preferences are. */
export interface UnsubscribeView {
  readonly of: Unsubscription;
  /** Without a query. */
  readonly preferences: string;
}

/** The unsubscribe form's own field, and nothing beside it: RFC 8058 §3.1. */
const ONE_CLICK = '<input type="hidden" name="List-Unsubscribe" value="One-Click">';

/**
 * What the link leads to. It asks, and shows what else could be had; nothing changes before a button is pressed, for
 * scanners follow links (Mautic #9798).
 */
export function unsubscribePage(request: Request, response: Response, view: UnsubscribeView): void {
  const language = languageOf(request);
  const t = texts[language];
  const words = unsubscribeWords[language];
  const { state, name, address } = view.of;
  const whose = `<p>${t.address(maskedAddress(address))}</p>`;
  switch (state) {
    case 'exempt':
      sendPage(
        request,
        response,
        200,
        t.exemptTitle,
        `<p>${t.exemptText}</p>${settings(view, t.settings)}`,
        frameOf(view),
      );
      return;
    case 'ended':
      unsubscribedPage(request, response, view);
      return;
    case 'sign-up': {
      const content = `${whose}<p>${t.signUpText}</p>${form(language, ONE_CLICK, t.signUpButton)}`;
      sendPage(request, response, 200, t.signUpTitle, content, frameOf(view));
      return;
    }
    case 'subscribed': {
      const question = escapeHtml(words.question(inLocale(name, language)));
      const content = `${whose}<p>${words.text}</p>${form(language, ONE_CLICK, words.button)}${ways(view, language)}`;
      sendPage(request, response, 200, question, content, frameOf(view));
    }
  }
}

/** The mails have ended; where that was a slip, here is the way back. */
export function unsubscribedPage(request: Request, response: Response, view: UnsubscribeView): void {
  const language = languageOf(request);
  const t = texts[language];
  const { name, undo, sender } = view.of;
  const topic = inLocale(name, language);
  const content = [`<p>${escapeHtml(t.doneText(topic))}</p>`];
  if (undo !== null) {
    const { undoTitle, undoText, undo: button } = unsubscribeWords[language];
    const promise = undo.promise === null ? null : promiseInWords(undo.promise, language);
    const back = form(language, '<input type="hidden" name="undo" value="yes">', button, 'second');
    content.push(
      `<section><h2>${undoTitle}</h2><p>${escapeHtml(undoText(topic, sender.name, promise))}</p>${back}</section>`,
    );
  }
  content.push(settings(view, t.settings));
  sendPage(request, response, 200, t.doneTitle, content.join(''), frameOf(view));
}

/** The sign-up that the mail asked to confirm is off. */
export function signUpEndedPage(request: Request, response: Response, view: UnsubscribeView): void {
  const t = texts[languageOf(request)];
  sendPage(request, response, 200, t.signUpDoneTitle, `<p>${t.signUpDoneText}</p>`, frameOf(view));
}

/** An unsubscription was taken back. */
export function undonePage(request: Request, response: Response, view: UnsubscribeView): void {
  const t = texts[languageOf(request)];
  const text = escapeHtml(t.backText(inLocale(view.of.name, languageOf(request))));
  sendPage(request, response, 200, t.backTitle, `<p>${text}</p>${settings(view, t.settings)}`, frameOf(view));
}

/** It can't be taken back by this button any more. */
export function tooLatePage(request: Request, response: Response, view: UnsubscribeView): void {
  const t = texts[languageOf(request)];
  sendPage(request, response, 409, t.lateTitle, `<p>${t.lateText}</p>${settings(view, t.settings)}`, frameOf(view));
}

/** `page`: pressed here, by a person who read these words; a mail program's POST goes to the bare address. */
function form(language: string, fields: string, button: string, look?: string): string {
  const style = look === undefined ? '' : ` class="${look}"`;
  return `<form method="post" action="?page&#38;lang=${language}">${fields}<button${style}>${button}</button></form>`;
}

function ways({ preferences }: UnsubscribeView, language: 'en' | 'de'): string {
  const t = texts[language];
  const links = [
    ['#frequency', t.fewer],
    ['#pause', t.pause],
    ['#topics', t.topics],
    ['#everything', t.all],
  ].map(([place, text]) => `<li><a href="${preferences}?lang=${language}${place}">${text}</a></li>`);
  return `<section><h2>${t.rather}</h2><ul class="ways">${links.join('')}</ul></section>`;
}

const settings = ({ preferences }: UnsubscribeView, text: string) => `<p><a href="${preferences}">${text}</a></p>`;

const frameOf = ({ of }: UnsubscribeView): PageFrame => ({ sender: of.sender, bothLanguages: true });
