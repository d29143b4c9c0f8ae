import express, { type Request, type RequestHandler, Router } from 'express';
import { inLocale } from '../../domain/consent/purpose-names.ts';
import { unsubscribedInWords } from '../../domain/consent/unsubscribe-words.ts';
import { TendError } from '../../domain/errors.ts';
import type { ComposeOptions } from '../../mail/compose.ts';
import { preferencesUrl } from '../../mail/links.ts';
import { readToken } from '../../mail/tokens.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { readUnsubscription } from '../../store/read-unsubscription.ts';
import { undoUnsubscribe } from '../../store/undo-unsubscribe.ts';
import { type UnsubscribeInput, unsubscribe } from '../../store/unsubscribe.ts';
import { path } from '../middleware/methods.ts';
import { saysOneClick } from '../one-click.ts';
import { badLinkPage, gonePage, languageOf } from '../pages.ts';
import {
  signUpEndedPage,
  tooLatePage,
  type UnsubscribeView,
  undonePage,
  unsubscribedPage,
  unsubscribePage,
} from '../unsubscribe-page.ts';

export interface UnsubscribeRouteOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly compose: ComposeOptions;
}

/** `/u/<token>`: unsubscribing by one click (RFC 8058), and the page for people, where GET shows and POST acts. */
export function unsubscribeRoutes({ database, clock, compose }: UnsubscribeRouteOptions): Router {
  const router = Router();
  // §3.1 allows both ways of encoding a form; as text, either is read without more machinery.
  const readBody: RequestHandler<{ token: string }> = express.text({ limit: '10kb', type: () => true });

  const idIn = (token: string) => readToken(compose.signingSecret, 'unsubscribe', token)?.messageId ?? null;

  async function viewOf(messageId: string): Promise<UnsubscribeView | null> {
    const of = await readUnsubscription(database, messageId, compose.from, clock.now());
    // On this page's own host, so that it works whatever the address under which the reader reached it.
    return of === null ? null : { of, preferences: preferencesUrl({ ...compose, publicUrl: '..' }, messageId) };
  }

  const ask: RequestHandler<{ token: string }> = async (request, response) => {
    const messageId = idIn(request.params.token);
    const view = messageId === null ? null : await viewOf(messageId);
    if (messageId === null) badLinkPage(request, response);
    else if (view === null) gonePage(request, response);
    else unsubscribePage(request, response, view);
  };

  const act: RequestHandler<{ token: string }> = async (request, response) => {
    const messageId = idIn(request.params.token);
    if (messageId === null) {
      badLinkPage(request, response);
      return;
    }
    const { body } = request as { body: unknown };
    const who = { messageId, ip: request.ip ?? null, userAgent: request.get('user-agent') ?? null, now: clock.now() };
    if (body === 'undo=yes') {
      const language = languageOf(request);
      const pageUrl = `${compose.publicUrl}/u/`;
      const undone = await undoUnsubscribe(database, { ...who, language, pageUrl, mailFrom: compose.from });
      const view = await viewOf(messageId);
      if (undone.kind === 'gone' || view === null) gonePage(request, response);
      else if (undone.kind === 'subscribed') undonePage(request, response, view);
      else tooLatePage(request, response, view);
      return;
    }
    if (!saysOneClick(body, request.get('content-type')))
      throw new TendError(
        'invalid-request',
        'The body must be the form field List-Unsubscribe=One-Click, and no other (RFC 8058).',
      );
    const { kind } = await unsubscribe(database, { ...who, how: await howOf(request, messageId) });
    const view = await viewOf(messageId);
    // Who asks for silence of somebody who is gone has it.
    if (kind === 'gone' || view === null) gonePage(request, response, 200);
    else if (kind === 'request-ended') signUpEndedPage(request, response, view);
    else if (kind === 'exempt') unsubscribePage(request, response, view);
    else unsubscribedPage(request, response, view);
  };

  /** The page's own form says so in its address; what comes without that may be a mail program's. */
  async function howOf(request: Request<{ token: string }>, messageId: string): Promise<UnsubscribeInput['how']> {
    const view = request.query.page === undefined ? null : await viewOf(messageId);
    if (view === null) return { by: 'one-click' };
    const locale = languageOf(request);
    return { by: 'page', wording: unsubscribedInWords(inLocale(view.of.name, locale), locale), locale };
  }

  path(router, '/:token', { get: ask, post: [readBody, act] });
  return router;
}
