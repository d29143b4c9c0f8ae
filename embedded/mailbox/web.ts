import { join } from 'node:path';
import express, { type Express, type Request, type Response } from 'express';
import { isLoopback } from '../../config/loopback.ts';
import { packageRoot } from '../../config/package-root.ts';
import type { MailEntry, MailFolder } from './mail-folder.ts';
import { createMailReader, type MailDetails } from './read-mail.ts';

/** Page, style and script are plain files and are served as they are, from the sources or beside `dist/`. */
const PAGE_FOLDER = join(packageRoot, 'embedded', 'mailbox', 'page');

/** How many mails a list holds if the request does not say. */
const LIST_LIMIT = 200;

const PAGE_POLICY = "default-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A mail is a stranger's document: no scripts, no forms, an origin of its own. Links open in a new tab. */
const MAIL_POLICY =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; " +
  "img-src * data:; style-src * 'unsafe-inline'; font-src *";

export interface WebOptions {
  readonly folder: MailFolder;
  readonly host: string;
  readonly smtpPort: number;
}

/** The web side of the mailbox: a page for people, JSON for tests and scripts. */
export function createWeb({ folder, host, smtpPort }: WebOptions): Express {
  const reader = createMailReader(folder);
  const app = express();
  app.disable('x-powered-by');
  app.use((request, response, next) => {
    // A web site that lets its own name point to 127.0.0.1 ("DNS rebinding") must not read this mail.
    if (isLoopback(host) && !isLoopback(hostOf(request))) {
      response.status(403).json({ error: `this page answers to loopback names only, not to ${hostOf(request)}` });
      return;
    }
    response.set({
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-cache',
    });
    next();
  });

  app.get('/api/status', (_request, response) => {
    response.json({ smtpPort, messages: folder.list().length });
  });

  app.get('/api/messages', async (request, response) => {
    const to = text(request.query.to)?.toLowerCase();
    const limit = Math.max(1, Math.min(Number(text(request.query.limit)) || LIST_LIMIT, 10_000));
    const entries = folder.list().filter((entry) => to === undefined || entry.recipients.includes(to));
    const messages = await Promise.all(entries.slice(0, limit).map(reader.summary));
    response.json({ total: entries.length, messages: messages.filter((message) => message !== undefined) });
  });

  app.delete('/api/messages', async (_request, response) => {
    await folder.clear();
    response.status(204).end();
  });

  const withMail = (respond: (mail: MailDetails, response: Response) => void) => {
    return async (request: Request, response: Response): Promise<void> => {
      const entry: MailEntry | undefined = folder.list().find(({ id }) => id === request.params.id);
      const mail = entry && (await reader.details(entry));
      if (mail) respond(mail, response);
      else response.status(404).json({ error: 'there is no such mail here (it may have been deleted)' });
    };
  };

  app.get(
    '/api/messages/:id',
    withMail((mail, response) => void response.json(mail)),
  );
  app.get(
    '/api/messages/:id/html',
    withMail((mail, response) => {
      const html = mail.html ?? '<p>This mail has no HTML part.</p>';
      response.set('Content-Security-Policy', MAIL_POLICY).type('html').send(withNewTabs(html));
    }),
  );
  app.get(
    '/api/messages/:id/source',
    withMail((mail, response) => void response.type('text/plain').send(mail.source)),
  );

  app.use(
    express.static(PAGE_FOLDER, {
      setHeaders: (response) => void response.setHeader('Content-Security-Policy', PAGE_POLICY),
    }),
  );
  app.use((_request, response) => void response.status(404).json({ error: 'there is no such page here' }));
  return app;
}

function hostOf(request: Request): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Links of a mail must not replace the mail itself within its frame. */
function withNewTabs(html: string): string {
  const base = '<base target="_blank" />';
  return /<head\b[^>]*>/i.test(html) ? html.replace(/<head\b[^>]*>/i, (head) => head + base) : base + html;
}
