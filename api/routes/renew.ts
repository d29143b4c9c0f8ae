import { type RequestHandler, Router } from 'express';
import { maskAddress } from '../../domain/consent/mask-address.ts';
import { purposeName } from '../../domain/consent/purpose-names.ts';
import type { ComposeOptions } from '../../mail/compose.ts';
import { readToken } from '../../mail/tokens.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { loadLiveDefinitions } from '../../store/load-live-definitions.ts';
import { readMailSender } from '../../store/read-mail-sender.ts';
import { readRenewal, renewConsent } from '../../store/renew-consent.ts';
import { checkConfirmForm, readConfirmForm } from '../middleware/confirm-form.ts';
import { path } from '../middleware/methods.ts';
import {
  alreadyConfirmedPage,
  askToRenewPage,
  consentEndedPage,
  renewalWording,
  renewedPage,
} from '../opt-in-pages.ts';
import { badLinkPage, languageOf } from '../pages.ts';

export interface RenewRouteOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** With what the mails were composed. */
  readonly compose: ComposeOptions;
}

/** `/r/<token>`: the page where a person says that an old consent still holds. */
export function renewRoutes({ database, clock, compose }: RenewRouteOptions): Router {
  const router = Router();

  const ask: RequestHandler<{ token: string }> = async (request, response) => {
    const link = readToken(compose.signingSecret, 'renew', request.params.token);
    if (link === null) {
      badLinkPage(request, response);
      return;
    }
    const found = await readRenewal(database, link.messageId);
    if (found.kind === 'gone') consentEndedPage(request, response);
    else if (found.kind === 'already') alreadyConfirmedPage(request, response, null);
    else {
      const { consent: policy, pacing } = await loadLiveDefinitions(database);
      askToRenewPage(request, response, {
        maskedAddress: maskAddress(found.address),
        purpose: purposeName(policy, found.purpose, languageOf(request)),
        promise: found.promise,
        givenAt: found.givenAt,
        timeZone: pacing.timeZone,
        sender: await readMailSender(database, link.messageId, compose.from),
      });
    }
  };

  const renew: RequestHandler<{ token: string }> = async (request, response) => {
    const link = readToken(compose.signingSecret, 'renew', request.params.token);
    if (link === null) {
      badLinkPage(request, response);
      return;
    }
    checkConfirmForm(request.body);
    const found = await readRenewal(database, link.messageId);
    const { consent: policy } = await loadLiveDefinitions(database);
    const name = found.kind === 'open' ? purposeName(policy, found.purpose, languageOf(request)) : '';
    const answer = await renewConsent(database, {
      messageId: link.messageId,
      wording: renewalWording(request, name),
      pageUrl: `${compose.publicUrl}/r/`,
      ip: request.ip ?? null,
      userAgent: request.get('user-agent') ?? null,
      now: clock.now(),
      compose,
    });
    if (answer === 'gone') consentEndedPage(request, response);
    else if (answer === 'already') alreadyConfirmedPage(request, response, null);
    else renewedPage(request, response);
  };

  path(router, '/:token', { get: ask, post: [readConfirmForm, renew] });
  return router;
}
