import express, { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { ownLimitSchema, preferredLocaleSchema } from '../../domain/consent/preferences.ts';
import type { ComposeOptions } from '../../mail/compose.ts';
import { readToken } from '../../mail/tokens.ts';
import { changePreferences, setPreferences } from '../../store/change-preferences.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { agreementsVersion } from '../../store/preference-wording.ts';
import { readMailSender } from '../../store/read-mail-sender.ts';
import { type PreferencesView, readLeadPreferences, readReaderPreferences } from '../../store/read-preferences.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { badLinkPage, gonePage, languageOf } from '../pages.ts';
import { readPreferencesForm } from '../preferences-form.ts';
import { type PreferencesPage, preferencesPage } from '../preferences-page.ts';

export interface PreferencesRouteOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly compose: ComposeOptions;
}

/** `/p/<token>`: what a person is written about, and how often. GET shows, POST saves; no script, no cookie, no session. */
export function preferencesRoutes({ database, clock, compose }: PreferencesRouteOptions): Router {
  const router = Router();
  const readBody: RequestHandler<{ token: string }> = express.text({
    limit: '20kb',
    type: 'application/x-www-form-urlencoded',
  });

  const idIn = (token: string) => readToken(compose.signingSecret, 'preferences', token)?.messageId ?? null;

  async function pageFor(messageId: string, language: 'en' | 'de'): Promise<PreferencesPage | null> {
    const found = await readReaderPreferences(database, messageId, clock.now());
    if (found === null) return null;
    const sender = await readMailSender(database, messageId, compose.from);
    const agreements = agreementsVersion(found.view, language, sender.name);
    return { ...found, sender, agreements, saved: null, problem: null };
  }

  const show: RequestHandler<{ token: string }> = async (request, response) => {
    const messageId = idIn(request.params.token);
    const page = messageId === null ? null : await pageFor(messageId, languageOf(request));
    if (messageId === null) badLinkPage(request, response);
    else if (page === null) gonePage(request, response);
    else preferencesPage(request, response, page);
  };

  const save: RequestHandler<{ token: string }> = async (request, response) => {
    const messageId = idIn(request.params.token);
    if (messageId === null) {
      badLinkPage(request, response);
      return;
    }
    const language = languageOf(request);
    const form = readPreferencesForm(request.body as unknown);
    const changed =
      form === null
        ? null
        : await changePreferences(database, {
            messageId,
            wishes: form.wishes,
            page: { language, url: `${compose.publicUrl}/p/`, agreements: form.agreements },
            mailFrom: compose.from,
            ip: request.ip ?? null,
            userAgent: request.get('user-agent') ?? null,
            now: clock.now(),
          });
    const page = await pageFor(messageId, language);
    if (page === null || changed?.kind === 'gone') gonePage(request, response);
    else if (changed === null) preferencesPage(request, response, { ...page, problem: 'unreadable' });
    else if (changed.kind === 'changed') preferencesPage(request, response, { ...page, saved: changed.entries });
    else preferencesPage(request, response, { ...page, problem: changed.kind });
  };

  path(router, '/:token', { get: show, post: [readBody, save] });
  return router;
}

const wishesSchema = z.strictObject({
  purposes: z.record(z.string(), z.boolean()).default({}),
  tracking: z.boolean().optional(),
  limit: ownLimitSchema.nullable().optional(),
  pausedUntil: z.iso
    .datetime({ offset: true, error: 'must be an instant with its zone, such as 2026-12-24T00:00:00Z, or null' })
    .nullable()
    .optional(),
  locale: preferredLocaleSchema.optional(),
  endEverything: z.literal(true, 'must be true, or left out').optional(),
  /** How the person said so. */
  note: z.string().trim().min(1).max(20_000).optional(),
});

/** `/api/leads/:id/preferences`: the same for the company, when a person calls. */
export function leadPreferencesRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const read: RequestHandler<{ id: string }> = async (request, response) => {
    response.json(shown(await readLeadPreferences(database, request.params.id, clock.now())));
  };

  const set: RequestHandler<{ id: string }> = async (request, response) => {
    const { purposes, pausedUntil, endEverything, note, ...wishes } = parseInput(wishesSchema, request.body);
    const until = pausedUntil === undefined || pausedUntil === null ? pausedUntil : Date.parse(pausedUntil);
    const { view } = await setPreferences(database, {
      leadId: request.params.id,
      wishes: {
        ...wishes,
        purposes: new Map(Object.entries(purposes)),
        pausedUntil: until,
        everythingOff: endEverything,
      },
      note: note ?? null,
      actor: actorOf(request),
      now: clock.now(),
    });
    response.json(shown(view));
  };

  path(router, '/:id/preferences', { get: read, put: set });
  return router;
}

function shown(view: PreferencesView): object {
  const { leadId, address, suppressed, topics, tracking, tracksByConsent, endedAll, pausedUntil, limit, locale } = view;
  const iso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString());
  return {
    leadId,
    address,
    suppressed,
    purposes: topics.map(({ key, name, on, state, promise, since }) => ({
      key,
      name,
      on,
      state,
      promise,
      since: iso(since),
    })),
    tracking: tracksByConsent ? tracking : 'never',
    pausedUntil: iso(pausedUntil),
    limit,
    locale,
    endedEverything: endedAll,
  };
}
