import { type RequestHandler, Router } from 'express';
import { TendError } from '../../domain/errors.ts';
import { type ComposeOptions, composeLeadMail } from '../../mail/compose.ts';
import { readToken } from '../../mail/tokens.ts';
import type { Database } from '../../store/database.ts';
import { readSentMail } from '../../store/read-sent-mail.ts';
import { path } from '../middleware/methods.ts';
import { badLinkPage } from '../pages.ts';

export interface ViewMailOptions {
  readonly database: Database;
  readonly compose: ComposeOptions;
}

/** Nothing in a mail needs a script; what a marketer put in by mistake does not run here. */
const POLICY =
  "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; font-src https:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/** `/m/:token`: a mail as a page, for mail programs that show it badly. Looking at it is not recorded. */
export function viewMailRoutes({ database, compose }: ViewMailOptions): Router {
  const router = Router();

  const view: RequestHandler<{ token: string }> = async (request, response) => {
    const content = readToken(compose.signingSecret, 'view', request.params.token);
    const html = content === null ? null : await htmlOf(content.messageId);
    if (html === null) {
      badLinkPage(request, response);
      return;
    }
    response
      .set({
        'Cache-Control': 'no-store',
        'Content-Security-Policy': POLICY,
        'Referrer-Policy': 'no-referrer',
        'X-Robots-Tag': 'noindex, nofollow',
      })
      .type('html')
      .send(html);
  };

  async function htmlOf(messageId: string): Promise<string | null> {
    const sent = await readSentMail(database, messageId, compose.from);
    if (sent === null) return null;
    try {
      return composeLeadMail(sent, compose).html;
    } catch (error) {
      // What was known then may be gone, taken back or corrected.
      if (error instanceof TendError && error.code === 'render-failed') return null;
      throw error;
    }
  }

  path(router, '/:token', { get: view });
  return router;
}
