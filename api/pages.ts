import type { Request, Response } from 'express';
import { maskAddress } from '../domain/consent/mask-address.ts';
import type { PageLanguage } from '../domain/consent/promise-in-words.ts';
import { PAGE_STYLE } from './page-style.ts';

/** The texts that public pages share. German for those whose browser asks for it before English, else English. */
const texts = {
  en: {
    badTitle: 'This link does not work',
    badText: 'It may have been cut off on its way. Please open it from the mail itself.',
    goneTitle: 'There is nothing here any more',
    goneText:
      'This mail belongs to nobody whom we still know: what was kept was deleted, or the mail was only a test. No mails will come because of it.',
    imprint: 'Imprint',
    privacy: 'Privacy',
    other: 'Deutsch',
  },
  de: {
    badTitle: 'Dieser Link funktioniert nicht',
    badText: 'Vielleicht wurde er unterwegs abgeschnitten. Bitte öffnen Sie ihn direkt aus der Mail.',
    goneTitle: 'Hier gibt es nichts mehr',
    goneText:
      'Diese Mail gehört zu niemandem, den wir noch kennen: Die Daten wurden gelöscht, oder die Mail war nur ein Test. Ihretwegen kommen keine Mails mehr.',
    imprint: 'Impressum',
    privacy: 'Datenschutz',
    other: 'English',
  },
} as const;

export function badLinkPage(request: Request, response: Response): void {
  const t = texts[languageOf(request)];
  sendPage(request, response, 403, t.badTitle, `<p>${t.badText}</p>`);
}

/** The link is ours, and nobody is behind it. `status`: 410 who looks; 200 who ends something that has ended indeed. */
export function gonePage(request: Request, response: Response, status: 200 | 410 = 410): void {
  const t = texts[languageOf(request)];
  sendPage(request, response, status, t.goneTitle, `<p>${t.goneText}</p>`);
}

/** The language that the reader chose on the page (`?lang=de`), else the one that their browser asks for first. */
export function languageOf(request: Request): PageLanguage {
  const { lang } = request.query;
  if (lang === 'de' || lang === 'en') return lang;
  return request.acceptsLanguages('en', 'de') === 'de' ? 'de' : 'en';
}

/** What people wrote, as text of a page or as an attribute's value in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** An address of which only its owner recognises the person, on a line of its own rather than broken. */
export function maskedAddress(address: string): string {
  return `<bdi class="address">${escapeHtml(maskAddress(address))}</bdi>`;
}

/** What stands below a page. */
export interface PageFrame {
  /** Who is responsible for the mail that led here. Default: nobody is named. */
  readonly sender?: {
    readonly name: string | null;
    readonly imprintUrl: string | null;
    readonly privacyUrl: string | null;
  };
  /** Offers the page in the other language: for pages that a GET of their own address shows. */
  readonly bothLanguages?: boolean;
}

/** Sends a page in the reader's language; `title` and `content` are HTML, what people wrote in them escaped. */
export function sendPage(
  request: Request,
  response: Response,
  status: number,
  title: string,
  content: string,
  frame: PageFrame = {},
): void {
  const language = languageOf(request);
  response
    .status(status)
    .set({
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Robots-Tag': 'noindex',
      Vary: 'Accept-Language',
    })
    .type('html')
    .send(
      `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>${title}</title><style>${PAGE_STYLE}</style></head><body><main><h1 id="title">${title}</h1>${content}</main>${footer(language, frame)}</body></html>`,
    );
}

function footer(language: PageLanguage, { sender, bothLanguages = false }: PageFrame): string {
  const t = texts[language];
  const link = (url: string | null | undefined, text: string) =>
    url === null || url === undefined ? '' : `<a href="${escapeHtml(url)}" rel="noreferrer">${text}</a>`;
  const other = language === 'de' ? 'en' : 'de';
  const parts = [
    sender?.name ? `<span>${escapeHtml(sender.name)}</span>` : '',
    link(sender?.imprintUrl, t.imprint),
    link(sender?.privacyUrl, t.privacy),
    bothLanguages ? `<a href="?lang=${other}" hreflang="${other}" lang="${other}">${t.other}</a>` : '',
  ].join('');
  return parts === '' ? '' : `<footer>${parts}</footer>`;
}
