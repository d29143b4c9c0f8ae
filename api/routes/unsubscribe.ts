import express, { type RequestHandler, Router } from 'express';
import { TendError } from '../../domain/errors.ts';
import { readToken } from '../../mail/tokens.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { unsubscribe } from '../../store/unsubscribe.ts';
import { path } from '../middleware/methods.ts';
import { badLinkPage, unsubscribedPage, unsubscribePage } from '../pages.ts';

export interface UnsubscribeRouteOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly signingSecret: string;
}

/** One-click unsubscription, RFC 8058. */
export function unsubscribeRoutes({ database, clock, signingSecret }: UnsubscribeRouteOptions): Router {
  const router = Router();
  // §3.1 allows both ways of encoding a form; as text, either is read without more machinery.
  const readBody: RequestHandler<{ token: string }> = express.text({ limit: '10kb', type: () => true });

  const ask: RequestHandler<{ token: string }> = (request, response) => {
    if (readToken(signingSecret, 'unsubscribe', request.params.token) === null) badLinkPage(request, response);
    else unsubscribePage(request, response);
  };

  const confirm: RequestHandler<{ token: string }> = async (request, response) => {
    const content = readToken(signingSecret, 'unsubscribe', request.params.token);
    if (content === null) {
      badLinkPage(request, response);
      return;
    }
    if (!saysOneClick(request.body as unknown)) {
      throw new TendError('invalid-request', 'The body must be the form field List-Unsubscribe=One-Click (RFC 8058).');
    }
    const { messageId } = content;
    await unsubscribe(database, {
      messageId,
      ip: request.ip ?? null,
      userAgent: request.get('user-agent') ?? null,
      now: clock.now(),
    });
    unsubscribedPage(request, response);
  };

  path(router, '/:token', { get: ask, post: [readBody, confirm] });
  return router;
}

function saysOneClick(body: unknown): boolean {
  if (typeof body !== 'string') return false;
  if (new URLSearchParams(body).get('List-Unsubscribe') === 'One-Click') return true;
  return /name="List-Unsubscribe"(?:\r?\n[^\r\n]+)*\r?\n\r?\nOne-Click\r?\n/i.test(body);
}
