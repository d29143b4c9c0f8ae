import type { Request, Response } from 'express';

/** The public pages' texts. German for those whose browser asks for it before English, else English. */
const texts = {
  en: {
    unsubscribeTitle: 'Do you want to unsubscribe?',
    unsubscribeQuestion: 'You will then get no more mails of this kind. Nothing changes until you press the button.',
    unsubscribeButton: 'Unsubscribe now',
    doneTitle: 'You are unsubscribed',
    doneText: 'You will get no more mails of this kind, from this moment on. You can close this page.',
    badTitle: 'This link does not work',
    badText: 'It may have been cut off on its way. Please open it from the mail itself.',
  },
  de: {
    unsubscribeTitle: 'Möchten Sie sich abmelden?',
    unsubscribeQuestion:
      'Sie erhalten dann keine weiteren Mails dieser Art. Solange Sie nicht auf den Knopf drücken, ändert sich nichts.',
    unsubscribeButton: 'Jetzt abmelden',
    doneTitle: 'Sie sind abgemeldet',
    doneText: 'Sie erhalten ab sofort keine weiteren Mails dieser Art. Sie können diese Seite schließen.',
    badTitle: 'Dieser Link funktioniert nicht',
    badText: 'Vielleicht wurde er unterwegs abgeschnitten. Bitte öffnen Sie ihn direkt aus der Mail.',
  },
} as const;

/** Asks before it unsubscribes: scanners follow links, so a GET changes nothing (RFC 8058 §3.2, Mautic #9798). */
export function unsubscribePage(request: Request, response: Response): void {
  const t = textsFor(request);
  const form = `<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>${t.unsubscribeButton}</button></form>`;
  sendPage(request, response, 200, t.unsubscribeTitle, `<p>${t.unsubscribeQuestion}</p>${form}`);
}

export function unsubscribedPage(request: Request, response: Response): void {
  const t = textsFor(request);
  sendPage(request, response, 200, t.doneTitle, `<p>${t.doneText}</p>`);
}

export function badLinkPage(request: Request, response: Response): void {
  const t = textsFor(request);
  sendPage(request, response, 403, t.badTitle, `<p>${t.badText}</p>`);
}

function textsFor(request: Request): (typeof texts)['en' | 'de'] {
  return texts[languageOf(request)];
}

/** German for those whose browser asks for it before English. */
export function languageOf(request: Request): 'en' | 'de' {
  return request.acceptsLanguages('en', 'de') === 'de' ? 'de' : 'en';
}

/** What people wrote, as text of a page or as an attribute's value in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `body{font:1.125rem/1.6 system-ui,sans-serif;color:#1f2933;background:#f7f5f2;margin:0;padding:3rem 1.25rem}
main{max-width:34rem;margin:0 auto;background:#fff;border-radius:.75rem;padding:2rem}
h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem}
p{margin:0}
form{margin:1.5rem 0 0}
button{font:inherit;font-weight:600;color:#fff;background:#1d4e6b;border:0;border-radius:.5rem;padding:.75rem 1.5rem;cursor:pointer}
button:focus-visible,a:focus-visible,input:focus-visible{outline:3px solid #f0b429;outline-offset:2px}
a{color:#1d4e6b}
p+p{margin-top:1rem}
.choice{display:flex;align-items:center;gap:.75rem;padding:.75rem 1rem;margin:0 0 .5rem;border:1px solid #cbd2d9;border-radius:.5rem;cursor:pointer}
.choice:hover{border-color:#1d4e6b}
.choice:has(:checked){border-color:#1d4e6b;background:#eef4f7}
.choice input{width:1.25rem;height:1.25rem;margin:0;flex:none;accent-color:#1d4e6b}
.text{display:block;box-sizing:border-box;width:100%;font:inherit;color:inherit;padding:.75rem 1rem;border:1px solid #7b8794;border-radius:.5rem}
.choices+button,.text+button{margin-top:1rem}
.problem{border-left:4px solid #a5402a;padding:.25rem 0 .25rem 1rem;color:#7b2d1c}`;

/** Sends a page in the reader's language; `title` and `content` are HTML, what people wrote in them escaped. */
export function sendPage(request: Request, response: Response, status: number, title: string, content: string): void {
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
      `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head><body><main><h1 id="title">${title}</h1>${content}</main></body></html>`,
    );
}
