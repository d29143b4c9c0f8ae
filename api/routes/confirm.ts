import { type RequestHandler, Router } from 'express';
import { maskAddress } from '../../domain/consent/mask-address.ts';
import { deletedAt } from '../../domain/consent/opt-in-limit.ts';
import type { PageLanguage } from '../../domain/consent/promise-in-words.ts';
import { purposeName } from '../../domain/consent/purpose-names.ts';
import type { ComposeOptions } from '../../mail/compose.ts';
import { readToken } from '../../mail/tokens.ts';
import type { Clock } from '../../store/clock.ts';
import { confirmOptIn } from '../../store/confirm-opt-in.ts';
import type { Database } from '../../store/database.ts';
import { loadLiveDefinitions } from '../../store/load-live-definitions.ts';
import { readMailSender } from '../../store/read-mail-sender.ts';
import { optInState, readOptIn, type StoredOptIn } from '../../store/read-opt-in.ts';
import { checkConfirmForm, readConfirmForm } from '../middleware/confirm-form.ts';
import { path } from '../middleware/methods.ts';
import {
  alreadyConfirmedPage,
  askToConfirmPage,
  confirmedPage,
  optInGonePage,
  type ShownOptIn,
} from '../opt-in-pages.ts';
import { badLinkPage, languageOf } from '../pages.ts';

export interface ConfirmRouteOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** With what the mails were composed. */
  readonly compose: ComposeOptions;
}

/** `/c/<token>`: the page where a sign-up is confirmed. Only its POST confirms: scanners follow links. */
export function confirmRoutes({ database, clock, compose }: ConfirmRouteOptions): Router {
  const router = Router();

  const ask: RequestHandler<{ token: string }> = async (request, response) => {
    const link = readToken(compose.signingSecret, 'confirm', request.params.token);
    if (link === null) {
      badLinkPage(request, response);
      return;
    }
    const optIn = await readOptIn(database, link.messageId);
    const state = optInState(optIn, clock.now());
    if (optIn === null || state === 'gone') optInGonePage(request, response);
    else if (state === 'confirmed') alreadyConfirmedPage(request, response, optIn.returnUrl);
    else askToConfirmPage(request, response, await shown(optIn, languageOf(request)));
  };

  const confirm: RequestHandler<{ token: string }> = async (request, response) => {
    const link = readToken(compose.signingSecret, 'confirm', request.params.token);
    if (link === null) {
      badLinkPage(request, response);
      return;
    }
    checkConfirmForm(request.body);
    const answer = await confirmOptIn(database, {
      messageId: link.messageId,
      ip: request.ip ?? null,
      userAgent: request.get('user-agent') ?? null,
      now: clock.now(),
      compose,
    });
    if (answer.kind === 'gone') optInGonePage(request, response);
    else if (answer.kind === 'already') alreadyConfirmedPage(request, response, answer.optIn.returnUrl);
    else confirmedPage(request, response, await shown(answer.optIn, languageOf(request)));
  };

  async function shown(optIn: StoredOptIn, language: PageLanguage): Promise<ShownOptIn> {
    const { consent: policy, pacing } = await loadLiveDefinitions(database);
    const { address, purposes, promises, wording, formUrl, returnUrl, requestedAt } = optIn;
    return {
      maskedAddress: maskAddress(address),
      purposes: purposes.map((purpose) => ({
        name: purposeName(policy, purpose, language),
        promise: promises[purpose] ?? null,
      })),
      wording,
      formUrl,
      returnUrl,
      requestedAt,
      deletedAt: deletedAt(optIn),
      timeZone: pacing.timeZone,
      sender: await readMailSender(database, optIn.messageId, compose.from),
    };
  }

  path(router, '/:token', { get: ask, post: [readConfirmForm, confirm] });
  return router;
}
